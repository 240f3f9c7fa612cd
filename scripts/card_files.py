"""card_files.py - writes cards that a script makes to models/, or says which of them are not as they should be."""

import json
import os
import sys

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "models")


def text_of(card):
    """JSON, indented; short lists of numbers in one line."""
    text = json.dumps(card, indent=2, ensure_ascii=False)
    for numbers in (card["mean"], card["scale"]):
        text = text.replace(json.dumps(numbers, indent=2).replace("\n", "\n  "), json.dumps(numbers))
    return text + "\n"


def renew(cards):
    """Names the files that are not these cards and writes them, unless the program was called with --check. Returns its exit
    code: 1 when it checks and something is to be changed."""
    check = sys.argv[1:] == ["--check"]
    changed = 0
    for card in cards:
        path = os.path.join(MODELS, card["name"] + ".json")
        text = text_of(card)
        old = open(path, encoding="utf-8").read() if os.path.exists(path) else None
        if text == old:
            continue
        changed += 1
        print(path, flush=True)
        if not check:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
    return 1 if check and changed else 0
