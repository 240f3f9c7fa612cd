# shellcheck shell=sh
# akin model pull: official weights from a server, which here is a mirror on this machine, or from a file.
. "$TESTS/lib.sh"
lite0=$(ls "$TESTS"/../../.deps/weights/efficientnet-lite0-*.pth 2>/dev/null) || {
  echo "skipped: scripts/bootstrap fetches the weights that this pulls"
  exit 77
}
. "$TESTS/pull_lib.sh"
port= # of the server that was started last
mkdir served wrong
cp "$lite0" served/
head -c 18826032 /dev/zero >"wrong/$(basename "$lite0")"
echo "not weights" >wrong/mobilenet_2_5_128_tf.h5
echo "not weights" >wrong/resnet18-f37072fd.pth

echo "# from a mirror, that breaks off once"
serve served
export AKIN_MIRROR="http://127.0.0.1:$port/cut"
try pull efficientnet-lite0
try pull efficientnet-lite0
try pull efficientnet-lite0 --replace --quiet
ls "$AKIN_MODELS/.downloads"
try pull nosuch
try pull MobileNetV2
try pull efficientnet-lite0 --name "No Name"
try pull efficientnet-lite1

echo "# once imported: no network, not even the library"
LD_DEBUG=files akin embed --model efficientnet-lite0 "$TESTS/../data/images/grey.jpg" 2>loaded >/dev/null || tail -1 loaded
must "OpenVINO was needed" grep -q libopenvino loaded
must "libcurl was not" sh -c '! grep -q libcurl loaded'

echo "# killed in the middle, and once more"
(AKIN_MIRROR="http://127.0.0.1:$port/hang" exec akin model pull efficientnet-lite0 --name killed >/dev/null 2>&1) &
killed=$!
part="$AKIN_MODELS/.downloads/$(basename "$lite0").part"
half=$(($(wc -c <"$lite0") / 2))
while [ "$(stat -c %s "$part" 2>/dev/null || echo 0)" -lt "$half" ]; do sleep 0.05; done
kill -9 $killed
wait $killed 2>/dev/null
ls "$AKIN_MODELS"
try pull efficientnet-lite0 --name killed
must "only the rest was asked for" sh -c "tail -1 served.log | grep -q bytes=$half-"

echo "# through a proxy"
AKIN_MIRROR=http://weights.invalid/keras http_proxy=http://127.0.0.1:$port try pull efficientnet-lite0 --name proxied
tail -1 served.log

echo "# led elsewhere"
AKIN_MIRROR="http://127.0.0.1:$port/to/file--$PWD/served" try pull efficientnet-lite0 --name led
AKIN_MIRROR="http://127.0.0.1:$port/to/http--127.0.0.1:$port" try pull efficientnet-lite0 --name led --quiet

echo "# pinned: made of a file that has no published hash"
sed 's/"name": "tiny"/"name": "mobilenet-0.25-128"/' "$CARD" >pinned.json
quietly akin model import "$WEIGHTS" --card pinned.json
cp "$WEIGHTS" mobilenet_2_5_128_tf.h5
echo changed >>mobilenet_2_5_128_tf.h5
try pull mobilenet-0.25-128 --replace --from mobilenet_2_5_128_tf.h5
cp "$WEIGHTS" mobilenet_2_5_128_tf.h5
try pull mobilenet-0.25-128 --replace --from mobilenet_2_5_128_tf.h5
quietly akin model remove mobilenet-0.25-128

echo "# a mirror with other files"
serve wrong
export AKIN_MIRROR="http://127.0.0.1:$port/"
try pull efficientnet-lite0 --name wrong
try pull mobilenet-0.25-128
try pull resnet18-torchvision
ls "$AKIN_MODELS/.downloads"

echo "# nobody there; nobody who can be trusted; other addresses"
AKIN_MIRROR=http://127.0.0.1:1 try pull efficientnet-lite0 --name none
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=localhost >/dev/null 2>&1
cat key.pem certificate.pem >both.pem
serve served --tls both.pem
export AKIN_MIRROR="https://127.0.0.1:$port"
try pull efficientnet-lite0 --name none
AKIN_MIRROR=file://$PWD/served try pull efficientnet-lite0 --name none

echo "# from a file"
unset AKIN_MIRROR
try pull efficientnet-lite0 --name none
try pull efficientnet-lite0 --name from-file --from "served/$(basename "$lite0")"
try pull efficientnet-lite0 --name wrong-file --from "wrong/$(basename "$lite0")"
try pull efficientnet-lite0 --name wrong-file --from none.pth
cp "$TESTS/../data/onnx/small.onnx" .
try pull mobilenet-0.25-128 --name wrong-file --from small.onnx
try pull clip-vit-b16 --name wrong-file --from "served/$(basename "$lite0")"
ls "$AKIN_MODELS"
