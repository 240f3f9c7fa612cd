# code-only.awk - a C file without comments and without what strings hold, line for line, so that a search finds code.
{
  text = $0
  out = ""
  while (text != "") {
    if (comment) {
      end = index(text, "*/")
      if (!end) break
      text = substr(text, end + 2)
      comment = 0
      out = out " "
    } else if (match(text, /\/\*|\/\/|"|'/)) {
      mark = substr(text, RSTART, RLENGTH)
      out = out substr(text, 1, RSTART - 1)
      text = substr(text, RSTART + RLENGTH)
      if (mark == "//") break
      if (mark == "/*") {
        comment = 1
      } else if (mark == "\"" && match(text, /^([^"\\]|\\.)*"/)) {
        out = out "\"\""
        text = substr(text, RLENGTH + 1)
      } else if (mark == "'" && match(text, /^([^'\\]|\\.)+'/)) {
        out = out "'x'"
        text = substr(text, RLENGTH + 1)
      } else {
        out = out mark
      }
    } else {
      out = out text
      text = ""
    }
  }
  print out
}
