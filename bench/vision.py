#!/usr/bin/env python3
"""vision.py AKIN [NAME...] - how long an image takes the vision transformers that akin has cards of, on one core of this
machine: tests/parity/onnx/networks.py writes each in its real size with random weights, AKIN imports the file, which
measures it. Into results/networks.json, as networks.py does for the others. The largest takes 2.5 GB of disk for a while.
Also said, not kept: how long the import took, and its peak of memory."""
import json
import os
import pathlib
import sys
import tempfile

import measure

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "networks.json"
sys.path.insert(0, str(HERE.parent / "tests" / "parity" / "onnx"))
import networks

def of_card(program, name):
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ, AKIN_MODELS=f"{folder}/models", XDG_CACHE_HOME=f"{folder}/cache")
        file = f"{folder}/{name}.onnx"
        networks.write_real(name, file)
        done = measure.run([program, "model", "import", file, "--card", name], env=environment)
        facts = json.loads(measure.run([program, "model", "inspect", name, "--format", "json"], env=environment).text)
        listed = json.loads(measure.run([program, "model", "list", "--format", "json"], env=environment).text)["models"]
        milliseconds = next(model["milliseconds"] for model in listed if model["name"] == name)
    print(f"{name}: {milliseconds} ms; imported in {done.seconds:.1f} s, at most {done.peak:.0f} MB of memory", flush=True)
    return {"dim": facts["dim"], "weights": facts["weights"], "milliseconds": milliseconds}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    if results["machine"] != measure.machine(1):
        sys.exit(f"{RESULTS} is of another machine: ninja bench-networks first")
    for name in sys.argv[2:] or networks.REAL:
        found = of_card(sys.argv[1], name)
        before = results["networks"].get(name, found)
        results["networks"][name] = found | {"milliseconds": min(found["milliseconds"], before["milliseconds"])}
    results["networks"] = dict(sorted(results["networks"].items()))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
