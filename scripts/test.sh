#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every test. The last line counts:
#   N passed, N failed, N skipped
# RUNNEL_PRESET=debug (asan, tsan) tests another preset; arguments go to ctest (-R name, -L label).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

install_packages
configure_and_build

log=$(log_file tests)
status=0
(cd "$root" && ctest --preset "$preset" -j "$(nproc)" "$@") 2>&1 | tee "$log" || status=$?

# Counted from the line that ctest prints for each test: a test that could not be started has failed.
awk '
  /^ *[0-9]+\/[0-9]+ Test +#[0-9]+:/ {
    if ($0 ~ /\*\*\*Skipped|\*\*\*Not Run \(Disabled\)/) skipped++
    else if ($0 ~ / Passed +[0-9.]+ sec$/) passed++
    else failed++
  }
  END {
    printf "%d passed, %d failed", passed, failed
    if (skipped) printf ", %d skipped", skipped
    print ""
    exit failed > 0 || passed == 0
  }' "$log" || status=1
exit "$status"
