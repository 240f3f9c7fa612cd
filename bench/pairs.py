"""pairs.py PROGRAM [--sizes 2000x4096,20000x1280,100000x256] [-k 10] [--rounds 3] [--threads N] - the best k of all against all, exactly:
akin beside FAISS IndexFlatIP and numpy; and one question against 20,000 × 1,280.

PROGRAM: bench_search. Vectors are random, clustered and seeded; all sides have the same, as many threads as there are cores
(taskset for fewer), and the instructions that the processor has (measure.py). In each round every side does the same work,
one after the other; the tables show medians with the lowest and highest, ratios are medians of the rounds' ratios. numpy does
10,000 rows at most, and its time is that times the rest. The neighbours must be the same. Memory: by how much a process' peak
grows meanwhile. Where other programs run, `--processor --threads 1` gives seconds of the processor in place of the clock's (not
with more threads: those that wait take time, too). Needs the packages of requirements.txt.
"""

import argparse
import os
import pathlib
import tempfile
import time

import measure

# Needed before faiss and numpy are loaded, which is before the other options are read.
THREADS = measure.threads_asked()
measure.use_threads(THREADS)

import faiss  # noqa: E402
import numpy  # noqa: E402

import search  # noqa: E402

PAUSE = 0.5  # seconds before each side: the threads of the one before wait for more work with all of a core
BRIEF = 2000  # rows
BUDGETS = {"pairs": 0.55, "question": 0.7}


NUMPY_ROWS = 10000


def numpy_pairs(vectors, k, count, block=2000):
    """What one writes with numpy, for the first rows: a block of them against all, argpartition, sort."""
    best = numpy.empty((count, k), dtype=numpy.int64)
    for start in range(0, count, block):
        scores = vectors[start : min(count, start + block)] @ vectors.T
        rows = numpy.arange(len(scores))
        scores[rows, start + rows] = -2
        chosen = numpy.argpartition(scores, -k, axis=1)[:, -k:]
        order = numpy.argsort(-numpy.take_along_axis(scores, chosen, 1), axis=1)
        best[start : start + block] = numpy.take_along_axis(chosen, order, 1)
    return best


def same_neighbours(vectors, ours, theirs):
    """Rows of which both sides name the same neighbours, or others whose score is the same but for rounding."""
    different = numpy.nonzero((numpy.sort(ours, 1) != numpy.sort(theirs, 1)).any(axis=1))[0]
    for i in different:
        a, b = (numpy.sort(vectors[x] @ vectors[i]) for x in (ours[i], theirs[i]))
        if numpy.abs(a - b).max() > 2e-6:
            raise SystemExit(f"row {i}: {ours[i]} from akin, {theirs[i]} from the other")
    return len(ours) - len(different)


def peak_mb(pid="self"):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def processor_seconds(pid="self"):
    if pid == "self":
        return time.process_time()
    return sum(int(task.joinpath("schedstat").read_text().split()[0]) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def reset_peak(pid="self"):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    return peak_mb(pid)


class Sides:
    def __init__(self, options, rows, dim, folder):
        self.options, self.rows, self.dim, self.folder = options, rows, dim, folder
        self.vectors = search.make_vectors(rows, dim)
        self.index = faiss.IndexFlatIP(dim)
        self.index.add(self.vectors)
        file = folder / "vectors.f32"
        self.vectors.tofile(file)
        self.akin = search.Akin(options.program, folder, file, dim)
        self.akin.ask("commit")
        self.akin.ask("open")
        self.series, self.same = {}, rows

    def add(self, name, value):
        self.series.setdefault(name, measure.Series()).add(value)

    def one(self, name, pid, work):
        """Of little work the second run counts, of every side: in the first a kernel spreads threads over idle cores, which
        takes it some 10 ms."""
        time.sleep(PAUSE)
        if self.rows <= BRIEF:
            work()
        before, began = reset_peak(pid), processor_seconds(pid)
        seconds, result = search.timed(work)
        if self.options.processor:
            seconds = processor_seconds(pid) - began
        self.add(("memory", name), peak_mb(pid) - before)
        return seconds, result

    def pairs_round(self):
        k, pid = self.options.k, self.akin.process.pid
        seconds = {}
        taken, answer = self.one("akin", pid, lambda: self.akin.ask("pairs", k, THREADS))
        seconds["akin"] = taken if self.options.processor else answer["seconds"]
        ours = numpy.fromfile(self.folder / "pairs.u32", dtype=numpy.uint32).reshape(-1, k).astype(numpy.int64)
        seconds["FAISS IndexFlatIP"], theirs = self.one("FAISS IndexFlatIP", "self", lambda: self.index.search(self.vectors, k + 1))
        theirs = numpy.array([row[row != i][:k] for i, row in enumerate(theirs[1])])
        self.same = min(self.same, same_neighbours(self.vectors, ours, theirs))
        if not self.options.no_numpy:
            count = min(self.rows, NUMPY_ROWS)
            taken, theirs = self.one("numpy", "self", lambda: numpy_pairs(self.vectors, k, count))
            seconds["numpy"] = taken * self.rows / count
            same_neighbours(self.vectors, ours[:count], theirs)
        for name, value in seconds.items():
            self.add(("seconds", name), value)
            self.add(("ratio", name), seconds["akin"] / value)

    def question_round(self, row):
        query, k, pid = self.vectors[row], self.options.k, self.akin.process.pid
        if self.options.processor:
            before = processor_seconds(pid)
            self.akin.ask("best", k, row)
            ours, own = processor_seconds(pid) - before, processor_seconds()
            self.index.search(query[None], k)
            theirs = processor_seconds() - own
        else:
            ours = self.akin.ask("best", k, row)["seconds"]
            theirs, _ = search.timed(lambda: self.index.search(query[None], k))
        self.add("question", 1e3 * ours)
        self.add("question of FAISS", 1e3 * theirs)
        self.add("question ratio", ours / theirs)

    def end(self):
        self.akin.process.stdin.close()
        self.akin.process.wait()


def verdict(ratio, budget):
    return "met" if ratio <= budget else "**missed**"


def pairs_lines(sides):
    s, names = sides.series, ["akin", "FAISS IndexFlatIP"] + ([] if sides.options.no_numpy else ["numpy"])
    for name in names:
        ratio = "" if name == "akin" else s["ratio", name].text(2)
        met = verdict(s["ratio", name].median, BUDGETS["pairs"]) if name.startswith("FAISS") else ""
        memory = f"{s['memory', name].median:.0f}"
        yield f"| {sides.rows:,} × {sides.dim:,} | {name} | {s['seconds', name].text(2)} | {ratio} | {memory} | {met} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--sizes", default="2000x4096,20000x1280,100000x256")
    parser.add_argument("-k", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=THREADS, help="of all sides; default: as many as there are cores")
    parser.add_argument("--no-numpy", action="store_true")
    parser.add_argument("--processor", action="store_true", help="seconds of the processor")
    options = parser.parse_args()
    tables, question = [], ""
    for rows, dim in (map(int, size.split("x")) for size in options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            sides = Sides(options, rows, dim, pathlib.Path(folder))
            for _ in range(options.rounds):
                sides.pairs_round()
            tables.extend(pairs_lines(sides))
            print(f"{rows:,} × {dim:,}: {sides.same:,} rows with the very same neighbours, the others tie but for rounding", flush=True)
            if (rows, dim) == (20000, 1280):
                faiss.omp_set_num_threads(1)
                for i in range(21):
                    sides.question_round(i * 7919 % rows)
                faiss.omp_set_num_threads(THREADS)
                s = sides.series
                met = verdict(s["question ratio"].median, BUDGETS["question"])
                question = (f"\nOne question against 20,000 × 1,280, one thread: akin {s['question'].text(2)} ms, FAISS "
                            f"{s['question of FAISS'].text(2)} ms, ratio {s['question ratio'].text(2)} (≤ {BUDGETS['question']}): {met}")
            sides.end()
    print(f"\n{measure.machine(THREADS)}. {measure.today()}. FAISS {faiss.__version__}, numpy {numpy.__version__}. "
          f"Best {options.k} of each row, {THREADS} threads, {'seconds of the processor' if options.processor else 'seconds'}, rounds: {options.rounds}\n")
    print(f"| rows | side | seconds | akin's time over it (≤ {BUDGETS['pairs']} of FAISS) | MB besides the vectors | |")
    print("| --- | --- | --- | --- | --- | --- |")
    print("\n".join(tables) + "\n" + question)


if __name__ == "__main__":
    main()
