# shellcheck shell=sh
# lib.sh - what the tests of the command share; sourced by each.

# try COMMAND... - shows a command with all that it prints: standard output, then "! " and each line of standard error,
# then its exit code when it is not 0. Bytes that are no plain text are shown as cat -v shows them.
try() {
  echo "\$ $*" | cat -v
  try_code=0
  "$@" >../out 2>../err || try_code=$?
  cat -v ../out
  sed 's/^/! /' ../err | cat -v
  [ "$try_code" = 0 ] || echo "-> $try_code"
  echo
}

# The same, with the lines of standard error in order of the alphabet: images are met in no order.
try_sorted() {
  echo "\$ $*" | cat -v
  try_code=0
  "$@" >../out 2>../err || try_code=$?
  cat -v ../out
  LC_ALL=C sort ../err | sed 's/^/! /' | cat -v
  [ "$try_code" = 0 ] || echo "-> $try_code"
  echo
}

# quietly COMMAND... - the same, when standard output is of no interest.
quietly() {
  "$@" >/dev/null 2>../err || {
    echo "$* failed:"
    cat ../err
    exit 1
  }
}

# must "WHAT" COMMAND... - says only whether a check holds.
must() {
  must_what=$1
  shift
  if "$@" >../out 2>&1; then
    echo "ok: $must_what"
  else
    echo "NOT OK: $must_what"
    cat ../out
  fi
}

# The tiny model, and a folder of small pictures: see make_images.py.
prepare() {
  quietly akin model import "$WEIGHTS" --card "$CARD"
  quietly python3 "$TESTS/make_images.py" photos
}

# The same, indexed. The layer is an early one: of random weights only that tells pictures clearly apart, so that the
# order is the same on every processor.
prepare_store() {
  prepare
  quietly akin index --model tiny --layer stem_activation photos
}

# json_is NAME FILE - is the file what docs/json.md says of NAME?
json_is() {
  must "$1 is as docs/json.md says" python3 "$TESTS/check_json.py" "$TESTS/../../docs/json.md" "$1" "$2"
}
