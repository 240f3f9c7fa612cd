#!/usr/bin/env python3
"""check_evaluation.py EVALUATION.json ANSWERS.json LABELS.csv - is the evaluation what the answers and the labels say? ANSWERS
are those of akin recommend for all images, with all other images as hits, as JSON. All is computed anew, by counting along
them. The intervals too: the resamples' generator is a published one."""
import csv
import json
import os
import sys

METRICS = ["precision", "recall", "map_k", "map_r", "map"]


def metrics_of(right, k):
    """right: of each hit, best first, whether it is of the class."""
    relevant = sum(right)
    precisions, found = [], 0
    for rank, hit in enumerate(right, 1):
        found += hit
        precisions.append(found / rank if hit else 0.0)
    return [
        sum(right[:k]) / k,
        sum(right[:k]) / relevant,
        sum(precisions[:k]) / min(k, relevant),
        sum(precisions[:relevant]) / relevant,
        sum(precisions) / relevant,
    ]


def splitmix64(seed):
    mask = 2**64 - 1
    state = seed
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        yield z ^ (z >> 31)


def means(queries):
    """queries: (class, metrics) each. Micro and macro."""
    by_class = {}
    for name, values in queries:
        by_class.setdefault(name, []).append(values)
    micro = [sum(v[m] for _, v in queries) / len(queries) for m in range(5)]
    macro = [sum(sum(v[m] for v in vs) / len(vs) for vs in by_class.values()) / len(by_class) for m in range(5)]
    return micro, macro


def quantile(values, share):
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def main(evaluation, answers, labels):
    told = json.load(open(evaluation))
    with open(answers) as file:
        orders = {a["image"]: [h["image"] for h in a["hits"]] for a in map(json.loads, file)}
    with open(labels, newline="") as file:
        rows = list(csv.DictReader(file))
    folder = os.path.dirname(os.path.abspath(labels))
    classes = {os.path.realpath(os.path.join(folder, r["image"])): r["kind"] for r in rows}
    known = sorted(path for path in orders if path in classes)
    queries, worst = [], []
    for path in known:
        right = [classes[hit] == classes[path] for hit in orders[path] if hit in classes]
        if any(right):
            values = metrics_of(right, told["k"])
            queries.append((classes[path], values))
            worst.append((values[3], values[4], path))
    assert told["images"] == len(known) and told["queries"] == len(queries), (told["images"], told["queries"])
    drawn = splitmix64(told["seed"])
    resampled = [means([queries[next(drawn) % len(queries)] for _ in queries]) for _ in range(told["resamples"])]
    model = told["models"][0]
    for kind, name in enumerate(["micro", "macro"]):
        for m, metric in enumerate(METRICS):
            values = [r[kind][m] for r in resampled]
            want = (means(queries)[kind][m], quantile(values, 0.025), quantile(values, 0.975))
            got = [model[name][metric][key] for key in ("value", "low", "high")]
            assert all(abs(g - w) < 2e-6 for g, w in zip(got, want)), (name, metric, got, want)
    assert [w["image"] for w in model["worst"]] == [w[2] for w in sorted(worst)][:len(model["worst"])], "the worst"


if __name__ == "__main__":
    main(*sys.argv[1:])
