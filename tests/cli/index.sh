# shellcheck shell=sh
# akin index: what is indexed, what is skipped and why, what leaves, and how often it says so.
. "$TESTS/lib.sh"
prepare

echo "# nothing is imported, nothing is there"
AKIN_MODELS=../none try akin index --model tiny photos
try akin index --model none photos
try akin index --model tiny nothing
mkdir empty
try akin index --model tiny empty
try akin status
rm -r "$AKIN_STORE"

echo "# new, then unchanged; the store's model needs no name"
try akin index --model tiny --layer stem_activation photos
try akin index photos
try akin index --layer top_bn photos
try akin status

echo "# all kinds of files"
mkdir 'all kinds' 'all kinds/inner'
cp photos/plain-1.png 'all kinds/inner/copy.PNG'
cp photos/plain-1.png 'all kinds/wrong extension.jpg'
printf '' >'all kinds/empty.png'
head -c 60 photos/plain-1.png >'all kinds/truncated.png'
echo text >'all kinds/text.jpg'
echo text >'all kinds/notes.txt'
python3 "$TESTS/make_images.py" more 8
mv more/00001.png "$(printf 'all kinds/new\nline.png')"
mv more/00002.png "$(printf 'all kinds/\377\033[31m.png')"
mv more/00003.png 'all kinds/comma, "quotes" & <b>.png'
mv more/00004.png 'all kinds/-v.png'
mkfifo 'all kinds/fifo.png'
ln -s ../../'all kinds' 'all kinds/inner/loop'
try_sorted akin index 'all kinds'
try akin status --skipped
try akin status --skipped --format paths
try akin status --skipped --print0
akin status --skipped --format json >skipped.json
json_is skipped skipped.json
akin status --format json >status.json
json_is status status.json
try akin index --quiet 'all kinds'
try_sorted akin index --retry 'all kinds'

echo "# hostile names come out as what each format needs"
try akin like -k 9 --format table photos/plain-1.png
akin recommend -k 20 --format json >recommend.json
json_is recommend recommend.json
must "bytes come back from base64" python3 - <<'END'
import base64, json
names = [json.loads(line).get("image_base64") for line in open("recommend.json")]
assert [base64.b64decode(n).rsplit(b"/", 1)[1] for n in names if n] == [b"\xff\x1b[31m.png"]
END
akin recommend --format csv >recommend.csv
must "CSV holds every name" python3 - <<'END'
import csv
rows = list(csv.DictReader(open("recommend.csv", newline="", encoding="utf-8", errors="surrogateescape")))
names = {row["query"].rsplit("/", 1)[1] for row in rows}
assert {"new\nline.png", 'comma, "quotes" & <b>.png', "\udcff\x1b[31m.png", "-v.png"} <= names, names
END
quietly akin recommend --format html -o page.html
must "the page is one" python3 "$TESTS/../unit/report/check_page.py" --originals page.html

echo "# twenty are named, all with --verbose"
mkdir broken
for i in $(seq 10 33); do echo no >"broken/$i.png"; done
akin index broken 2>some || true
akin index --verbose broken 2>all || true
grep -c '^skipped' some all
grep -v '^skipped' some
quietly akin remove broken

echo "# names from another program"
find more -name '*.png' -print0 >names
try akin index --files-from names -0
try sh -c 'printf "photos\nempty\n" | akin index --files-from -'
try akin index --files-from /dev/null
try akin index --files-from none
try akin index -0 photos

echo "# a renamed file costs nothing, a deleted one leaves, a folder that is gone is asked about"
mv photos/plain-1.png photos/renamed.png
rm photos/plain-2.png
try akin index photos
mv photos away
try akin index photos
try akin index --prune photos
try akin remove none.png
try akin remove 'all kinds/inner' more
try akin remove --model none
try akin remove --model tiny
try akin remove
try akin remove --model tiny more

echo "# names in any order: the deeper ones first"
quietly python3 "$TESTS/make_images.py" nested
mkdir nested/deep
mv nested/plain-1.png nested/deep/a.png
mv nested/slope-1.png nested/b.png
AKIN_STORE=../second try akin index --model tiny nested/deep/a.png nested/b.png
AKIN_STORE=../third try akin index --quiet --model tiny nested/deep nested
AKIN_STORE=../third try akin status

echo "# a folder that cannot be read is skipped too; what the store knows of it stays"
chmod 000 nested/deep
# Root reads everything unless it has lost that right.
[ "$(id -u)" != 0 ] || as_others="setpriv --bounding-set -dac_override,-dac_read_search"
AKIN_STORE=../third ${as_others-} sh -c "akin index nested; echo \"-> \$?\""
chmod 755 nested/deep

echo "# a new limit is for what an old one refused; the file is one that has rested"
ln -s "$TESTS/../data/images/cmyk.jpg" rested
AKIN_STORE=../fourth try akin index --model tiny --max-bytes 10 rested
AKIN_STORE=../fourth try akin index rested
AKIN_STORE=../fourth try akin index --max-bytes none rested
