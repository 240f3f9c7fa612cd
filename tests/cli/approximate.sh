# shellcheck shell=sh
# Approximate search: prepared by index, told of by status, made again when damaged, refused where there is none.
. "$TESTS/lib.sh"
prepare_store
try akin like --approximate photos/plain-1.png
try akin like --exact --approximate photos/plain-1.png
try akin index --exact --approximate photos
akin like -k 3 --format json photos/plain-1.png >exact.json
quietly akin index --approximate photos
try akin status
akin status --format json >status.json
json_is status status.json
akin like -k 3 --format json --approximate photos/plain-1.png >approximate.json
must "the same answer" cmp exact.json approximate.json
akin like -k 3 --format json photos/plain-1.png >auto.json
must "the same answer without being told" cmp exact.json auto.json

# It is kept up to date from now on, and with the numbers that it has.
quietly akin index --graph-vectors f16 photos
rm photos/plain-1.png
quietly akin index photos
akin status | grep approximate

# A damaged one is told of, not used, and made again by the next index.
damage() {
  python3 - <<'END'
import glob, os
path, = glob.glob(os.environ["AKIN_STORE"] + "/vectors/*.hnsw")
data = bytearray(open(path, "rb").read())
data[-9] ^= 1
open(path, "wb").write(data)
END
}
damage
akin recommend -k 1 --format csv photos/plain-2.png photos/plain-3.png 2>&1 | sed 's/[0-9a-f]*\.hnsw/FILE.hnsw/'
akin index photos 2>&1 | sed 's/[0-9a-f]*\.hnsw/FILE.hnsw/; s/[0-9.]* s$/TIME/'
try akin like -k 1 --format paths --approximate photos/plain-2.png
damage
akin verify 2>&1 | sed 's/[0-9a-f]*\.hnsw/FILE.hnsw/'
quietly akin index --approximate photos

quietly akin index --exact photos
try akin like --approximate photos/plain-2.png
