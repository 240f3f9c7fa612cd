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
# batch that is smaller: there is none.
NETWORKS = [("vgg16", 128, 1.5), ("mobilenet-v2", 512, 4.5)]
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
        for network, count, _ in NETWORKS:
            self.run_peer("weights", network, self.weights(network))
            self.bench.run_akin("model", "import", self.weights(network), "--card", network)
            paths = self.bench.paths
            self.bench.copy(paths[:: max(1, len(paths) // count)][:count], network)
            self.index(network)  # compiles the network
        self.open_largest()

    def open_largest(self):
        weights, bench = self.weights(LARGEST), self.bench
        command = [bench.akin, "model", "import", weights, "--card", LARGEST, "--replace"]
        photo = next((bench.folder / LARGEST).iterdir())
        for _ in range(bench.rounds):
            self.add(LARGEST, "import memory", measure.anonymous_peak(command, bench.env))
            self.add(LARGEST, "import", bench.run_akin(*command[1:]).seconds)
            self.add(LARGEST, "embed", bench.run_akin("embed", "--model", LARGEST, photo).seconds)

    def index(self, network):
        store = "store-keras"
        shutil.rmtree(self.bench.folder / store, ignore_errors=True)
        folder = self.bench.folder / network
        return self.bench.run_akin("index", "--quiet", "--model", network, "--jobs", self.bench.jobs, folder, store=store)

    def round(self):
        for network, _, _ in NETWORKS:
            index = self.index(network)
            answers = self.bench.run_akin("recommend", "-k", 5, "--format", "json", store="store-keras")
            paths = sorted(map(str, (self.bench.folder / network).iterdir()))
            self.add(network, "rate", len(paths) / index.seconds)
            self.add(network, "memory", index.peak)
            for _ in range(PROCESSES):
                theirs = self.run_peer("recommend", network, self.weights(network), self.bench.jobs, paths=paths)
                seconds = json.loads(theirs.text)["seconds"]
                self.add(network, "their rate", len(paths) / seconds)
                self.add(network, "ratio", seconds / (index.seconds + answers.seconds))
                self.add(network, "their memory", theirs.peak)

    def add(self, network, name, value):
        self.series.setdefault((network, name), Series()).add(value)

    def version(self):
        return json.loads(self.run_peer("version").text)["version"]

    def rows(self):
        """As Bench.rows has them."""
        memory, embed = self.series[LARGEST, "import memory"], self.series[LARGEST, "embed"]
        rows = [(f"`akin model import`, {LARGEST}: peak of anonymous memory", "≤ 700 MB", memory.text(0, " MB"), memory.median <= 700),
                ("the same, time", "", self.series[LARGEST, "import"].text(1, " s"), None),
                (f"`akin embed`, {LARGEST}, a photo, compiled network kept, whole process", "≤ 0.5 s", embed.text(2, " s"), embed.median <= 0.5)]
        for network, _, least in NETWORKS:
            count = len(list((self.bench.folder / network).iterdir()))
            ratio, rates = self.series[network, "ratio"], [self.series[network, n].text(1) for n in ("rate", "their rate")]
            memory = [self.series[network, n].text(0) for n in ("memory", "their memory")]
            rows.append((f"index + recommend, {network}, {count} photos, against Keras", f"≥ {least}×", ratio.text(2, "×"), ratio.median >= least))
            rows.append((f"images/s, {network}: akin, Keras", "", ", ".join(rates), None))
            rows.append((f"peak memory, {network}: akin, Keras", "", f"{', '.join(memory)} MB", None))
        return rows
