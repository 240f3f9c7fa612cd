"""Images that come, go and change while they are indexed: no run fails, and the store ends as the folder does."""

import os
import random
import threading

from fault import Place, expect, picture, proved

PHOTOS = 300
RUNS = 6


def disturb(p, stop):
    """Deletes, creates, changes, renames and halves images until told to stop."""
    r = random.Random(2)
    number = 10000
    while not stop.is_set():
        files = [f for f in p.photos.rglob("*.png") if not f.name.startswith("keep")]
        victim = r.choice(files)
        number += 1
        what = r.randrange(5)
        if what == 0 and len(files) > PHOTOS // 2:
            victim.unlink()
        elif what == 1:
            (victim.parent / f"{number}.png").write_bytes(picture(number))
        elif what == 2:
            victim.write_bytes(picture(number))
        elif what == 3:
            victim.rename(victim.parent / f"{number}.png")
        else:
            os.truncate(victim, victim.stat().st_size // 2)


with Place() as p:
    p.make_photos(PHOTOS)
    for folder in p.photos.iterdir():
        (folder / "keep.png").write_bytes(picture(folder.name))
    p.import_model()
    stop = threading.Event()
    disturber = threading.Thread(target=disturb, args=(p, stop))
    disturber.start()
    try:
        for _ in range(RUNS):
            err = p.index(want=(0, 3))[1]
            for line in err.splitlines():
                expect(line.startswith(("skipped ", "akin: ", "note: ")), f"an unexpected line: {line!r}")
    finally:
        stop.set()
        disturber.join()
    proved(f"{RUNS} runs ended well while images vanished, changed and came")
    p.index(want=(0, 3))
    p.index(want=(0, 3), store=p.folder / "fresh")
    p.expect_sound()
    expect(p.answers() == p.answers(p.folder / "fresh"), "the store differs from a fresh one of the same folder")
    proved("afterwards the store answers as a fresh one of the same folder does")
