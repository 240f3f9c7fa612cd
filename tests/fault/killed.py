"""kill -9 at random moments: nothing that was committed is lost, verify is clean after each, and in the end everything
is as if nothing had happened."""

import random
import shutil
import time

from fault import Place, expect, kill, proved, wait_until

PHOTOS = 600
KILLS = 20

with Place() as p:
    p.make_photos(PHOTOS)
    p.import_model()
    undisturbed = p.folder / "undisturbed"
    began = time.monotonic()
    p.index(store=undisturbed)
    whole = time.monotonic() - began
    expected = p.answers(undisturbed)

    moments = random.Random(1)
    killed = grown = completed = images = 0
    while killed < KILLS:
        process = p.start("index", "--quiet", "--model", "tiny", p.photos)
        if killed % 2:  # at any moment; else between two commits, or in one
            time.sleep(moments.uniform(0, whole / 4))
        else:
            wait_until(lambda: p.images() > images or process.poll() is not None, "a commit")
            time.sleep(moments.uniform(0, whole / 20))
        killed += process.poll() is None
        kill(process)
        before, images = images, p.images()
        expect(images >= before, f"after a kill the store has {images} images, it had {before}")
        grown += before < images < PHOTOS
        if images:
            p.expect_sound()
        if images == PHOTOS:  # once more from the beginning
            expect(p.answers() == expected, "the answers differ from those of an undisturbed run")
            shutil.rmtree(p.store)
            completed += 1
            images = 0
    expect(grown >= 1, "no run was killed between two commits")
    proved(f"{KILLS} runs were killed, {grown} of them after a commit; verify was clean after each, no commit was lost")
    p.index()
    p.expect_sound()
    expect(p.answers() == expected, "the answers differ from those of an undisturbed run")
    proved(f"a last run completes {PHOTOS} images: every feature and recommendation is that of an undisturbed run "
           f"(so it was {completed} times before)")
