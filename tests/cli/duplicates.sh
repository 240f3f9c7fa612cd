# shellcheck shell=sh
# akin duplicates: groups in every format, told apart and again, files that went away.
. "$TESTS/lib.sh"
prepare
quietly python3 - "$TESTS" <<'PYTHON'
import os, random, sys
sys.path.insert(0, sys.argv[1])
import make_images
compress = make_images.zlib.compress
make_images.zlib.compress = lambda data, level: compress(data, 0)  # the same bytes with every zlib

def scene(seed, width, height, turn=False):
    """Rectangles of seeded places and colours, so many pixels wide and high."""
    dice = random.Random(seed)
    boxes = [(dice.random(), dice.random(), 0.1 + 0.3 * dice.random(), [dice.randrange(30, 200) for _ in "rgb"]) for _ in range(20)]
    def colour(x, y):
        found = [90, 120, 60]
        for left, top, size, c in boxes:
            if left <= x < left + size and top <= y < top + size:
                found = c
        return found
    rows = b"".join(b"\0" + bytes(c for i in range(width) for c in colour((width - i - 0.5 if turn else i + 0.5) / width, (j + 0.5) / height)) for j in range(height))
    return make_images.png(width, height, rows)

pictures = {"cat": scene("cat", 128, 96), "cat-small": scene("cat", 96, 72), "cat-turned": scene("cat", 128, 96, True),
            "dog": scene("dog", 96, 96), "dog-large": scene("dog", 160, 160), "bird": scene("bird", 100, 80)}
os.makedirs("zoo/copies")
for name, picture in pictures.items():
    with open("zoo/%s.png" % name, "wb") as file:
        file.write(picture)
with open("zoo/copies/cat.png", "wb") as file:
    file.write(pictures["cat"])
PYTHON
quietly akin index --model tiny --layer stem_activation zoo

try akin duplicates
try akin duplicates --mirrored zoo/copies zoo/cat-turned.png
try akin duplicates --format paths
akin duplicates --print0 | tr '\0' '!'; echo
try akin duplicates --format csv
akin duplicates --format json >duplicates.json
json_is duplicates duplicates.json
must "one line for each group" [ "$(wc -l <duplicates.json)" = 2 ]

try akin duplicates --candidates 1 --format paths

echo "# a page"
try akin duplicates --format html
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals duplicates.html
try akin duplicates --format html -o dups
must "it is a page in a folder" python3 "$TESTS/../unit/report/check_page.py" --originals dups/index.html

echo "# told apart"
try akin duplicates --not zoo/dog.png zoo/dog-large.png
try akin duplicates --not zoo/dog-large.png zoo/dog.png
try akin duplicates --format paths
try akin duplicates --told-apart
akin duplicates --told-apart --format json >told-apart.json
json_is told-apart told-apart.json
try akin duplicates --again zoo/dog.png zoo/dog-large.png
try akin duplicates --told-apart
try akin duplicates --format paths

echo "# what cannot be"
try akin duplicates --not zoo/dog.png
try akin duplicates --not zoo/cat.png zoo/copies/cat.png
try akin duplicates --not zoo/cat.png zoo/none.png
try akin duplicates --not --again zoo/cat.png zoo/dog.png
try akin duplicates --told-apart --format csv
try akin duplicates elsewhere
try akin duplicates --candidates 1.5
try akin duplicates --candidates many

echo "# files that went away, or changed: they are named, and are in no group"
rm zoo/dog-large.png
cp zoo/bird.png zoo/cat.png
try akin duplicates
try akin duplicates --format paths -o copies.txt
cat copies.txt

echo "# nothing to find"
try akin duplicates zoo/bird.png
try akin duplicates --format json zoo/bird.png
try akin duplicates --format html zoo/bird.png
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" duplicates.html
