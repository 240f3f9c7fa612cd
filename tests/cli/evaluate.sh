# shellcheck shell=sh
# akin evaluate: by folders, a labels file and labels of the store; against a computation of its own; what is refused.
. "$TESTS/lib.sh"
prepare
quietly python3 "$TESTS/make_images.py" many 60
quietly akin index --model tiny --layer stem_activation many

echo "# a labels file"
{
  echo "image,note,kind"
  i=0
  for image in many/*; do
    i=$((i + 1))
    case $((i % 4)) in 0) continue ;; esac
    echo "$image,x,kind $((i * i % 3))"
  done
} >labels.csv
akin evaluate --labels labels.csv --label kind --scores cosine --resamples 50 --seed 7 -k 3 --format json >evaluation.json
json_is evaluate evaluation.json
akin recommend -k 100 --scores cosine --format json >answers.json
must "it is what the answers and the labels say" python3 "$TESTS/check_evaluation.py" evaluation.json answers.json labels.csv
akin evaluate --labels labels.csv --label kind --scores cosine | sed -n '1p'

echo "# what akin label list writes is such a file, too"
quietly akin label import labels.csv
akin label list kind --format csv >listed.csv
akin evaluate --labels listed.csv --label kind --scores cosine | sed -n '1p'

echo "# folders, and a page"
mkdir shelf shelf/left shelf/right
cp many/00001.png many/00002.png many/00003.png shelf/left
cp many/00011.png many/00012.png many/00013.png shelf/right
akin remove --quiet /
quietly akin index --model tiny --layer stem_activation shelf
akin evaluate --resamples 0 | sed -n '1,2p'
try akin evaluate --format html
must "it is a page" python3 "$TESTS/../unit/report/check_page.py" --originals evaluation.html

echo "# what is refused"
try akin evaluate --labels none.csv
printf 'image,kind\nshelf/left/00001.png,a\nshelf/left/gone.png,b\n' >bad.csv
try akin evaluate --labels bad.csv
printf 'image,kind\nshelf/left/00001.png,a\nshelf/left/00001.png,b\n' >bad.csv
try akin evaluate --labels bad.csv
printf 'image,kind\nshelf/left/00001.png\n' >bad.csv
try akin evaluate --labels bad.csv
printf 'picture,kind\nshelf/left/00001.png,a\n' >bad.csv
try akin evaluate --labels bad.csv
try akin evaluate --labels bad.csv --label colour
printf 'image,kind\nshelf/left/00001.png,a\nshelf/left/00002.png,b\n' >bad.csv
try akin evaluate --labels bad.csv
try akin evaluate --label colour
try akin evaluate --scores centred
try akin evaluate --fuse
try akin evaluate --models tiny,tiny --fuse
try akin evaluate -k 0
try akin evaluate --models tiny,tiny
