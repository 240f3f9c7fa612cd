"""search.py PROGRAM [--rows 20000] [--dim 1280] [-k 10] [--rounds 21] - one question against all vectors, exactly, on one
thread: akin beside FAISS, numpy and a plain loop; and what the cache costs that akin keeps the vectors in.

PROGRAM: bench_search. Vectors are random, clustered and seeded. In each round every side answers the same question, one
after the other; the table shows medians with the lowest and highest, ratios are medians of the rounds' ratios. The
neighbours must be the same. Needs the packages of requirements.txt.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import measure

measure.use_threads(1)

import faiss  # noqa: E402
import numpy  # noqa: E402


class Akin:
    def __init__(self, program, folder, vectors, dim):
        command = [program, folder, vectors, str(dim)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("bench_search has ended")
        return json.loads(line)


def make_vectors(rows, dim):
    """Clusters, so that there are near and far neighbours; f32 [rows, dim], unit length."""
    random = numpy.random.default_rng(7)
    centres = random.standard_normal((max(1, rows // 50), dim), dtype=numpy.float32)
    vectors = centres[random.integers(len(centres), size=rows)]
    vectors += 0.7 * random.standard_normal((rows, dim), dtype=numpy.float32)
    return vectors / numpy.linalg.norm(vectors, axis=1, keepdims=True)


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def numpy_best(vectors, query, k):
    scores = vectors @ query
    best = numpy.argpartition(scores, -k)[-k:]
    return best[numpy.argsort(-scores[best])]


def one_round(akin, index, vectors, row, k, series):
    query = vectors[row]
    answer = akin.ask("best", k, row)
    seconds = {"akin": answer["seconds"]}
    seconds["FAISS IndexFlatIP"], (_, theirs) = timed(lambda: index.search(query[None], k))
    seconds["numpy"], _ = timed(lambda: numpy_best(vectors, query, k))
    seconds["plain loop, scores only"] = akin.ask("scores", "loop", row)["seconds"]
    for name, value in seconds.items():
        series.setdefault(name, measure.Series()).add(1e3 * value)
        series.setdefault(("ratio", name), measure.Series()).add(seconds["akin"] / value)
    same = set(answer["ids"]) == {int(i) + 1 for i in theirs[0]}
    if not same:
        raise SystemExit(f"row {row}: {answer['ids']} from akin, {theirs[0] + 1} from FAISS")


def measure_cache(akin, rounds):
    commits, opens = measure.Series(), measure.Series()
    for _ in range(3):
        commits.add(1e3 * akin.ask("commit")["seconds"])
    for _ in range(rounds):
        opens.add(1e3 * akin.ask("open")["seconds"])
    return commits, opens


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--dim", type=int, default=1280)
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=21)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    vectors = make_vectors(options.rows, options.dim)
    index = faiss.IndexFlatIP(options.dim)
    index.add(vectors)
    series = {}
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "vectors.f32"
        vectors.tofile(file)
        akin = Akin(options.program, folder, file, options.dim)
        commits, opens = measure_cache(akin, options.rounds)
        for i in range(options.rounds):
            one_round(akin, index, vectors, i * 7919 % options.rows, options.k, series)
        sets = {}
        for name in [akin.ask("scores", "plain", 0)["usual"], "avx2", "plain"]:
            if name not in sets and (name != "avx2" or measure.widest_vectors() in ("avx2", "avx512f")):
                values = [1e3 * akin.ask("scores", name, i)["seconds"] for i in range(options.rounds)]
                sets[name] = measure.Series()
                sets[name].values = values
        akin.process.stdin.close()
        akin.process.wait()
    megabytes = vectors.nbytes / 1e6
    print(f"{measure.machine(1)}\n{options.rows:,} × {options.dim:,} ({megabytes:.0f} MB), best {options.k}, one thread\n")
    print("| side | ms | akin's time over it |\n| --- | --- | --- |")
    for name in ("akin", "FAISS IndexFlatIP", "numpy", "plain loop, scores only"):
        print(f"| {name} | {series[name].text(2)} | {series['ratio', name].text(2)} |")
    print("\n| akin's parts | ms | GB/s |\n| --- | --- | --- |")
    for name, values in sets.items():
        print(f"| scores, {name} | {values.text(2)} | {megabytes / values.median:.1f} |")
    print(f"| cache: write and sync | {commits.text(1)} | {megabytes / commits.median:.1f} |")
    print(f"| cache: open, all verified | {opens.text(2)} | {megabytes / opens.median:.1f} |")


if __name__ == "__main__":
    main()
