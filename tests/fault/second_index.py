"""A second `akin index` while one is running: one line that names the other process, while questions are answered."""

from fault import Place, expect, held, proved, wait_until

with Place() as p:
    p.make_photos(30)
    p.import_model()
    p.index()
    p.make_photos(600, first=30)
    first = p.start("index", "--quiet", "--model", "tiny", p.photos)
    wait_until(lambda: p.images() > 30 or first.poll() is not None, "the first run has committed something")
    with held(first):
        for command in (["index", "--model", "tiny", p.photos], ["remove", p.photos / "a"], ["remove", "--model", "tiny"]):
            line = p.fails(*command, says=f"process {first.pid}")
            expect("writing this store" in line, line)
        proved("a second writer of any kind is refused with one line that names the first one's process")
        query = p.photos / "a" / "00000.png"
        for command in (["like", query], ["recommend", query], ["status"], ["verify"], ["matrix", "-o", p.folder / "m.csv"]):
            p.run(*command)
        proved("meanwhile like, recommend, status, verify and matrix answer")
    p.finish(first)
    expect(p.images() == 630, "the first run did not complete")
    p.expect_sound()
    proved("the first run completed")
