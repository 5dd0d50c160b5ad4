#!/usr/bin/env bash
# Lays the C++ code out as .clang-format says; with --check changes nothing, names the files that it would change, and
# fails where there are any.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

install_packages
cd "$root"
mapfile -t files < <(find src include lab cli tests examples bench fuzz \( -name '*.cpp' -o -name '*.h' \) | sort)
[ ${#files[@]} -gt 0 ] || die "There is no code in $root."
if [ "${1:-}" != --check ]; then
  clang-format -i "${files[@]}"
  exit 0
fi
wrong=$(clang-format --dry-run "${files[@]}" 2>&1 | sed -n 's/^\([^:]*\):[0-9]*:[0-9]*: warning.*/\1/p' | sort -u)
[ -z "$wrong" ] || die "scripts/format.sh would lay these files out otherwise:
$wrong"
