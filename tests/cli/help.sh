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
# Every value that an option takes, as the refusal of a wrong one lists them, stands in that option's help.
names_choices() {
  sed -n 's/.*--\([a-z0-9-]*\) [A-Z].*/\1/p' text | while read -r option; do
    awk -v option="--$option " 'substr($0, 1, 10) ~ /-/ { on = index($0, option) } on' text >entry
    for choice in $(akin $1 "--$option" zebra --zebra 2>&1 | sed -n 's/^akin:.*: choose //p' | sed 's/,\| or / /g'); do
      grep -qw -- "$choice" entry || { echo "--$option: $choice is not in its help" && exit 1; }
    done
  done
}
echo "$commands" | while read -r command; do
  akin $command --help >text
  must "$command: usage, options, examples and exit codes" has_all_parts "$command"
  must "$command: ASCII, at most 80 columns, no blank at a line's end" fits
  must "$command: every value of every option is named" names_choices "$command"
done
