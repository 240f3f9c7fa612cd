"""Starting and timing programs, medians, and what machine this is. Python's own library only."""
import datetime
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time


# What the OpenBLAS inside of a package is to compute with: an old one takes a processor that it does not know for one
# of 2007, and is then four times as slow (that of FAISS 1.15 does so on Zen 5).
CORES = {"avx512f": "SkylakeX", "avx2": "Haswell"}


def threads_asked():
    """N of --threads N on the command line; as many as there are cores where it is not there."""
    if "--threads" in sys.argv[:-1]:
        return int(sys.argv[sys.argv.index("--threads") + 1])
    return len(os.sched_getaffinity(0))


def use_threads(threads):
    """For numpy and FAISS, before they are loaded: so many threads, the instructions that this processor has, and no other
    setting that slows them. The first call counts."""
    if "AKIN_BENCH_THREADS" in os.environ:
        return
    for name in [name for name in os.environ if name.startswith(("OPENBLAS_", "OMP_"))]:
        del os.environ[name]
    if widest_vectors() in CORES:
        os.environ["OPENBLAS_CORETYPE"] = CORES[widest_vectors()]
    os.environ.update(AKIN_BENCH_THREADS=str(threads), OPENBLAS_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))


class Result:
    """One process that has ended: wall-clock seconds from start to end, peak resident memory in MB, standard output."""

    def __init__(self, seconds, peak, text):
        self.seconds, self.peak, self.text = seconds, peak, text


def run(command, env=None, lines=None, allowed=(0,)):
    """Runs a program to its end. lines: given to its standard input, one a line."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        given.write("".join(line + "\n" for line in lines or []).encode("utf-8", "surrogateescape"))
        given.seek(0)
        start = time.perf_counter()
        process = subprocess.Popen([str(c) for c in command], stdin=given, stdout=out, stderr=errors, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode not in allowed:
            text = errors.read().decode(errors="replace").strip()
            raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}: {text}")
        return Result(seconds, usage.ru_maxrss / 1024, out.read().decode("utf-8", "surrogateescape"))


def anonymous_bytes(pid):
    """Of a process and of those that it started; 0 for one that has ended."""
    try:
        fields = dict(line.split(":", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return int(fields.get("RssAnon", "0 kB").split()[0]) * 1024 + sum(map(anonymous_bytes, children))


def anonymous_peak(command, env=None):
    """Runs a program to its end; MB of memory that no file is behind, of all its processes together, looked at every 2
    ms."""
    process = subprocess.Popen([str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    peak = 0
    while process.poll() is None:
        peak = max(peak, anonymous_bytes(process.pid))
        time.sleep(0.002)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {process.returncode}")
    return peak / 2**20


class Series:
    """Several measurements of the same thing."""

    def __init__(self):
        self.values = []

    def add(self, value):
        self.values.append(value)

    @property
    def median(self):
        return statistics.median(self.values)

    def text(self, decimals, unit=""):
        low, middle, high = (f"{v:.{decimals}f}" for v in (min(self.values), self.median, max(self.values)))
        return f"{middle}{unit}" if len(self.values) == 1 else f"{middle}{unit} ({low}–{high})"


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def memory_gb():
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30


def widest_vectors():
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return next((name for name in ("avx512f", "avx2", "sse4_2") if name in flags), "no SIMD known")


def machine(threads):
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return (
        f"{processor()} ({widest_vectors()}), {threads} of {os.cpu_count()} cores, {memory_gb():.0f} GB, "
        f"{system}, Linux {platform.release().split('-')[0]}"
    )


def today():
    return datetime.date.today().isoformat()
