#!/usr/bin/env bash
# Feeds the readers with bytes that libFuzzer makes up (fuzz/README.md). Installs what is missing, builds the targets,
# runs one after another and prints a line on each:
#   csv            10000000 inputs in 431 s: no finding
#
#   scripts/fuzz.sh [--runs N] [--seconds N] [TARGET...]     without a name: all targets
#
# A target ends after ten million inputs or ten minutes, whichever comes first, or at its first finding: an input that
# crashes, breaks a law, takes more than ten seconds or more than 512 MB. It is kept and its path told, and the exit
# code is 1. What a run has learnt stays in build/fuzz/corpus, and the next one goes on from there.
set -euo pipefail
RUNNEL_PRESET=fuzz
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"
package_lists+=("$root/scripts/packages-fuzz.txt")

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" >&2; }

runs=10000000
seconds=600
targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --runs | --seconds)
      case ${2:-} in '' | 0 | *[!0-9]*) die "$1 takes a whole number above 0" ;; esac
      if [ "$1" = --runs ]; then runs=$2; else seconds=$2; fi
      shift 2
      ;;
    --help) usage; exit 0 ;;
    -*) usage; die "There is no option $1." ;;
    *) targets+=("$1"); shift ;;
  esac
done

# The list that CMake builds, so that nothing is forgotten here.
known=$(sed -n 's/^set(RUNNEL_FUZZ_TARGETS \(.*\))$/\1/p' "$root/fuzz/CMakeLists.txt")
[ ${#targets[@]} -gt 0 ] || targets=($known)
for name in "${targets[@]}"; do
  [[ " $known " == *" $name "* ]] || die "There is no target $name; there are: $known"
done

install_packages
configure_and_build "${targets[@]/#/fuzz_}"

# run_target NAME: one line; 1 where there was a finding, or the run was broken off.
run_target() {
  local name=$1 learnt=$build/corpus/$1 findings=$build/findings/$1 log inputs input took status=0 words options seeds
  log=$(log_file "$name")
  mkdir -p "$learnt" "$findings"
  options=(-runs="$runs" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=512 -max_len=16384
    -artifact_prefix="$findings/" -print_final_stats=1)
  if [ -e "$root/fuzz/$name.dict" ]; then options+=(-dict="$root/fuzz/$name.dict"); fi
  seeds=("$root/fuzz/corpus/$name")
  if [ -d "$root/fuzz/findings/$name" ]; then seeds+=("$root/fuzz/findings/$name"); fi
  took=$SECONDS
  # Freed memory is kept aside by the sanitizer, to catch who uses it still: but little, for it counts as used.
  ASAN_OPTIONS=quarantine_size_mb=16 "$build/bin/fuzz_$name" "${options[@]}" "$learnt" "${seeds[@]}" >"$log" 2>&1 || status=$?
  took=$((SECONDS - took))
  inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
  input=$(sed -n 's/^.*Test unit written to //p' "$log" | grep -v '/slow-unit-' | tail -1 || true)
  if [ "$status" = 0 ]; then
    words="no finding"
  elif [ -n "$input" ]; then
    words="A FINDING: $input (see $log)"
  else
    words="broken off with exit code $status, without a finding (see $log)"
  fi
  printf "%-14s %d inputs in %d s: %s\n" "$name" "${inputs:-0}" "$took" "$words"
  [ "$status" = 0 ]
}

failed=0
for name in "${targets[@]}"; do run_target "$name" || failed=1; done
exit "$failed"
