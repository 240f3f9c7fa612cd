# shellcheck shell=sh
# Wrong usage: one line that says what, one that says where to read, exit code 2; and all the ways to write what is right.
. "$TESTS/lib.sh"
try akin
try akin -q
try akin --store x
try akin lke photo.jpg
try akin model
try akin model lst
try akin zebra
try akin "$(printf 'a\033[31m\nb')"
try akin index
try akin index --jbos 3 photos
try akin index --jobs x photos
try akin index --jobs 0 photos
try akin index --jobs 99999999999999999999999 photos
try akin index --jobs=
try akin index --jobs
try akin index --quiet=yes photos
try akin index --max-pixels most photos
try akin index --preprocess Keras photos
try akin index -x photos
try akin index -qz photos
try akin index --store= photos
try akin like --format jpeg photo.jpg
try akin like --print0 --format csv photo.jpg
try akin version now
try akin completions tcsh
try akin status --format paths

echo "# the same in other words: each of these comes to the missing store"
for line in 'like -k 5 a.jpg' 'like -k5 a.jpg' 'like a.jpg -k 5' 'like -qk5 a.jpg' 'like -q -k 5 -- a.jpg' \
  '--store none like a.jpg' '--store=none like a.jpg' 'like --store none a.jpg' 'like a.jpg --store=none' \
  'like -- -k' 'like -' 'like --format=json a.jpg' '-k 5 like a.jpg' 'like --max-bytes none a.jpg'; do
  code=0
  akin $line >out 2>err || code=$?
  echo "$code akin $line: $(cat out err)"
done
