# shellcheck shell=sh
# akin model pull: official weights from a server, which here is a mirror on this machine, or from a file.
. "$TESTS/lib.sh"
lite0=$(ls "$TESTS"/../../.deps/weights/efficientnet-lite0-*.pth 2>/dev/null) || {
  echo "skipped: scripts/bootstrap fetches the weights that this pulls"
  exit 77
}
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY
mkdir served wrong
cp "$lite0" served/
head -c 18826032 /dev/zero >"wrong/$(basename "$lite0")"
echo "not weights" >wrong/mobilenet_2_5_128_tf.h5

serve() { # FOLDER [--tls CERTIFICATE]: sets $port
  rm -f port
  python3 "$TESTS/serve.py" "$1" port ${2+"$2" "$3"} 2>/dev/null &
  servers="$servers $!"
  while [ ! -e port ]; do sleep 0.05; done
  port=$(cat port)
}
servers=
trap 'kill $servers' EXIT
pull() {
  pull_code=0
  akin model pull "$@" >../pulled 2>&1 || pull_code=$?
  sed -E 's/127.0.0.1:[0-9]+/SERVER/; s/port [0-9]+/port N/; s/after [0-9]+ ms/after N ms/' ../pulled
  return $pull_code
}

echo "# from a mirror, that breaks off once"
serve served
export AKIN_MIRROR="http://127.0.0.1:$port/cut"
try pull efficientnet-lite0
try pull efficientnet-lite0
try pull efficientnet-lite0 --replace --quiet
ls "$AKIN_MODELS/.downloads"
try pull nosuch
try pull efficientnet-lite1

echo "# a mirror with other files"
serve wrong
export AKIN_MIRROR="http://127.0.0.1:$port/"
try pull efficientnet-lite0 --name wrong
try pull mobilenet-0.25-128
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
ls "$AKIN_MODELS"
