# shellcheck shell=sh
# akin model suggest: figures differ from machine to machine, so the tests look at their form.
. "$TESTS/lib.sh"
prepare
echo "not a picture" >photos/broken.jpg

akin model suggest photos >table 2>notes
echo "-> $?"
cat notes
sed -E 's/-?[0-9]+\.[0-9]+( %| [kM]?B)?/N/g; s/ +/ /g' table
quietly akin model import "$WEIGHTS" --card "$CARD" --name same
akin model suggest photos 2>&1 >table | grep -v skipped | sed -E 's/(tiny|same):/ONE:/'
akin model suggest --format json --sample 4 photos >suggest.json 2>/dev/null
json_is suggest suggest.json

echo "# a damaged model is left out, by name"
echo damaged >"$AKIN_MODELS/same/card.json"
akin model suggest photos 2>&1 >table | grep same
cut -d ' ' -f 1 table

echo "# wrong"
try akin model suggest
try akin model suggest nowhere
try akin model suggest --sample 1 photos
quietly akin model remove tiny
quietly akin model remove same
try akin model suggest photos
