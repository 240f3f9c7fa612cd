# shellcheck shell=sh
# Ctrl-C stops cleanly, what was done stays, the next run goes on; a second one ends the program at once.
. "$TESTS/lib.sh"
prepare
quietly python3 "$TESTS/make_images.py" many 500 800
cat >../interrupt.py <<'END'
import json, os, signal, subprocess, sys, time

def images():
    status = subprocess.run(["akin", "status", "--format", "json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return json.loads(status.stdout)["images"] if status.returncode == 0 else 0

sent = getattr(signal, sys.argv[1])
process = subprocess.Popen(["akin", "index", "--jobs", "1", "--model", "tiny", "many"], stderr=subprocess.PIPE, text=True)
while images() == 0 and process.poll() is None:
    time.sleep(0.01)
process.send_signal(sent)
err = process.communicate()[1]
print("ended by the signal:", process.returncode == -sent)
print("said:", [line.split(" ")[0] for line in err.splitlines()], "goes on" in err)
known = images()
print("some but not all are known:", 0 < known < 500)
summary = subprocess.run(["akin", "index", "many"], stderr=subprocess.PIPE, text=True).stderr
print("the next run went on:", f"{known:,} unchanged" in summary and f"{500 - known:,} " in summary)
print("all are known:", images())
subprocess.run(["akin", "remove", "-q", "many"])
END
python3 ../interrupt.py SIGINT
python3 ../interrupt.py SIGTERM

echo "# in the middle of an answer nothing is left"
quietly akin index many
python3 - <<'END'
import os, signal, subprocess, time
process = subprocess.Popen(["akin", "recommend", "--format", "html", "-o", "pages"], stderr=subprocess.PIPE, text=True)
while not any(name.startswith("pages.new") for name in os.listdir(".")) and process.poll() is None:
    time.sleep(0.005)
process.send_signal(signal.SIGINT)
print("ended by the signal:", process.wait() == -signal.SIGINT, "and said", repr(process.stderr.read()))
END
try ls -A
