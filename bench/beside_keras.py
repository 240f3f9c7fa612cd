"""akin beside Keras: the same networks with the same random weights, the same photos, the same threads; a part of
bench/run. Features of new photos and the best five of each, from files to answers."""
import json
import pathlib
import shutil
import subprocess

import measure
from measure import Series

ROOT = pathlib.Path(__file__).resolve().parent.parent

# network, photos, how many times as fast as Keras at least. Keras computes 32 at a time, and compiles once more for a last
# batch that is smaller, as nearly every collection has one; what is left where there is none is measured, too.
CASES = [("vgg16", 100, 1.5), ("vgg16", 128, None), ("mobilenet-v2", 500, 4.5), ("mobilenet-v2", 512, None)]
# A process of Keras keeps the speed that it has; the next one may have another. So there are several in each round.
PROCESSES = 3
LARGEST = "vgg16"  # 553 MB of weights: what importing and opening it takes


class BesideKeras:
    def __init__(self, bench):
        self.bench = bench
        self.series = {}
        made = subprocess.run([ROOT / "scripts/keras-python"], stdout=subprocess.PIPE, text=True)
        self.python = made.stdout.strip() if made.returncode == 0 else None

    def run_peer(self, *arguments, paths=None):
        return measure.run([self.python, ROOT / "bench/keras_peer.py", *arguments], self.bench.env, paths)

    def weights(self, network):
        return self.bench.folder / f"{network}.weights.h5"

    def prepare(self):
        paths = self.bench.paths
        for network in dict.fromkeys(case[0] for case in CASES):
            self.run_peer("weights", network, self.weights(network))
            self.bench.run_akin("model", "import", self.weights(network), "--card", network)
        for network, count, _ in CASES:
            self.bench.copy(paths[:: max(1, len(paths) // count)][:count], self.folder(network, count).name)
            self.index(network, count)  # compiles the network
        self.open_largest()

    def folder(self, network, count):
        return self.bench.folder / f"{network}-{count}"

    def open_largest(self):
        weights, bench = self.weights(LARGEST), self.bench
        command = [bench.akin, "model", "import", weights, "--card", LARGEST, "--replace"]
        photo = bench.unknown[0]
        for _ in range(bench.rounds):
            self.add(LARGEST, "import memory", measure.anonymous_peak(command, bench.env))
            self.add(LARGEST, "import", bench.run_akin(*command[1:]).seconds)
            self.add(LARGEST, "embed", bench.run_akin("embed", "--model", LARGEST, photo).seconds)

    def index(self, network, count):
        store = "store-keras"
        shutil.rmtree(self.bench.folder / store, ignore_errors=True)
        return self.bench.run_akin("index", "--quiet", "--model", network, "--jobs", self.bench.jobs, self.folder(network, count), store=store)

    def round(self):
        for network, count, _ in CASES:
            index = self.index(network, count)
            answers = self.bench.run_akin("recommend", "-k", 5, "--format", "json", store="store-keras")
            paths = sorted(map(str, self.folder(network, count).iterdir()))
            case = network, count
            self.add(case, "rate", len(paths) / index.seconds)
            self.add(case, "memory", index.peak)
            for _ in range(PROCESSES):
                theirs = self.run_peer("recommend", network, self.weights(network), self.bench.jobs, paths=paths)
                seconds = json.loads(theirs.text)["seconds"]
                self.add(case, "their rate", len(paths) / seconds)
                self.add(case, "ratio", seconds / (index.seconds + answers.seconds))
                self.add(case, "their memory", theirs.peak)

    def add(self, case, name, value):
        self.series.setdefault((case, name), Series()).add(value)

    def version(self):
        return json.loads(self.run_peer("version").text)["version"]

    def rows(self):
        """As Bench.rows has them."""
        memory, embed = self.series[LARGEST, "import memory"], self.series[LARGEST, "embed"]
        rows = [(f"`akin model import`, {LARGEST}: peak of anonymous memory", "≤ 700 MB", memory.text(0, " MB"), memory.median <= 700),
                ("the same, time", "", self.series[LARGEST, "import"].text(1, " s"), None),
                (f"`akin embed`, {LARGEST}, a photo, compiled network kept, whole process", "≤ 0.5 s", embed.text(2, " s"), embed.median <= 0.5)]
        for network, count, least in CASES:
            of = lambda name: self.series[(network, count), name]
            what = f"index + recommend, {network}, {count} photos" + ("" if least else ", whole batches of Keras'")
            rows.append((f"{what}, against Keras", f"≥ {least}×" if least else "", of("ratio").text(2, "×"), of("ratio").median >= least if least else None))
            rows.append(("images/s: akin, Keras", "", f"{of('rate').text(1)}, {of('their rate').text(1)}", None))
            if least:
                rows.append(("peak memory: akin, Keras", "", f"{of('memory').text(0)}, {of('their memory').text(0)} MB", None))
        return rows
