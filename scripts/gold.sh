#!/usr/bin/env bash
# Fine-tune MiniLM on 5,999 annotated papers and score it on 587 others: about an hour on two cores with bf16.
#   scripts/gold.sh [FOLDER]     FOLDER holds train.jsonl and dev.jsonl (title, abstract, areas); default ../shared/gold
# The figures it gave are in docs/LOG.md.
set -euo pipefail
cd "$(dirname "$0")/.."
gold=${1:-../shared/gold}
out=outputs/gold
[ -f "$gold/train.jsonl" ] || { echo "scripts/gold.sh: $gold/train.jsonl is not there: name the folder of annotated papers" >&2; exit 2; }

papertag build "input=$gold/train.jsonl" labeling.rules=null labeling.keywords=null split.test_fraction=0 "output=$out/dataset"
papertag train "dataset.path=$out/dataset" "output=$out/run"
papertag evaluate "model=$out/run/model" "data=$gold/dev.jsonl" "output=$out/dev"
