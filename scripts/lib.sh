# shellcheck shell=sh
# lib.sh - what the scripts share. Sourced by POSIX sh, after `cd` to the top of the checkout; $0 is the caller.

# say LINE…
say() { printf '%s\n' "$@"; }

# fail WHY [LINE]…: says why, then how to go on, and ends the script.
fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# logged LOG COMMAND…: runs it with its output in LOG only.
logged() {
  log=$1
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >>"$log" 2>&1 </dev/null
}

# show_tail LOG: the end of a log, for a failure.
show_tail() {
  printf -- '---- the end of %s:\n' "$1" >&2
  tail -n 40 "$1" | cut -c 1-300 >&2
  printf -- '----\n' >&2
}
