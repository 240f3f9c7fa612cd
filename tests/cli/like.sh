# shellcheck shell=sh
# akin like: every format, several query images, the query among its own hits or not, and what cannot be asked.
. "$TESTS/lib.sh"
try akin like a.png
prepare_store

try akin like photos/plain-1.png
try akin like -k2 --include-self photos/plain-1.png
try akin like -k 3 photos/stripes-1.png photos/stripes-2.png

echo "# formats"
try akin like -k 2 --format json photos/slope-2.png
try akin like -k 2 --format csv photos/slope-2.png
try akin like -k 2 --format paths photos/slope-2.png
try akin like -k 2 --print0 photos/slope-2.png
akin like -k 2 --format json photos/slope-2.png >like.json
json_is like like.json

echo "# an image that is not stored, and one by another name with the same content"
mkdir elsewhere
python3 - <<'END'
import sys, os
sys.path.insert(0, os.environ["TESTS"])
import make_images
open("elsewhere/new.png", "wb").write(make_images.slope(9))
END
cp photos/slope-3.png elsewhere/copy.png
try akin like -k 3 --format paths elsewhere/new.png
try akin like -k 3 --format paths elsewhere/copy.png

echo "# what cannot be asked"
try akin like photos/none.png
echo "no picture" >text.png
try akin like text.png
try akin like photos
try akin like --model vgg16 photos/plain-1.png
try akin like --store none photos/plain-1.png
try akin like -k 0 photos/plain-1.png
try akin like --format npy photos/plain-1.png
try akin like

echo "# into a file: as a whole, and the format follows the name"
try akin like -k 1 -o out.csv photos/plain-1.png
try cat out.csv
try akin like -k 1 -o none/out.csv photos/plain-1.png
echo old >out.json
try akin like -k 1 -o out.json photos/none.png
try cat out.json
try akin like -k 1 -q -o out.json photos/plain-1.png
json_is like out.json
try akin like -k 1 --format html photos/plain-1.png
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals recommendations.html
try ls -A
