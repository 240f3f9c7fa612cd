"""kill -9 at random moments: nothing that was committed is lost, verify is clean after each, and in the end everything
is as if nothing had happened."""

import random
import shutil
import signal
import time

from fault import Place, expect, kill, proved

PHOTOS = 600
KILLS = 20


def stop_after_commit(process, images, slice_):
    """Lets the process run a little at a time, until it has committed more than `images`: it then stands still, however
    busy the machine is. Or until it has ended. While the store comes into being nobody can read it, so it runs then."""
    while process.poll() is None and not (p.store / "akin.db-wal").exists():
        time.sleep(slice_)
    while process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        if (p.images(held=True) or 0) > images:
            return
        process.send_signal(signal.SIGCONT)
        time.sleep(slice_)


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
        if killed % 2:
            time.sleep(moments.uniform(0, whole / 4))  # at any moment
        else:
            stop_after_commit(process, images, whole / 60)
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
