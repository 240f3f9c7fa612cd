# shellcheck shell=sh
# Standard output that is full, closed or a broken pipe; standard error that is closed; an interrupted answer.
. "$TESTS/lib.sh"
prepare_store
# Whether the piece that is being written fails or what is written at the end depends on where the buffer is full.
either() { sed 's/cannot write the answer:/standard output: cannot write:/; s/write error/cannot write/' err; }
for line in 'like photos/plain-1.png' 'like --format json photos/plain-1.png' 'recommend' 'matrix' 'status' 'verify' \
  'model list' 'model inspect tiny' 'embed --model tiny photos/plain-1.png' 'help' 'help --man' 'like --help' 'version' \
  'completions bash'; do
  code=0
  akin $line >/dev/full 2>err || code=$?
  echo "$code akin $line: $(either)"
  code=0
  akin $line >&- 2>err || code=$?
  echo "$code akin $line: $(either)"
done

echo "# who reads only the first line is no trouble"
python3 - <<'END'
import subprocess
process = subprocess.Popen(["akin", "recommend", "--format", "json", "-k", "9"] + ["photos/plain-1.png"] * 2000,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
process.stdout.readline()
process.stdout.close()
print("signal", -process.wait(), "and said", process.stderr.read())
END

echo "# standard error may be closed, or full"
akin index photos 2>&-
echo "code $?"
akin index photos 2>/dev/full
echo "code $?"

echo "# an answer that fails leaves the old file, and nothing beside it"
echo old >answer.csv
try akin recommend -q -o answer.csv photos/plain-1.png photos/none.png
head -1 answer.csv
echo old >answer.csv
try akin like -q -o answer.csv photos/none.png
try cat answer.csv
ln -s answer.csv link.csv
quietly akin like -o link.csv photos/plain-1.png
must "a link stays a link" test -L link.csv
must "and leads to the answer" grep -q '^rank,' answer.csv
try ls -A
