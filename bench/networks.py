#!/usr/bin/env python3
"""networks.py BENCH_NETWORKS [NAME...] - how long an image takes the network of every card in models/, or of those named:
on one core of this machine, the network alone, with random weights (networks.c). Into results/networks.json, which
scripts/make-models-table shows. Of several runs on one machine the fastest counts: other work only ever adds to a time.
On another machine, or with another OpenVINO, everything is measured anew."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import measure

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "networks.json"
UNKNOWN = 3  # exit code: only its file says what network it is: exports.py


def of_card(program, name):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, XDG_CACHE_HOME=folder)
        answer = subprocess.run([program, folder, name], env=environment, stdout=subprocess.PIPE, text=True)
    if answer.returncode == UNKNOWN:
        return None
    if answer.returncode:
        sys.exit(f"{name}: {program} ended with {answer.returncode}")
    return json.loads(answer.stdout)


def conditions_of(program):
    version = subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return {"machine": measure.machine(1), "runtime": version}


def known(conditions):
    """What was measured before under the same conditions."""
    if not RESULTS.exists():
        return {}
    before = json.loads(RESULTS.read_text(encoding="utf-8"))
    return before["networks"] if all(before[key] == value for key, value in conditions.items()) else {}


def keep(conditions, measured):
    """measured: names and what was found of them."""
    for name, found in measured:
        networks = known(conditions)
        if name in networks:
            found["milliseconds"] = min(found["milliseconds"], networks[name]["milliseconds"])
        networks[name] = found
        text = json.dumps(conditions | {"date": measure.today(), "networks": dict(sorted(networks.items()))}, indent=1)
        RESULTS.write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {found['milliseconds']} ms", flush=True)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program, names = sys.argv[1], sys.argv[2:]
    names = names or sorted(path.stem for path in (HERE.parent / "models").glob("*.json"))
    found = ((name, of_card(program, name)) for name in names)
    keep(conditions_of(program), ((name, figures) for name, figures in found if figures))


if __name__ == "__main__":
    main()
