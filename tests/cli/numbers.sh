# shellcheck shell=sh
# akin matrix, embed and export: numbers for other programs.
. "$TESTS/lib.sh"
prepare_store
rm photos/*-2.png photos/*-3.png
quietly akin index photos

try akin matrix
try akin matrix -o scores.npy
json_is labels scores.json
try akin matrix --format npy
try akin export features.npy
json_is labels features.json
try akin export
try akin export none/features.npy
try akin export -
try akin matrix --format npy -o -
try akin embed --layer stem_activation --model tiny -o embedded.npy photos/plain-1.png photos/none.png photos/slope-1.png photos/stripes-1.png
json_is labels embedded.json
try akin embed photos/none.png
quietly akin embed --layer stem_activation --raw -o raw.npy photos/*.png
must "all numbers agree" python3 - <<'END'
import ast, json, struct

def load(path):
    data = open(path, "rb").read()
    assert data[:8] == b"\x93NUMPY\x01\x00" and struct.unpack("<H", data[8:10]) == (118,)
    head = ast.literal_eval(data[10:128].decode())
    assert head["descr"] == "<f4" and not head["fortran_order"]
    rows, columns = head["shape"]
    assert len(data) == 128 + 4 * rows * columns
    values = struct.unpack("<%df" % (rows * columns), data[128:])
    return [values[i * columns:(i + 1) * columns] for i in range(rows)]

def dot(a, b):
    return sum(x * y for x, y in zip(a, b))

def near(a, b, tolerance=1e-5):
    assert abs(a - b) <= tolerance, (a, b)

features, scores, embedded, raw = (load(n + ".npy") for n in ("features", "scores", "embedded", "raw"))
images = json.load(open("features.json"))["images"]
assert images == sorted(images) == json.load(open("scores.json"))["images"] == json.load(open("embedded.json"))["images"]
for i in range(3):
    near(dot(features[i], features[i]), 1)
    assert scores[i][i] == 1
    length = dot(raw[i], raw[i]) ** 0.5
    assert abs(length - 1) > 0.01
    for j in range(3):
        near(dot(features[i], features[j]), scores[i][j])
        assert scores[i][j] == scores[j][i]
    for x, y, z in zip(features[i], embedded[i], raw[i]):
        near(x, y)
        near(x, z / length)
END
akin embed --layer stem_activation --format json photos/plain-1.png photos/slope-1.png >embed.json
json_is embed embed.json
akin embed --layer stem_activation photos/plain-1.png >embed.csv
must "JSON and CSV hold the same numbers" python3 - <<'END'
import csv, json
line = json.loads(open("embed.json").readline())
header, row = csv.reader(open("embed.csv", newline=""))
assert header == ["image"] + [str(i) for i in range(32)]
assert row == [line["image"]] + [repr(x) if x else "0" for x in line["feature"]] or \
    [float(x) for x in row[1:]] == line["feature"] and row[0] == line["image"]
END
