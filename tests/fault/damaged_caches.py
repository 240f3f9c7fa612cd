"""Whatever is damaged of what can be made again - packed features, graphs, compiled networks, locks - the answers are the
same and no command fails."""

import random
import shutil

from fault import Place, expect, proved

TRUTH = {"akin.db", "akin.db-wal", "akin.db-shm"}


def flip(data, r):
    at = r.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << r.randrange(8)]) + data[at + 1 :]


DAMAGES = {
    "a flipped bit": flip,
    "a flipped bit in the first bytes": lambda data, r: flip(data[:128], r) + data[128:],
    "its end cut off": lambda data, r: data[: r.randrange(len(data))],
    "nothing in it": lambda data, r: b"",
    "something else in it": lambda data, r: r.randbytes(len(data)),
    "something behind it": lambda data, r: data + r.randbytes(4096),
}

with Place() as p:
    p.make_photos(60)
    p.import_model()
    p.index("--approximate")
    query = p.folder / "new.png"
    shutil.copy(p.photos / "a" / "00000.png", query)
    new = p.folder / "unknown"
    new.mkdir()
    p.photos, kept = new, p.photos
    p.make_photos(3, first=5000)  # images that no store knows: the network is needed to answer
    p.photos = kept
    strangers = sorted(new.rglob("*.png"))

    def ask():
        return p.answers() + p.run("like", "--format", "json", *strangers)[0]

    expected = ask()
    r = random.Random(3)
    derived = [f for folder in (p.store, p.cache) for f in sorted(folder.rglob("*")) if f.is_file() and f.name not in TRUTH]
    blobs = [f for f in derived if f.suffix == ".blob"]
    packed = [f for f in derived if f.suffix == ".vec"]
    graphs = [f for f in derived if f.suffix == ".hnsw"]
    expect(blobs and packed and graphs, f"no compiled network, packed features or graph among {derived}")
    tried = 0
    for file in derived:
        whole = file.read_bytes()
        for how, damage in DAMAGES.items():
            for _ in range(4 if "flipped" in how else 1):
                if not whole:
                    continue
                file.write_bytes(damage(whole, r))
                expect(ask() == expected, f"{file} with {how}: other answers")
                tried += 1
        file.unlink(missing_ok=True)
        expect(ask() == expected, f"{file} deleted: other answers")
    for file in (packed[0], blobs[0]):
        file.write_bytes(flip(file.read_bytes() if file.exists() else b"", r))
        said = [p.run("like", *strangers)[1] for _ in range(2)]
        expect(file.name in said[0] and "damaged" in said[0], f"a flipped bit in {file} was not told: {said[0]!r}")
        expect(file.name not in said[1], f"{file} was made again, and is told once more: {said[1]!r}")
    p.index()
    p.expect_sound()
    proved(f"{tried} damages of {len(derived)} files that can be made again changed no answer")

    for folder in (p.store / "vectors", p.cache / "akin"):
        shutil.rmtree(folder)
        folder.write_bytes(b"a file where a folder should be")
        expect(ask() == expected, f"{folder} is a file: other answers")
        folder.unlink()
    expect(ask() == expected, "other answers in the end")
    proved("files in the place of their folders do no harm either")
