#!/usr/bin/env bash
# From listings to tagged papers in one go, on the sample corpus of invented papers: about four minutes on two cores.
#   make demo            or, where papertag is installed:   scripts/demo.sh
set -euo pipefail
cd "$(dirname "$0")/.."
sample=src/papertag/data/sample
out=outputs/demo
rm -rf "$out"

step() { printf '\n\033[1m== %s\033[0m\n' "$1"; shift; printf '$ %s\n' "$*"; "$@"; }

step "1/5  Parse a new listing, a page saved as text" \
  papertag parse input=$sample/new_listing.txt output=$out/new_listing.jsonl
step "2/5  Build a labelled dataset from eight listings in eight formats" \
  papertag build input=$sample/listings labeling.annotations=$sample/annotations.jsonl output=$out/dataset
step "3/5  Fine-tune MiniLM on it" \
  papertag train experiment=demo dataset.path=$out/dataset output=$out/run
step "4/5  Tag the new listing, which the model has never seen" \
  papertag tag input=$out/new_listing.jsonl model=$out/run/model output=$out/tags.jsonl show=12

printf '\n\033[1m== 5/5  Where everything lies\033[0m\n'
printf '%-31s %s\n' \
  "$out/new_listing.jsonl" "the new listing, one JSON object a paper" \
  "$out/dataset/" "the labelled dataset; README.md is its card" \
  "$out/run/model/" "the model; README.md is its card, with the metrics" \
  "$out/tags.jsonl" "the tagged papers: id, title, areas, scores"
printf '\nNext: tag a listing of your own, with the model that ships\n  .venv/bin/papertag tag input=FILE output=tags.jsonl\n'
