#!/usr/bin/env bash
# Every adaptation method, every loss and embedding noise on the same split and seeds: docs/adaptations.md.
#   scripts/compare_adaptations.sh [PAPERS]     PAPERS is as in scripts/default_model.sh
# Small on purpose: 1,500 papers of 64 tokens, two epochs, two seeds; an hour and a half of one core. Interrupted, it
# goes on where it was. A run is a process of its own: in a Hydra sweep (papertag train -m ...) all runs share one, and
# the peak of memory of one would hold what others have left.
set -euo pipefail
cd "$(dirname "$0")/.."
papers=${1:-../shared/corpus}
out=outputs/adaptations
figures=docs/figures/adaptations page=docs/adaptations.md
seeds="0 1"
common="dataset.path=$out/dataset dataset.train_papers=1500 training.epochs=2"
tokens=64

# Each method at a rate that fits it: full weights at the default, updates at the 1e-3 that suits LoRA and its kin, vectors
# at the higher rates that their authors use. Updates have no layer decay: only full weights differ in what they know.
declare -A rate=(
  [full]=2e-4 [bitfit]=2e-3 [head-only]=2e-3
  [lora]=1e-3 [rslora]=1e-3 [dora]=1e-3 [randlora]=1e-3 [miss]=1e-3 [lokr]=1e-3
  [vera]=1e-2 [ia3]=1e-2 [prompt-tuning]=1e-2
)

if [ ! -d $out/dataset ]; then
  if [ -e "$papers" ]; then texts="papers=$papers"; else texts="network=true"; fi
  papertag fetch annotations=default "$texts" output=$out/papers.jsonl
  papertag build input=$out/papers.jsonl labeling.rules=null labeling.keywords=null \
    split.validation_fraction=0.03 split.test_fraction=0.05 output=$out/dataset
fi

train() {  # NAME SEED key=value ...
  local run=$out/runs/$1-$2 seed=$2
  shift 2
  [ -d "$run/model" ] && return
  echo "$(date +%H:%M) $run"
  # shellcheck disable=SC2086
  papertag train $common "training.seed=$seed" "$@" "output=$run" > "$run.log" 2>&1 || { tail -n 3 "$run.log"; return 1; }
  rm -r "$run/checkpoints"
}

mkdir -p $out/runs
for seed in $seeds; do
  for file in configs/adaptation/*.yaml; do
    method=$(basename "$file" .yaml)
    : "${rate[$method]:?scripts/compare_adaptations.sh: choose a learning rate for adaptation=$method}"
    [ "$method" = full ] && decay=0.85 || decay=1
    # The prompt's 20 vectors come on top of the text.
    [ "$method" = prompt-tuning ] && length=$((tokens + 20)) || length=$tokens
    train "$method" "$seed" "adaptation=$method" "training.learning_rate=${rate[$method]}" \
      "training.layer_decay=$decay" "model.max_length=$length"
  done
  for file in configs/loss/*.yaml; do
    loss=$(basename "$file" .yaml)
    # The runs above have the default, bce.
    [ "$loss" = bce ] || train "loss-$loss" "$seed" "loss=$loss" model.max_length=$tokens
  done
  train noise "$seed" training.neftune_noise_alpha=5 model.max_length=$tokens
done
papertag compare runs=$out/runs output=$figures

# The table goes into the page between its two comments.
awk -v table=$figures/table.md '/<!-- end of table -->/ { inside = 0 } !inside
  /<!-- table -->/ { inside = 1; while ((getline line < table) > 0) print line }' $page > $page.new
mv $page.new $page
