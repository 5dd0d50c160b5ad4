#!/usr/bin/env bash
# Measures the Parzen estimator beside Optuna's on functions with known least values, and prints the table of
# docs/own-search.md. Takes about five minutes, nearly all of it Optuna's.
# Usage: scripts/tpe.sh [--page] [--candidates 100] [--seeds 30]
#   --page     puts the table into docs/own-search.md as well
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

if [[ " $* " == *" --help "* || " $* " == *" -h "* ]]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
  exit 0
fi

arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --page) arguments+=(--page "$root/docs/own-search.md") ;;
    --candidates | --seeds)
      [ $# -gt 1 ] || die "$1 needs a value: see scripts/tpe.sh --help."
      arguments+=("$1" "$2")
      shift ;;
    *) die "There is no $1: options stand in scripts/tpe.sh --help." ;;
  esac
  shift
done

python=/usr/bin/python3 # Debian's, which has its packages
"$python" -c 'import numpy, optuna' 2>/dev/null || die "Optuna is needed: apt-get install python3-optuna"
install_packages
(cd "$root" && cmake --preset "$preset" -DRUNNEL_BUILD_BENCH=ON >"$(log_file configure)") ||
  die "Configuring failed: see $(log_file configure)."
configure_and_build tpe_bench
"$python" -B "$root/bench/tpe.py" --program "$build/bin/tpe_bench" "${arguments[@]}"
