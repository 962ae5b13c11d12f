#!/usr/bin/env bash
# Every simpler method on the split of the model that ships, in one table of scores and costs; see docs/LOG.md.
#   scripts/baselines.sh LABELLED [key=value ...]
# LABELLED holds papers with areas to score on, none of them trained on (default ../shared/gold/dev.jsonl); further
# keys go to papertag baselines, such as run=outputs/default/seed0. Interrupted, it goes on where it stopped.
# About half an hour on one core; needs pip install 'papertag[baselines]' and the dataset of scripts/default_model.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:-../shared/gold/dev.jsonl}
dataset=outputs/default/dataset
[ -e "$data" ] || { echo "scripts/baselines.sh: $data is not there: name a file of papers with areas" >&2; exit 2; }
[ -d $dataset ] || { echo "scripts/baselines.sh: $dataset is not there: run scripts/default_model.sh first" >&2; exit 2; }

papertag baselines dataset.path=$dataset "data=$data" output=outputs/baselines "${@:2}"
