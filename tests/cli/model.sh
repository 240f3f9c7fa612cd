# shellcheck shell=sh
# akin model: list, import, inspect, export, remove.
. "$TESTS/lib.sh"
# Some of the networks, whatever others there are.
akin model list >list.txt
sed -E 's/^and [0-9]+ other/and N other/' list.txt | grep -E '^(name|efficientnet-lite0|mobilenet-v2|vgg16|and) '
try akin model import "$WEIGHTS"
try akin model import none.pth
echo "no weights" >text.pth
try akin model import text.pth --card "$CARD"
try akin model import "$WEIGHTS" --card none
try akin model import "$WEIGHTS" --card efficientnet-lite0
try akin model import "$WEIGHTS" --card "$CARD"
try akin model import "$WEIGHTS" --card "$CARD"
try akin model import "$WEIGHTS" --card "$CARD" --replace --quiet
try akin model import "$WEIGHTS" --card "$CARD" --name shop
akin model list >list.txt
grep -E '^(name|shop|tiny) ' list.txt | sed -E 's/ [0-9.]+( +50x42)/ MS\1/'
akin model list --format csv >list.csv
grep -E '^(name|shop|tiny|vgg16.*),' list.csv | sed -E 's/,[0-9.]+(,Apache)/,MS\1/'
akin model list --all >list.txt
grep -E '^mobilenet-v3-small' list.txt
akin model list --format json >list.json
json_is model-list list.json
must "what was imported was measured" grep -q '"name": "tiny"[^}]*"milliseconds": [0-9.]*}' list.json
rm "$XDG_CACHE_HOME"/akin/compiled/*.speed
akin model list | grep '^tiny '

try akin model inspect none
try akin model inspect vgg16
try akin model inspect efficientnet-lite0
try akin model inspect tiny --layer nothing
akin model inspect tiny >inspect.txt
grep -E '^(model|feature|rule|licence)' inspect.txt
akin model inspect tiny --layer stem_activation >inspect.txt
grep -E '^(feature|rule)' inspect.txt
akin model inspect tiny --layer stem_activation --pooling gem:4.5 >inspect.txt
grep -E '^(feature|rule)' inspect.txt
try akin model inspect tiny --layer stem_activation --pooling class
try akin model inspect tiny --pooling gem:0.5
try akin model inspect tiny --pooling mean
akin model inspect tiny --format json >inspect.json
json_is model-inspect inspect.json
akin model inspect tiny --layer stem_activation --pooling gem --format json >inspect.json
json_is model-inspect inspect.json
grep -o '"pooling": "[^"]*"' inspect.json

try akin model export --model tiny tiny.onnx
try akin model export --model tiny --whole whole.onnx
must "both are there, the whole one is larger" test "$(stat -c %s whole.onnx)" -gt "$(stat -c %s tiny.onnx)"
try akin model export --model none none.onnx
try akin model export --model tiny none/tiny.onnx

try akin model remove shop
try akin model remove shop
try akin model remove
try ls "$AKIN_MODELS"
