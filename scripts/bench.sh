#!/usr/bin/env bash
# Builds the release preset and measures rows of docs/performance.md on one thread and on two, beside their peers.
# Usage: scripts/bench.sh [--page] [--least] [--no-peers] [--threads 1,2] [ROW...]
#   ROW         P1 ... P13, as docs/performance.md describes them; none: all, which take about twenty minutes. P2 and P3
#               are measured together, so are P4 and P5.
#   --no-peers  Runnel alone, a fraction of the time
#   --least     the least times and not the medians, for a machine that others use too
#   --page      puts the table into docs/performance.md as well (all rows)
# Writes build/bench/results.jsonl and results.md, over those of the run before.
# Peers that are not here are named and left out: python3-numpy python3-scipy python3-torch python3-pandas and
# python3-optuna libtorch-dev libeigen3-dev bring them, and the scripts of ../shared/bench beside the repository.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

if [[ " $* " == *" --help "* || " $* " == *" -h "* ]]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
  exit 0
fi

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
  case $word in
    P[1-9] | P1[0-2]) [ -z "$page" ] || die "--page shows all rows: name none." ;;
    --no-peers | --threads | --threads=* | [0-9]*) ;;
    *) die "There is no $word: rows are P1 to P13, options stand in scripts/bench.sh --help." ;;
  esac
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
