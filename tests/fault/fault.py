"""What the fault tests share: a place with photos, a tiny model and a store of its own, the real command, and the
question whether two stores give the same answers.

A fault test is a program: TEST AKIN MODEL.pth CARD.json. It prints what it proved, one line each, and exits 0; 77 when
this machine does not let it make the fault (it says why); anything else is a failure.
"""

import contextlib
import errno
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

PATIENCE = 120  # seconds; whatever takes longer hangs
NOBODY = 65534


def proved(text):
    print("proved:", text, flush=True)


def skip(why):
    print("skipped:", why)
    sys.exit(77)


def expect(condition, text):
    if not condition:
        print("FAILED:", text)
        sys.exit(1)


def can_mount():
    """Whether disks can be mounted here. If so, the program starts once more, where its mounts are nobody else's: call it
    first of all."""
    if os.environ.get("AKIN_FAULT_MOUNTS"):
        return True
    if os.geteuid() != 0 or not shutil.which("unshare"):
        return False
    if subprocess.run(["unshare", "--mount", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        return False
    os.environ["AKIN_FAULT_MOUNTS"] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable] + sys.argv)


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """A disk of that size, mounted for the time of the block."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "akin-fault", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill_disk(folder):
    """Writes until the disk takes no more. Returns the file that takes all the room."""
    ballast = folder / "ballast"
    for size in (1 << 20, 4096):
        with open(ballast, "ab", buffering=0) as file:
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError as e:
                expect(e.errno == errno.ENOSPC, f"{ballast}: {e}")
    return ballast


def picture(seed, width=32, height=24):
    """The bytes of a PNG file, another one for each seed."""
    r = random.Random(seed)
    colour = [r.randrange(256) for _ in range(3)]
    slope = [r.randrange(-4, 5) for _ in range(6)]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows.extend((colour[c] + slope[c] * x + slope[c + 3] * y) & 255 for c in range(3))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 1)) + chunk(b"IEND", b"")


class Place:
    """A temporary folder with photos, models, caches and stores; removed at the end."""

    def __init__(self):
        self.akin, self.weights, self.card = (os.path.abspath(a) for a in sys.argv[1:4])
        self.temporary = tempfile.TemporaryDirectory(prefix="akin-fault-")
        self.folder = Path(self.temporary.name)
        self.photos = self.folder / "photos"
        self.store = self.folder / "store"
        self.models = self.folder / "models"
        self.cache = self.folder / "cache"
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:  # one that stands still would outlive a test that failed
            if process.poll() is None:
                process.kill()
        self.temporary.cleanup()

    def make_photos(self, count, first=0):
        """COUNT different pictures in a few folders, one with a name that is hard to handle."""
        for i in range(first, first + count):
            folder = self.photos / ["a", "b", "c, \"d\"\ne"][i % 3]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{i:05}.png").write_bytes(picture(i))

    def environment(self, store=None):
        own = {"AKIN_STORE": store or self.store, "AKIN_MODELS": self.models, "XDG_CACHE_HOME": self.cache}
        return {**os.environ, "LC_ALL": "C.UTF-8", **{name: str(value) for name, value in own.items()}}

    def start(self, *arguments, store=None, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        command = [self.akin, *(os.fspath(a) for a in arguments)]
        process = subprocess.Popen(command, env=self.environment(store), **options)
        self.processes.append(process)
        return process

    def run(self, *arguments, want=0, store=None, **options):
        """Runs the command to its end. want: its exit code. Returns (standard output, standard error)."""
        process = self.start(*arguments, store=store, **options)
        return self.finish(process, want)

    def finish(self, process, want=0):
        try:
            out, err = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            expect(False, f"{process.args} hangs")
        err = err.decode(errors="replace")
        wanted = want if isinstance(want, tuple) else (want,)
        expect(process.returncode in wanted, f"{process.args} ended with {process.returncode}, not {want}: {err}")
        return out, err

    def fails(self, *arguments, says, **options):
        """The command must end with 1 and one line that says what is wrong."""
        out, err = self.run(*arguments, want=1, **options)
        expect_one_line(err, says)
        return err

    def import_model(self):
        self.run("model", "import", self.weights, "--card", self.card)

    def index(self, *options, want=0, store=None):
        return self.run("index", "--quiet", "--model", "tiny", *options, self.photos, want=want, store=store)

    def answers(self, store=None):
        """All that a store knows, as bytes: every feature by path, and every image's best five. By plain cosines: the
        mean that others are less by, and what percentiles are counted in, is measured anew only when a store has changed
        by enough: it is not of the images alone."""
        out = self.folder / "answers.npy"
        self.run("export", out, store=store)
        table = []
        for line in self.run("recommend", "--scores", "cosine", "--format", "json", store=store)[0].splitlines():
            answer = json.loads(line)
            table.append([answer["image"], *((hit["image"], hit["score"]) for hit in answer["hits"])])
        paths = out.with_suffix(".json").read_bytes()
        return out.read_bytes() + paths + json.dumps(table).encode()

    def expect_sound(self, store=None):
        self.run("verify", store=store)

    def images(self, store=None, held=False):
        """How many images the store has; 0 while there is no store. held: a process stands still that may have locked it, as
        SQLite does while a store comes into being or is recovered; then None."""
        process = self.start("status", "--format", "json", store=store)
        out, err = self.finish(process, want=(0, 1))
        if process.returncode == 1:
            if held and ("database is locked" in err or "locking protocol" in err):
                return None
            expect_one_line(err, "there is no store here")
            return 0
        return json.loads(out)["images"]


def expect_one_line(err, says):
    lines = err.splitlines()
    expect(len(lines) == 1 and lines[0].startswith("akin: "), f"standard error is not one line of akin's: {err!r}")
    expect(says in err, f"the line lacks {says!r}: {err!r}")


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        expect(time.monotonic() < end, f"in vain waited until {what}")
        time.sleep(0.001)


@contextlib.contextmanager
def held(process):
    """A process that stands still for the time of the block."""
    process.send_signal(signal.SIGSTOP)
    expect(process.poll() is None, f"{process.args} ended too early to be disturbed")
    try:
        yield
    finally:
        process.send_signal(signal.SIGCONT)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()
