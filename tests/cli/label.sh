# shellcheck shell=sh
# akin label: a table becomes labels, filters look at them, they are listed and taken away; and tables that are refused.
. "$TESTS/lib.sh"
try akin label
try akin label list
prepare_store
try akin label list

cat >photos/labels.csv <<'END'
path,price,colour
plain-1.png,8.50,"red, dark"
plain-2.png,12,red
stripes-1.png,,black
none.png,1,2
END
try akin label import photos/labels.csv
try akin label list
try akin label list price
try akin label list colour --format csv
try akin label list price --format json
akin label list --format json >names.json
json_is label-names names.json
akin label list colour --format json >values.json
json_is label-values values.json

echo "# what they are good for"
try akin like photos/slope-1.png --where "price < 10" --format paths
try akin like photos/slope-1.png --where "colour ~ red* and not price = 12" --format paths
try akin recommend photos/slope-1.png photos/plain-1.png --where "colour != black and class = photos" -k 1 --format csv

echo "# the list of one is a table that can be imported"
akin label list colour --format csv -o colours.csv
try akin label remove colour
try akin label list
try akin label import -q colours.csv
try akin label list

echo "# what is refused changes nothing"
printf 'path,price\nphotos/plain-1.png,1\nphotos/plain-2.png\n' >broken.csv
try akin label import broken.csv
printf 'path,price\nphotos/plain-1.png,1\nphotos/plain-1.png,2\n' >twice.csv
try akin label import twice.csv
printf 'path,width\nphotos/plain-1.png,1\n' >own.csv
try akin label import own.csv
printf 'path,price\nnowhere.png,1\n' >unknown.csv
try akin label import unknown.csv
try akin label import none.csv
try akin label remove size
try akin label remove
try akin label list price
try akin label import --store none photos/labels.csv
