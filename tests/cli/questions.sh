# shellcheck shell=sh
# akin like and akin recommend: weights, negatives, any of several, filters, a least score, pages, diversity,
# near-duplicates; what the answer says of them; and what is no question.
. "$TESTS/lib.sh"
prepare_store

echo "# several images as one"
try akin like -k 3 photos/plain-1.png photos/stripes-1.png:0.25
try akin like -k 3 --any photos/plain-1.png photos/stripes-1.png
try akin like -k 3 photos/slope-1.png --not photos/plain-1.png --not photos/stripes-1.png:0.2
cp photos/plain-1.png photo:2
try akin like -k 1 photo:2 --format paths
akin like -k 3 --any photos/plain-1.png:1 photos/stripes-1.png:0.5 --not photos/slope-3.png --where "name != x" \
  --min-score -0.9 --offset 1 --diverse 0.1 --exclude-duplicates --format json >all.json
json_is like all.json
try cat all.json

echo "# which images"
try akin like -k 9 photos/plain-1.png --where "name ~ stripes* or name = 'slope-2.png'" --format paths
try akin like -k 9 photos/plain-1.png --where "width < 32"
try akin like -k 2 --offset 2 photos/plain-1.png
try akin like -k 9 --min-score 0.999999 photos/plain-1.png
try akin like -k 3 --diverse 0.9 photos/plain-1.png --format paths
try akin like -k 9 --exclude-duplicates photos/plain-1.png --format paths
akin recommend -k 2 --where "name ~ s*" --format json >recommended.json
json_is recommend recommended.json
akin like -k 2 photos/slope-1.png photos/plain-1.png:0.5 --not photos/stripes-1.png --where "name ~ '*<b>*' or name ~ *" \
  -o page.html
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals page.html

echo "# what is no question"
try akin like photos/plain-1.png --where "name = "
try akin like photos/plain-1.png --where "nome = x"
try akin like photos/plain-1.png --where "name = x and (size > big)"
try akin like photos/plain-1.png --min-score 2
try akin like photos/plain-1.png --min-score much
try akin like photos/plain-1.png --diverse -0.5
try akin like photos/plain-1.png --offset -1
try akin like photos/plain-1.png:0
try akin like photos/plain-1.png --not photos/none.png
try akin like photos/plain-1.png --not photos/plain-1.png:1
try akin recommend --not photos/plain-1.png
