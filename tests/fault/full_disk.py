"""Disks that are full or become so: one line each, nothing that was committed is lost, and with room it goes on."""

from fault import Place, can_mount, expect, expect_one_line, fill_disk, held, picture, proved, skip, small_disk, wait_until

PHOTOS = 1200


def too_small_from_the_start(p, disk):
    p.store = disk / "store"
    p.fails("index", "--quiet", "--model", "tiny", p.photos, says="make room")
    expect(p.images() == 0, "something was stored on a disk that is too small")
    proved("a disk that is too small is refused before the work begins")


def full_while_indexing(p, disk):
    p.store = disk / "store"
    running = p.start("index", "--quiet", "--model", "tiny", p.photos)
    wait_until(lambda: p.images() > 0, "the first images are stored")
    with held(running):
        ballast = fill_disk(disk)
    err = p.finish(running, want=1)[1]
    expect_one_line(err, "akin.db")
    stored = p.images()
    expect(0 < stored < PHOTOS, f"{stored} images are stored")
    p.expect_sound()
    p.run("like", p.photos / "a" / "00000.png")
    proved(f"a disk that became full stopped the run with one line; its {stored} committed images are sound and answer")

    ballast.unlink()
    p.index()
    expect(p.images() == PHOTOS, "the rest was not indexed")
    p.expect_sound()
    answers = p.answers()
    p.store = p.folder / "store"
    p.index()
    expect(p.answers() == answers, "the answers differ from those of a run on a large disk")
    proved("with room again the run completed, with the answers of an undisturbed one")


def full_for_models(p, disk):
    p.models, kept = disk / "models", p.models
    ballast = fill_disk(disk)
    p.fails("model", "import", p.weights, "--card", p.card, says="the disk has")
    ballast.unlink()
    names = p.run("model", "list", "--format", "json")[0]
    expect(b'"tiny"' not in names, "half a model was left")
    p.import_model()
    p.run("verify")
    p.models = kept
    proved("a model is imported as a whole or not at all")


def full_for_results(p, disk):
    query = p.photos / "a" / "00000.png"
    fill_disk(disk)
    p.fails("export", disk / "e.npy", says="No space left")
    p.fails("matrix", "-q", "-o", disk / "m.npy", says="are needed, the disk has")
    p.fails("matrix", "-q", "-o", disk / "m.csv", says="are needed, the disk has")
    p.fails("matrix", "-q", "--format", "csv", "-o", "/dev/full", says="No space left")
    p.fails("recommend", "--format", "html", "-o", disk / "page.html", query, says="No space left")
    left = [f.name for f in disk.iterdir() if f.name != "ballast"]
    expect(not left, f"half a result was left: {left}")
    with open("/dev/full", "wb") as full:
        p.fails("like", query, says="standard output", stdout=full)
    proved("results that cannot be written whole are no success, and nothing half is left")


def full_for_caches(p, disk):
    stranger = p.folder / "stranger.png"
    stranger.write_bytes(picture("stranger"))
    expected = p.run("like", "--format", "json", stranger)[0]
    p.cache = disk / "cache"
    fill_disk(disk)
    expect(p.run("like", "--format", "json", stranger)[0] == expected, "another answer")
    proved("a full cache folder costs time, but no answer")


if not can_mount():
    skip("needs root and the right to mount a small disk")
with Place() as p:
    p.make_photos(PHOTOS)
    p.import_model()
    disk = p.folder / "disk"
    for megabytes, test in ((8, too_small_from_the_start), (100, full_while_indexing), (2, full_for_models),
                            (2, full_for_results), (2, full_for_caches)):
        with small_disk(disk, megabytes):
            test(p, disk)
