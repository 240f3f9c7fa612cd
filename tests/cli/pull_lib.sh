# shellcheck shell=sh
# pull_lib.sh - a server for the tests of akin model pull, and pulling without what differs from run to run.
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY

serve() { # FOLDER [--tls CERTIFICATE]: sets $port
  rm -f port
  python3 "$TESTS/serve.py" "$1" port ${2+"$2" "$3"} 2>/dev/null &
  servers="$servers $!"
  while [ ! -e port ]; do sleep 0.05; done
  port=$(cat port)
  export port
}
servers=
trap 'kill $servers' EXIT

pull() {
  pull_code=0
  akin model pull "$@" >../pulled 2>&1 || pull_code=$?
  sed -E 's/127.0.0.1:[0-9]+/SERVER/g; s/port [0-9]+/port N/; s/after [0-9]+ ms/after N ms/' ../pulled
  return $pull_code
}
