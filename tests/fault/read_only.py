"""A store that cannot be written: questions are answered, what would write says so in one line, nothing changes."""

import os
import subprocess

from fault import NOBODY, Place, can_mount, expect, proved, skip, small_disk


def contents(folder):
    return {f: f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def set_modes(folder, folders, files):
    for f in [folder, *folder.rglob("*")]:
        f.chmod(folders if f.is_dir() else files)


def expect_answers_only(p, query, **options):
    before = contents(p.store)
    for command in (["like", query], ["recommend", "--format", "csv"], ["status"], ["verify"], ["matrix"]):
        p.run(*command, **options)
    for command in (["index", "--model", "tiny", p.photos], ["remove", query], ["remove", "--model", "tiny"]):
        p.fails(*command, says="the store cannot be written", **options)
    expect(contents(p.store) == before, "the read-only store has changed")


mounting = can_mount()
with Place() as p:
    p.make_photos(40)
    p.import_model()
    p.index()
    query = p.photos / "a" / "00000.png"
    expected = p.run("like", "--format", "json", query)[0]
    p.folder.chmod(0o755)

    someone = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    set_modes(p.models, 0o755, 0o644)
    set_modes(p.store, 0o555, 0o444)
    if someone and subprocess.run(["test", "-x", p.akin], **someone).returncode != 0:
        skip("the command cannot be run by another user than root from where it lies")
    expect(p.run("like", "--format", "json", query, **someone)[0] == expected, "the answer differs")
    expect_answers_only(p, query, **someone)
    proved("without write permission the store answers, and index and remove say that it cannot be written")

    for packed in (p.store / "vectors").iterdir():
        os.chmod(p.store / "vectors", 0o755)
        packed.unlink()
    set_modes(p.store, 0o555, 0o444)
    expect(p.run("like", "--format", "json", query, **someone)[0] == expected, "the answer differs")
    proved("the packed features are not needed either: they are made in memory")
    set_modes(p.store, 0o755, 0o644)

    if not mounting:
        print("left out: a read-only file system, which needs root and the right to mount")
    else:
        with small_disk(p.folder / "disk", 200):
            p.store = p.folder / "disk" / "store"
            p.index()
            subprocess.run(["mount", "-o", "remount,ro", p.folder / "disk"], check=True)
            expect_answers_only(p, query)
        proved("on a read-only file system as well")
