# shellcheck shell=sh
# What the shells and man are given is right in their eyes; those that are not installed are left out.
. "$TESTS/lib.sh"
prepare
holds() {
  file=$1
  shift
  for word; do grep -q -e "$word" "$file" || return 1; done
}
for shell in bash zsh fish; do
  akin completions $shell >akin.$shell
  must "$shell: every command is in it" holds akin.$shell index like recommend matrix embed export status verify \
    remove import inspect help version completions
done
try akin completions
must "bash takes it" bash -n akin.bash
bash -c '
source akin.bash
compopt() { :; }
complete_line() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _akin; echo "$* => ${COMPREPLY[*]}"; }
complete_line akin li
complete_line akin like --f
complete_line akin like --format ""
complete_line akin model ex
complete_line akin model inspect t
complete_line akin --store x recommend --in
complete_line akin index -o akin.z
complete_line akin index akin.z
complete_line akin status akin.z
'
if command -v zsh >../out; then must "zsh takes it" zsh -n akin.zsh; else echo "ok: zsh takes it"; fi
if command -v fish >../out; then
  for line in 'akin li' 'akin like --forma' 'akin like --format h' 'akin model ex' 'akin model inspect t'; do
    [ "$(fish -c "source akin.fish; complete -C '$line'" | cut -f1)" ] || echo "fish does not complete $line"
  done
fi
akin help --man >akin.1
groff_is_silent() { groff -man -Tascii -P-cbou -ww akin.1 >man.txt 2>said && ! [ -s said ]; }
if command -v groff >../out; then
  must "groff has nothing to say about the man page" groff_is_silent
  must "every option is in it" holds man.txt --prune --files-from --include-self --max-pixels --whole
else
  echo "ok: groff has nothing to say about the man page"
  echo "ok: every option is in it"
fi
