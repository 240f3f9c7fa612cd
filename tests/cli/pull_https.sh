# shellcheck shell=sh
# akin model pull over HTTPS: a server whose certificate is trusted, which takes a name space of its own, as akin takes no
# other certificates than the system's.
. "$TESTS/lib.sh"
. "$TESTS/pull_lib.sh"
port= # of the server that was started last
trust=/etc/ssl/certs/ca-certificates.crt
lite0=$(ls "$TESTS"/../../.deps/weights/efficientnet-lite0-*.pth 2>/dev/null) || {
  echo "skipped: scripts/bootstrap fetches the weights that this pulls"
  exit 77
}
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2 -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1
unshare -rm mount --bind certificate.pem "$trust" 2>/dev/null || {
  echo "skipped: no name space can be made here in which another certificate is trusted"
  exit 77
}
cat key.pem certificate.pem >both.pem
mkdir served
cp "$lite0" served/
# Runs akin where the certificate is trusted.
akin() {
  unshare -rm sh -c "mount --bind certificate.pem $trust && exec akin \"\$@\"" akin "$@"
}

echo "# a mirror over HTTPS, and one that leads to another over HTTPS"
serve served --tls both.pem
secure=$port
AKIN_MIRROR="https://127.0.0.1:$secure" try pull efficientnet-lite0
AKIN_MIRROR="https://127.0.0.1:$secure/to/https--127.0.0.1:$secure" try pull efficientnet-lite0 --name led

echo "# led to where nothing is secure"
serve served
AKIN_MIRROR="https://127.0.0.1:$secure/to/http--127.0.0.1:$port" try pull efficientnet-lite0 --name refused
AKIN_MIRROR="https://127.0.0.1:$secure/to/file--$PWD/served" try pull efficientnet-lite0 --name refused
ls "$AKIN_MODELS"
