#!/usr/bin/env bash
# Builds the release preset and measures rows of docs/performance.md on one thread and on two, beside their peers.
# Usage: scripts/bench.sh [--page] [--least] [--no-peers] [--threads 1,2] [ROW...]   rows: P1 ... P9; none: all
# Writes build/bench/results.jsonl and results.md; --page also puts the table into docs/performance.md; --least
# shows the least times and not the medians, for a machine that others use too.
# Peers that are not here are named and left out: python3-numpy python3-scipy python3-torch python3-pandas and
# libtorch-dev libeigen3-dev bring them, and the scripts of ../shared/bench beside the repository.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

page=
least=
arguments=()
for word in "$@"; do
  case $word in
    --page) page=1 ;;
    --least) least=--least ;;
    *) arguments+=("$word") ;;
  esac
done

for word in "${arguments[@]}"; do
  case $word in P*) [ -z "$page" ] || die "--page shows all rows: name none." ;; esac
done

install_packages
(cd "$root" && cmake --preset "$preset" $([ -e "$build/CMakeCache.txt" ] || echo -G Ninja) -DRUNNEL_BUILD_BENCH=ON \
  >"$(log_file configure)") || die "Configuring failed: see $(log_file configure)."
targets=(runnel_cli runnel_bench)
known=$(cmake --build "$build" --target help)
for peer in torch_steps eigen_steps; do
  if [[ $known == *$peer* ]]; then targets+=("$peer"); fi
done
configure_and_build "${targets[@]}"

out=$root/build/bench
python3 -B "$root/bench/run.py" --bin "$build/bin" --out "$out" $least "${arguments[@]}"
if [ -n "$page" ]; then python3 -B "$root/bench/table.py" "$out/results.jsonl" $least --page "$root/docs/performance.md"; fi
say "The table: $out/results.md, every figure: $out/results.jsonl"
