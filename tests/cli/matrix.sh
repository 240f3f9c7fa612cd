# shellcheck shell=sh
# akin matrix that is very large: its size is said and asked for before it starts, and whether it fits on the disk.
. "$TESTS/lib.sh"
prepare_store

# A store of 300,000 images costs seconds when they are one content: their matrix would take 360 GB.
quietly python3 - <<'END'
import os, sqlite3
with sqlite3.connect(os.environ["AKIN_STORE"] + "/akin.db") as db:
    columns = "root_id, path, size, mtime_ns, ctime_ns, inode, device, state, reason, content_id"
    row = db.execute(f"SELECT {columns} FROM images ORDER BY path LIMIT 1").fetchone()
    rows = ((row[0], row[1] + b"/%06d" % i, *row[2:]) for i in range(300000))
    db.executemany(f"INSERT INTO images ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
END
# Should a check fail, no more than a megabyte is written.
large() (
  ulimit -f 2048
  "$@" 2>&1 | sed -e 's/about [0-9][^:]*/about SO LONG/' -e 's/has .* free/has SO MUCH free/'
)
try large akin matrix -o large.npy
try large akin matrix --format csv
must "that is a failure" sh -c '! akin matrix'
try large akin matrix -q --yes -o large.npy
must "that is one, too" sh -c 'ulimit -f 2048; ! akin matrix --yes -o large.npy'
try large akin matrix --yes -o large.csv
ls
cat >ask.py <<'END'
import os, pty, sys
answer, seen = sys.argv[1].encode(), b""
pid, terminal = pty.fork()
if pid == 0:
    os.execlp("akin", "akin", "matrix", "-o", "large.npy")
while b"[y/N]" not in seen:
    try:
        seen += os.read(terminal, 1000)
    except OSError:
        break
if b"[y/N]" in seen:
    os.write(terminal, answer + b"\n")
try:
    while piece := os.read(terminal, 1000):
        seen += piece
except OSError:
    pass
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(code, seen.decode())
END
must "a terminal is told before it is asked whether it fits" python3 - <<'END'
import subprocess
out = subprocess.run(["python3", "ask.py", "n"], capture_output=True, text=True).stdout
assert "scores: 360.0 GB, about " in out, out
assert "are needed, the disk has" in out or "nothing was written" in out, out
assert out.startswith("1 "), out
END
ls
