# shellcheck shell=sh
# On a terminal the progress is one line that is drawn again and again; elsewhere there are plain lines.
. "$TESTS/lib.sh"
command -v script >/dev/null || {
  echo "skipped: there is no program script"
  exit 77
}
prepare
quietly python3 "$TESTS/make_images.py" many 150 700

# drawn COLUMNS [NAME=VALUE...] - indexes on a terminal of that width; what it printed is in ../typescript.
drawn() {
  columns=$1
  shift
  rm -rf "$AKIN_STORE"
  env TERM=xterm "$@" script -qec "stty cols $columns; akin index --model tiny many" ../typescript >../out 2>&1
  echo "code $?"
}

drawn 100
cat >../look.py <<'END'
import re, sys
columns, colours = int(sys.argv[1]), sys.argv[2] == "colours"
text = open("../typescript", encoding="utf-8", newline="").read().split("\n", 1)[1]
drawn = [line for line in re.split("\r", text) if line.endswith("\x1b[K") and line != "\x1b[K"]
assert len(drawn) >= 2, drawn
for line in drawn:
    assert ("\x1b[32m" in line) <= colours, line
    plain = re.sub("\x1b\\[[0-9]*[mK]", "", line)
    assert "\x1b" not in plain and "\n" not in plain, plain
    assert 0 < len(plain) < columns, (len(plain), plain)
if colours:
    assert any("\x1b[32m" in line for line in drawn)
bars = [line for line in drawn if "\u2501" in line or "\u2500" in line]
assert bool(bars) == (columns >= 80), bars
end = text.split("\r\x1b[K")[-1]
assert re.match(r"150 images: 150 new, [0-9.]+ s, [0-9.]+ images/s\r?\n", end), end
END
must "one line, drawn again and again, with a bar, and wiped out in the end" python3 ../look.py 100 colours
drawn 30
must "on a narrow terminal without a bar" python3 ../look.py 30 plain
drawn 100 NO_COLOR=1
must "without colours when NO_COLOR is set" python3 ../look.py 100 plain
drawn 100 TERM=dumb
is_plain() { ! grep -q "$(printf '\033')" ../typescript && grep -q '150 new' ../typescript; }
must "plain on a terminal that can do nothing" is_plain

# The list of models: a line each, cut at the terminal's edge; whole where it is none.
listed() {
  script -qec "stty cols $1; akin model list" ../typescript >../out 2>&1
  tr -d '\r' <../typescript | sed '1d;$d' >../listed
}
fits() { test "$(wc -L <../listed)" -le "$1" && grep -q '^vgg16 .* CC-BY-4.0' ../listed; }
for columns in 80 100; do
  listed $columns
  must "a model is one line of $columns columns" fits $columns
done
akin model list >../whole
is_whole() { grep -q '^vgg16 .*(1,000 classes)$' ../whole && ! grep -q '(1,000 classes)$' ../listed; }
must "described whole where there is no terminal" is_whole

# What is suggested: as many columns as there is room for.
suggested() {
  script -qec "stty cols $1; akin model suggest --quiet photos" ../typescript >../out 2>&1
  tr -d '\r' <../typescript | sed '1d;$d' >../listed
}
suggested 80
is_short() { test "$(wc -L <../listed)" -le 80 && grep -q '^model .* colour ms/image$' ../listed; }
must "the suggested model is one line of 80 columns" is_short
suggested 84
is_long() { test "$(wc -L <../listed)" = 84 && grep -q '^model .* colour margin .* ms/image$' ../listed; }
must "the whole of it where it just fits" is_long
suggested 83
must "and not where it does not" is_short

echo "# not on a terminal"
try akin index many
