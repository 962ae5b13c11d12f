#!/usr/bin/env bash
# The learning curve: macro-F1 against the number of annotations, for the linear member alone and for the shipped recipe.
#   scripts/learning_curve.sh [PAPERS] [DEV]     PAPERS is as in scripts/default_model.sh, whose dataset this uses;
# DEV is a file of labelled papers to score on, by default the packaged dev annotations with texts from PAPERS.
# LINEAR_ONLY=1 leaves the fine-tuned models out: ten minutes instead of three hours of one core.
set -euo pipefail
cd "$(dirname "$0")/.."
papers=${1:-../shared/corpus}
dev=${2:-}
out=outputs/learning_curve
dataset=outputs/default/dataset
figures=docs/figures/learning_curve page=docs/learning_curve.md

if [ -e "$papers" ]; then texts="papers=$papers"; else texts="network=true"; fi
if [ ! -d $dataset ]; then
  papertag fetch annotations=default "$texts" output=outputs/default/train.jsonl
  papertag build input=outputs/default/train.jsonl labeling.rules=null labeling.keywords=null \
    split.test_fraction=0 split.validation_fraction=0.07 output=$dataset
fi
if [ -z "$dev" ]; then
  dev=$out/dev.jsonl
  [ -f $dev ] || papertag fetch annotations=dev "$texts" output=$dev
fi

runs=()
if [ -z "${LINEAR_ONLY:-}" ]; then
  for size in 500 1000 2000 4000 8000 all; do
    # A fixed number of epochs would starve the small parts of steps.
    case $size in 500) epochs=16 ;; 1000) epochs=8 ;; 2000) epochs=4 ;; *) epochs=2 ;; esac
    [ $size = all ] && part=null || part=$size
    run=$out/runs/$size
    [ -d $run/model ] || papertag train experiment=default dataset.path=$dataset "dataset.train_papers=$part" \
      "training.epochs=$epochs" "output=$run"
  done
  runs=("$out/runs")
fi
python scripts/learning_curve.py $dataset "$dev" $figures "${runs[@]}"

# The table goes into the page between its two comments.
awk -v table=$figures/table.md '/<!-- end of table -->/ { inside = 0 } !inside
  /<!-- table -->/ { inside = 1; while ((getline line < table) > 0) print line }' $page > $page.new
mv $page.new $page
