#!/usr/bin/env bash
# Six areas held out of the taxonomy, each learned from eight papers, three draws of them: what an unseen taxonomy gives.
#   scripts/few_shot.sh [PAPERS] [DEV]
# PAPERS is a file or folder with the texts of the annotated papers (default ../shared/corpus; without it they are asked
# of arXiv), DEV labelled papers to score on (default ../shared/gold/dev.jsonl; without it fetched in the same way).
# About fifteen minutes on two cores, nearly all of it for the model of the 37 other areas. The figures are in docs/LOG.md.
set -euo pipefail
cd "$(dirname "$0")/.."
papers=${1:-../shared/corpus}
dev=${2:-../shared/gold/dev.jsonl}
out=outputs/few_shot
held_out="federated-learning code-generation speech-audio long-context pruning-sparsity alignment"
mkdir -p $out

if [ -e "$papers" ]; then texts="papers=$papers"; else texts="network=true"; fi
[ -f $out/train.jsonl ] || papertag fetch annotations=default "$texts" output=$out/train.jsonl
if [ ! -e "$dev" ]; then
  dev=$out/dev_fetched.jsonl
  [ -f $dev ] || papertag fetch annotations=dev "$texts" output=$dev
fi
# shellcheck disable=SC2086
python scripts/few_shot_data.py $out/train.jsonl "$dev" $out/data $held_out

# What is voted by rules is left out: the packaged rules know the held-out areas.
alone="labeling.rules=null labeling.keywords=null split.test_fraction=0"
base=$out/base/run/model
[ -d $out/base/dataset ] || papertag build input=$out/data/base.jsonl taxonomy.path=$out/data/base.yaml $alone \
  split.validation_fraction=0.07 output=$out/base/dataset
[ -d $base ] || papertag train experiment=default dataset.path=$out/base/dataset training.epochs=1 training.max_length=160 \
  output=$out/base/run
papertag evaluate model=$base data=$out/data/dev-base.jsonl output=$out/base/dev > /dev/null

for draw in 0 1 2; do
  for scenario in extend new; do
    at=$out/$scenario$draw
    rm -rf "$at"
    if [ $scenario = extend ]; then areas="taxonomy.path=$out/data/base.yaml taxonomy.extend=$out/data/new.yaml"
    else areas="taxonomy.path=$out/data/new.yaml"; fi
    papertag build "input=[$out/data/draw$draw.jsonl,$out/data/background.jsonl]" $areas $alone "output=$at/dataset" > /dev/null
    papertag train experiment=few-shot "dataset.path=$at/dataset" method.base=$base "output=$at/run" > /dev/null
    [ $scenario = extend ] && data=dev || data=dev-new
    papertag evaluate "model=$at/run/model" "data=$out/data/$data.jsonl" "output=$at/dev" > /dev/null
  done
done
python scripts/few_shot_table.py $out
