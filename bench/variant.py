"""A network imported with its card changed in some respect, in a store, models' folder and cache of its own."""
import argparse
import json
import os
import pathlib
import subprocess


class Variant:
    def __init__(self, options, folder, name, change):
        """change: what replaces values of the card: of "mirror", else of its input; what is left is not mirrored."""
        card = json.loads(pathlib.Path(options.card).read_text())
        card.update(name=name, mirror=change.get("mirror", False))
        if "fit" in change:
            for key in ("crop_fraction", "pad_colour"):
                card["input"].pop(key, None)
        card["input"].update({key: value for key, value in change.items() if key != "mirror"})
        path = pathlib.Path(folder, f"{name}.json")
        path.write_text(json.dumps(card))
        self.akin = options.akin
        self.env = dict(os.environ, AKIN_MODELS=f"{folder}/models", AKIN_STORE=f"{folder}/store", XDG_CACHE_HOME=f"{folder}/cache")
        self.run("model", "import", "--quiet", options.weights, "--card", str(path))

    def run(self, *arguments):
        """Standard output of an akin command that must succeed."""
        return subprocess.run([self.akin, *arguments], env=self.env, check=True, stdout=subprocess.PIPE).stdout


def parser(description):
    """The arguments that every measurement with variants takes."""
    p = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("photos")
    p.add_argument("--akin", default="build/akin")
    p.add_argument("--weights", default=".deps/weights/efficientnet-lite0-57934424.pth")
    p.add_argument("--card", default="models/efficientnet-lite0.json")
    return p
