# shellcheck shell=sh
# akin model import of networks in ONNX, and what the other commands make of them.
. "$TESTS/lib.sh"
nets=$TESTS/../data/onnx
cp "$nets"/small.onnx "$nets"/open.onnx "$nets"/embeds.onnx "$nets"/eight-bit.onnx "$nets"/words.onnx "$nets"/unknown.onnx .

echo "# what is not said is assumed, and said"
try akin model import small.onnx
try akin model import open.onnx
try akin model import open.onnx --size 12x9 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --fit stretch --resize bicubic
try akin model import embeds.onnx --pixels unit --crop 1 --resize box
try akin model import eight-bit.onnx --size 8 --fit pad
try akin model import open.onnx --card efficientnet-lite0 --name like-lite0 --quiet
for model in small open embeds eight-bit like-lite0; do
  akin model inspect "$model" >inspect.txt
  grep -E '^(input|preprocessing|feature|rule)' inspect.txt
done
akin model inspect small >inspect.txt
sed -n '/layer *kind/,$p' inspect.txt
akin model inspect small --format json >inspect.json
json_is model-inspect inspect.json

echo "# any tensor, any pooling"
try akin model import words.onnx --layer active --pooling max --pixels raw --fit stretch --resize nearest
akin model inspect words >inspect.txt
grep -E '^(feature|rule)' inspect.txt
akin model inspect words --layer map --pooling gem >inspect.txt
grep -E '^(feature|rule)' inspect.txt
try akin model inspect words --layer mop

echo "# it works as any other"
mkdir photos
cp "$TESTS"/../data/images/grey.jpg photos/
akin index --model small --quiet photos
try akin like --model small --format paths --include-self photos/grey.jpg
try akin model export --model small --whole whole.onnx
try akin model import whole.onnx --name again --pixels raw --crop 1 --resize bilinear

echo "# wrong"
try akin model import words.onnx
try akin model import unknown.onnx
try akin model import small.onnx --size 9 --replace
cp small.onnx "My Net.onnx"
try akin model import "My Net.onnx"
try akin model import small.onnx --name "My Net"
try akin model import small.onnx --size 9y8
try akin model import small.onnx --size ""
try akin model import small.onnx --mean 1,2
try akin model import small.onnx --mean 1,2,3,
try akin model import small.onnx --std 1,
try akin model import small.onnx --std 0 --replace
try akin model import small.onnx --channels rbg
try akin model import small.onnx --crop 2 --replace
try akin model import small.onnx --crop 0 --replace
try akin model import small.onnx --crop 0.5 --fit pad --replace
try akin model import small.onnx --mean 0.5 --std 127.5 --replace
try akin model import "$WEIGHTS" --card "$CARD" --mean 0.5
try akin model import "$WEIGHTS" --card "$CARD" --size 64
