#!/usr/bin/env bash
# Train the model that ships, from the annotations of this repository and the texts of their papers.
#   scripts/default_model.sh [PAPERS] [SEED]
# PAPERS is a file or folder with the texts (default ../shared/corpus); without it they are asked of arXiv, which is
# slow (three seconds a hundred papers) and gives the 12,694 papers with arXiv ids. About an hour on two cores.
set -euo pipefail
cd "$(dirname "$0")/.."
papers=${1:-../shared/corpus}
seed=${2:-0}
out=outputs/default
model=$out/seed$seed/model

if [ -e "$papers" ]; then texts="papers=$papers"; else texts="network=true"; fi
[ -f $out/train.jsonl ] || papertag fetch annotations=default "$texts" output=$out/train.jsonl
[ -d $out/dataset ] || papertag build input=$out/train.jsonl labeling.rules=null labeling.keywords=null \
  split.test_fraction=0 split.validation_fraction=0.07 output=$out/dataset
[ -d "$model" ] || papertag train experiment=default dataset.path=$out/dataset training.seed="$seed" "output=$out/seed$seed"
rm -rf "$out/delta$seed"
papertag export "model=$model" format=delta "output=$out/delta$seed"
printf '\nTo ship it: rm -r src/papertag/data/model && cp -r %s src/papertag/data/model\n' "$out/delta$seed"
