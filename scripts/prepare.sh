# Sourced by the scripts beside it: what they share. Installs what is missing, configures and builds.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=${RUNNEL_PRESET:-release}
build=$root/build/$preset
package_lists=("$root/scripts/packages.txt")  # a script that needs more adds its list

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$*"
  exit 1
}

listed_packages() { sed 's/#.*//' "${package_lists[@]}" | tr -s ' \t\n' '\n' | sed '/^$/d'; }

# Those of the list that dpkg does not call installed, and whose name is no command here either: Node and npm, say,
# may have come another way than by Debian's packages, which would then not go together with them.
missing_packages() {
  local installed name
  installed=$(listed_packages | xargs dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null |
    sed -n 's/^installed //p' | sort -u)
  for name in $(listed_packages | sort -u | comm -23 - <(printf '%s\n' "$installed")); do
    command -v "$name" >/dev/null || printf '%s\n' "$name"
  done
}

install_packages() {
  local missing as_root=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    say "This is not a Debian system: what ${package_lists[*]#"$root"/} lists must be there already."
    return
  fi
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  say "Installing: $(echo $missing)"
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || die "These Debian packages are missing, and there is neither root nor sudo to install them:
  $(echo $missing)
Ask somebody who may to run:  apt-get install $(echo $missing)"
    as_root=(sudo)
  fi
  # Passed by env because sudo drops the caller's environment.
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 ||
    die "apt-get update failed; its message stands above."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >&2 ||
    die "apt-get install failed; its message stands above."
}

# configure_and_build TARGET...: all targets when none is named.
configure_and_build() {
  local generator=()
  # A build folder keeps the generator it was made with.
  if [ ! -e "$build/CMakeCache.txt" ] && command -v ninja >/dev/null; then generator=(-G Ninja); fi
  (cd "$root" && cmake --preset "$preset" "${generator[@]}" >"$(log_file configure)") ||
    die "Configuring failed: see the messages above, and $(log_file configure)."
  (cd "$root" && cmake --build --preset "$preset" -j "$(nproc)" ${1:+--target "$@"} >&2) || die "The build failed."
}

log_file() {
  mkdir -p "$build"
  printf '%s' "$build/$1.log"
}
