"""approximate.py PROGRAM [--long] [--rows N] [--dim 256] [--kinds i8,f16,f32] [--threads N] - approximate search: akin
beside FAISS' HNSW at equal recall: building, questions a second, memory.

PROGRAM: bench_approximate. 200,000 × 256, with --long 1,000,000 × 256: random, clustered, seeded; questions are not among
the vectors. Each side builds with all threads and answers on one; times are those of the processor, of all threads
together, so that other programs do not count. Recall@10 is counted here, for both sides alike, against exact answers.
akin chooses how thoroughly it looks (it measures its recall itself); FAISS, with the same number of neighbours, looks as
thoroughly as it must to find as many. Needs the packages of requirements.txt.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import measure

measure.use_threads(measure.threads_asked())  # before these are loaded

import faiss  # noqa: E402
import numpy  # noqa: E402

K = 10
QUESTIONS = 1000


def make_vectors(rows, dim):
    """About 50 vectors a cluster, and clusters of clusters, as images have them: f32 [rows, dim], unit length."""
    random = numpy.random.default_rng(7)
    coarse = random.standard_normal((max(1, rows // 2500), dim), dtype=numpy.float32)
    centres = coarse[random.integers(len(coarse), size=max(1, rows // 50))]
    centres += 0.8 * random.standard_normal(centres.shape, dtype=numpy.float32)
    vectors = centres[random.integers(len(centres), size=rows)]
    vectors += 0.7 * random.standard_normal(vectors.shape, dtype=numpy.float32)
    vectors /= numpy.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def timed(work):
    """Seconds of the processor, all threads together, so that other programs do not count."""
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def recall(found, exact):
    return float(numpy.mean([len(set(a) & set(b)) / K for a, b in zip(found.tolist(), exact.tolist())]))


def run_akin(program, folder, dim, kind, threads, exact):
    command = [program, folder, folder / "vectors.f32", folder / "questions.f32", str(dim), kind, str(threads)]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    found = numpy.fromfile(folder / "found.u64", dtype=numpy.uint64).reshape(-1, K).astype(numpy.int64) - 1
    for name in ("bench.vec", "bench.hnsw"):
        (folder / name).unlink()
    result["true recall"] = recall(found, exact)
    return result


def run_faiss(vectors, questions, exact, threads, wanted):
    """Connectivity and construction as akin's; efSearch raised until recall is at least `wanted`."""
    faiss.omp_set_num_threads(threads)
    index = faiss.IndexHNSWFlat(vectors.shape[1], 16, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = 128
    build, _ = timed(lambda: index.add(vectors))
    faiss.omp_set_num_threads(1)
    for expansion in (16, 24, 32, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024):
        index.hnsw.efSearch = expansion
        seconds, (_, found) = timed(lambda: index.search(questions, K))
        if recall(found, exact) >= wanted:
            break
    size = len(faiss.serialize_index(index))
    return {"build": build, "ask": seconds / len(questions), "expansion": expansion, "bytes": size, "true recall": recall(found, exact)}


def row(name, result, rows):
    rate, megabytes = 1 / result["ask"], result["bytes"] / 1e6
    return f"| {name} | {result['build']:.1f} | {result['true recall']:.4f} | {result['expansion']} | {rate:,.0f} | {megabytes:,.0f} ({result['bytes'] / rows:.0f} a vector) |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--long", action="store_true", help="1,000,000 vectors")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--kinds", default="i8,f16,f32")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--no-faiss", action="store_true", help="akin alone")
    options = parser.parse_args()
    rows = options.rows or (1_000_000 if options.long else 200_000)
    everything = make_vectors(rows + QUESTIONS, options.dim)
    vectors, questions = everything[:rows], everything[rows:]
    flat = faiss.IndexFlatIP(options.dim)
    flat.add(vectors)
    _, exact = flat.search(questions, K)
    del flat
    results = {}
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/var/tmp")) as folder:
        folder = pathlib.Path(folder)
        vectors.tofile(folder / "vectors.f32")
        questions.tofile(folder / "questions.f32")
        for kind in options.kinds.split(","):
            results[f"akin, {kind}"] = run_akin(options.program, folder, options.dim, kind, options.threads, exact)
    akin = next(iter(results.values()))
    print(f"{measure.machine(options.threads)}. {rows:,} × {options.dim} (f32: {vectors.nbytes / 1e6:,.0f} MB), best {K}; built by {options.threads} threads, asked by one\n")
    if not options.no_faiss:
        results["FAISS IndexHNSWFlat"] = run_faiss(vectors, questions, exact, options.threads, akin["true recall"])
    print("| side | build, processor s | recall@10 | looks at | questions/s | index, MB |\n| --- | --- | --- | --- | --- | --- |")
    for name, result in results.items():
        print(row(name, result, rows))
    print("\n| akin's steps | processor s |\n| --- | --- |")
    for name, text in (("measure", "recall measured"), ("save", "written and synced"), ("open", "opened, all verified"), ("exact", "one question exactly")):
        print(f"| {text} | {akin[name]:.4f} |")
    print(f"\nakin's own measure: {akin['recall']:.4f}")


if __name__ == "__main__":
    main()
