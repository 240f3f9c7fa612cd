# shellcheck shell=sh
# akin compare: two models side by side. The second is the first one under another name, so that both agree.
. "$TESTS/lib.sh"
prepare_store
quietly akin model import "$WEIGHTS" --card "$CARD" --name second
quietly akin index --model second --layer stem_activation photos

# The column of times differs from run to run.
compare_store() {
  akin compare --models "tiny, second" | sed -E 's/^(  (tiny|second) +[0-9]+) +[0-9.]+ /\1  N /'
}

try akin compare --models tiny,second -k 2 photos/plain-1.png photos/slope-1.png
try compare_store
try akin compare --models tiny,second -k 1 --format csv photos/plain-1.png
try akin compare --models tiny,second photos/plain-1.png photos/none.png
akin compare --models tiny,second --format json photos/plain-1.png >one.json
json_is compare one.json
akin compare --models tiny,second --format json >store.json
json_is compare store.json

echo "# pages"
try akin compare --models tiny,second --format html photos/plain-1.png
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals comparison.html

echo "# features that the store lacks"
quietly akin remove --model second
akin compare --models tiny,second >../out 2>../err
grep '^note' ../err
must "they were computed" akin compare --models second,tiny photos/plain-1.png

echo "# wrong"
try akin compare photos/plain-1.png
try akin compare --models tiny photos/plain-1.png
try akin compare --models tiny,tiny photos/plain-1.png
try akin compare --models ,tiny, photos/plain-1.png
try akin compare --models tiny,nosuch photos/plain-1.png
