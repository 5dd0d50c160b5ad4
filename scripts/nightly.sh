#!/usr/bin/env bash
# Proofs that take too long for every change, each singly:
#   scripts/nightly.sh asan    the whole suite under the address and undefined-behaviour sanitizers
#   scripts/nightly.sh tsan    the whole suite under the thread sanitizer
#   scripts/nightly.sh fuzz    every reader, ten million inputs or ten minutes each
#   scripts/nightly.sh kill    searches that are killed at random moments, 50 times, and resumed
# Without a name all of them, one after another. What follows a single name goes to the script or ctest behind it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

proof() {
  local name=$1
  shift
  case $name in
    asan | tsan) RUNNEL_PRESET=$name "$root/scripts/test.sh" "$@" ;;
    fuzz) "$root/scripts/fuzz.sh" "$@" ;;
    kill)
      install_packages
      configure_and_build
      (cd "$root" && ctest --preset "$preset" -C nightly -L nightly "$@")
      ;;
    *) die "There is no proof $name; there are: asan tsan fuzz kill" ;;
  esac
}

if [ $# -gt 0 ]; then
  proof "$@"
  exit
fi
status=0
for name in asan tsan fuzz kill; do
  began=$SECONDS
  if proof "$name"; then outcome=passed; else outcome=FAILED status=1; fi
  say "$name $outcome after $((SECONDS - began)) s"
done
exit "$status"
