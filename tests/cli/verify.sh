# shellcheck shell=sh
# akin verify: sound, or each fault on a line and exit code 1.
. "$TESTS/lib.sh"
try akin verify
prepare_store
try akin verify
akin verify --format json >verify.json
json_is verify verify.json
python3 - <<'END'
import os
folder = os.environ["AKIN_MODELS"] + "/tiny"
path = os.path.join(folder, "weights.bin")
data = bytearray(open(path, "rb").read())
data[len(data) // 2] ^= 1
open(path, "wb").write(data)
END
try akin verify
try akin verify --format json
akin verify --format json >verify.json
json_is verify verify.json

# A model that cannot even be opened is no sound one; nor are new features computed from damaged weights
# (what was compiled of them while they were sound is gone).
rm -r "$XDG_CACHE_HOME"/akin/compiled
try akin embed --model tiny photos/plain-1.png
echo "{" >"$AKIN_MODELS/tiny/card.json"
try akin verify
akin model list >list.txt
grep -E "^(name|tiny|shop) " list.txt
akin model list --format json >list.json
json_is model-list list.json
