# shellcheck shell=sh
# The heat map of akin matrix: a picture, and a page whose script may run and finds the right pairs.
. "$TESTS/lib.sh"
prepare_store
mkdir 'photos/<b>&amp;' photos/plain
cp photos/plain-1.png 'photos/<b>&amp;/<script>"'"'"'%41 é.png'
cp photos/slope-1.png photos/plain/copy.png
quietly akin index photos

try akin matrix -o map.png
try akin matrix --format html
try akin matrix -o like.html --order likeness
try akin matrix --format png
try akin matrix --format html -o -
try akin matrix --order likeness
try akin matrix --side 20 -o scores.npy
try akin matrix --side 15 -o map.png
try akin matrix -q -o scores.npy
try akin matrix -o none/map.html
try akin matrix --model none -o map.html
ls
cat >look.py <<'END'
import base64, hashlib, html.parser, json, re, struct, sys, urllib.parse, os

class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.scripts, self.policy, self.pictures, self.tags, self.kind = {}, "", [], [], None
    def handle_starttag(self, tag, attributes):
        a = dict(attributes)
        self.tags.append(tag)
        if tag == "meta" and "content-security" in a.get("http-equiv", "").lower():
            self.policy = a["content"]
        if tag == "img" and a.get("src"):
            self.pictures.append(a["src"])
        self.kind = a.get("type", "text/javascript") if tag == "script" else None
    def handle_data(self, data):
        if self.kind:
            self.scripts[self.kind] = self.scripts.get(self.kind, "") + data
    def handle_endtag(self, tag):
        self.kind = None

labels = json.load(open("scores.json"))
data = open("scores.npy", "rb").read()[128:]
n = len(labels["images"])
matrix = struct.unpack("<%df" % (n * n), data)
row_of = {path: i for i, path in enumerate(labels["images"])}
for name in ("matrix.html", "like.html"):
    page = Page()
    page.feed(open(name, encoding="utf-8").read())
    wanted = base64.b64encode(hashlib.sha256(page.scripts["text/javascript"].encode()).digest()).decode()
    assert "script-src 'sha256-%s'" % wanted in page.policy and "default-src 'none'" in page.policy, page.policy
    assert page.tags.count("script") == 2 and page.tags.count("b") == 0, page.tags
    cells = json.loads(page.scripts["application/json"])
    side, raw = cells["side"], base64.b64decode(cells["scores"])
    assert side == n == len(cells["cells"]) and len(raw) == n * (n + 1)
    rows = []
    for url, count in cells["cells"]:
        assert count == 1 and re.fullmatch(r"[A-Za-z0-9._~/%-]+", url), url
        rows.append(row_of[os.path.abspath(urllib.parse.unquote(url))])
    assert sorted(rows) == list(range(n)), rows
    assert name == "like.html" or rows == sorted(rows)
    values = iter(struct.unpack("<%dH" % (len(raw) // 2), raw))
    for i in range(n):
        for j in range(i, n):
            score = cells["low"] + next(values) / 65535 * (cells["high"] - cells["low"])
            assert abs(score - matrix[rows[i] * n + rows[j]]) < 1e-4, (i, j)
    kind, picture = page.pictures[0].split(",")
    assert kind == "data:image/png;base64"
    assert struct.unpack(">II", base64.b64decode(picture)[16:24]) == (n, n)
width, height = struct.unpack(">II", open("map.png", "rb").read()[16:24])
assert width > height > 600, (width, height)
END
must "pages and picture show the matrix" python3 look.py
