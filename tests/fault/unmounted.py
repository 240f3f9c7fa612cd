"""A disk that is not mounted must not empty a store: a folder that is missing or empty is refused, unless --prune says
that it really is."""

from fault import Place, expect, proved

with Place() as p:
    p.make_photos(30)
    other = p.folder / "other"
    other.mkdir()
    (other / "1.png").write_bytes((p.photos / "a" / "00000.png").read_bytes())
    p.import_model()
    p.run("index", "--quiet", "--model", "tiny", p.photos, other)
    before = p.answers()

    away = p.folder / "away"
    p.photos.rename(away)
    p.fails("index", p.photos, says="the store knows 30 images there; mount it, or say --prune")
    expect(p.answers() == before, "the store has changed")
    proved("a missing folder is refused, and the store is as it was")
    p.photos.mkdir()
    p.fails("index", p.photos, says="the store knows 30 images there; mount it, or say --prune")
    expect(p.answers() == before, "the store has changed")
    proved("so is an empty one")
    p.fails("index", p.photos, other, says="--prune")
    expect(p.images() == 31, "the store has changed")

    p.photos.rmdir()
    away.rename(p.photos)
    out = p.run("index", p.photos)[1]
    expect("0 new, 30 unchanged" in out, f"not everything is known when the disk is back: {out!r}")
    proved("when the disk is back nothing is computed again")

    p.photos.rename(away)
    p.photos.mkdir()
    p.run("index", "--quiet", "--prune", p.photos)
    expect(p.images() == 1, "--prune did not take the images out")
    p.photos.rmdir()
    away.rename(p.photos)
    p.index()
    p.photos.rename(away)
    p.run("index", "--quiet", "--prune", p.photos)
    expect(p.images() == 1, "--prune did not take the images of a missing folder out")
    p.expect_sound()
    proved("--prune takes the images of an empty and of a missing folder out, and no others")
