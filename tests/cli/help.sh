# shellcheck shell=sh
# --help, in all its forms; every command's help has what it must have and fits the terminal.
. "$TESTS/lib.sh"
try akin --help
try akin like --help
try akin model --help
try akin help model
try akin help zebra
akin help like >help.txt
akin like -h >h.txt
must "help like is like -h" cmp help.txt h.txt
must "version is --version" test "$(akin version)" = "$(akin --version)"

commands=$(akin --help | sed -n 's/^  \([a-z]*\( [a-z][a-z]*\)\{0,1\}\)   *[a-z].*/\1/p')
echo "$commands"
has_all_parts() {
  for part in "^usage: akin $1" '^options:' '^examples:' '^exit codes:'; do grep -q "$part" text || return 1; done
}
fits() { ! LC_ALL=C grep -nE '[^ -~]|.{81}| $' text; }
echo "$commands" | while read -r command; do
  akin $command --help >text
  must "$command: usage, options, examples and exit codes" has_all_parts "$command"
  must "$command: ASCII, at most 80 columns, no blank at a line's end" fits
done
