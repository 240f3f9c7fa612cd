# shellcheck shell=sh
# akin recommend: the table of a shop, pages in one file and in a folder.
. "$TESTS/lib.sh"
prepare_store

try akin recommend -k 1
try akin recommend -k 2 photos/plain-1.png photos/slope-1.png
try akin recommend -k 1 --format csv
try akin recommend -k 1 --format json photos/plain-1.png photos/none.png photos/stripes-2.png
try akin recommend photos/none.png
try akin recommend --format paths
akin recommend --format json >recommend.json
json_is recommend recommend.json

echo "# one page, then a folder of pages"
try akin recommend --format html
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals recommendations.html
try akin recommend --format html -o shop
must "they are pages" python3 "$TESTS/../unit/report/check_page.py" --originals shop/index.html
find shop/thumbs -name '*.jpg' | wc -l
quietly python3 "$TESTS/make_images.py" many 60
quietly akin index many
try akin recommend -k 2 --format html
must "they are pages" python3 "$TESTS/../unit/report/check_page.py" --originals recommendations/index.html recommendations/page-2.html
ls recommendations
try akin recommend --format html -o one.html
try akin recommend --format html
echo letter >shop/letter.txt
try akin recommend --format html -o shop
try ls -A

echo "# a store without images"
akin remove --quiet /
try akin recommend
