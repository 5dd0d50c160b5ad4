#!/usr/bin/env bash
# Measures `runnel fit` as it comes beside scikit-learn's estimators as they come, on public tables: same rows, several
# seeds. Prints the table of docs/accuracy.md.
# Usage: scripts/accuracy.sh [--page] [--data FOLDER] [--seeds 0,1,2,3,4] [--tables titanic,hits,...]
#                            [--models runnel,linear,mlp,boosting] [--threads 1] [--program RUNNEL]
#   --page     puts the table into docs/accuracy.md as well
#   --data     where the files of docs/real-data.md lie (../shared/data beside the repository)
#   --tables   names or beginnings of names; all six take about half an hour on one thread, most of it in the peers
#   --program  a runnel that is already built
# Figures are kept in build/accuracy/accuracy.jsonl, and what stands there is not measured again: an interrupted run goes on
# where it was, and another build of runnel is measured anew. Remove the file to begin anew.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

if [[ " $* " == *" --help "* || " $* " == *" -h "* ]]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
  exit 0
fi

data=$root/../shared/data
program=
page=()
arguments=()
while [ $# -gt 0 ]; do
  case $1 in
    --page) page=(--page "$root/docs/accuracy.md") ;;
    --data | --program | --seeds | --tables | --models | --threads)
      [ $# -gt 1 ] || die "$1 needs a value: see scripts/accuracy.sh --help."
      case $1 in
        --data) data=$2 ;;
        --program) program=$2 ;;
        *) arguments+=("$1" "$2") ;;
      esac
      shift ;;
    *) die "There is no $1: options stand in scripts/accuracy.sh --help." ;;
  esac
  shift
done

python=/usr/bin/python3 # Debian's, which has its packages
"$python" -c 'import numpy, pandas, sklearn' 2>/dev/null ||
  die "scikit-learn and pandas are needed: apt-get install python3-sklearn python3-pandas"
[ -d "$data" ] || die "There is no folder $data: give the files of docs/real-data.md with --data FOLDER."

if [ -z "$program" ]; then
  install_packages
  configure_and_build runnel_cli
  program=$build/bin/runnel
fi
"$python" -B "$root/bench/accuracy.py" --program "$(realpath "$program")" --data "$(realpath "$data")" \
  --out "$root/build/accuracy" "${page[@]}" "${arguments[@]}"
