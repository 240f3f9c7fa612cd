#!/usr/bin/env python3
"""check_page.py PAGE.html... - is this what a page must be? Well-formed, accessible, without script, links that lead
somewhere. Prints what is wrong and exits with 1. With --originals the links to images must lead to files too."""

import base64
import os
import re
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FORBIDDEN = {"script", "iframe", "object", "embed", "form", "base", "link"}


class Page(HTMLParser):
    def __init__(self, path, originals):
        super().__init__(convert_charrefs=True)
        self.path = path
        self.originals = originals
        self.faults = []
        self.open = []
        self.ids = set()
        self.wanted_ids = set()
        self.counts = {}
        self.policy = ""
        self.headings = []

    def fault(self, text):
        self.faults.append("%s:%d: %s" % (self.path, self.getpos()[0], text))

    def leads_somewhere(self, url, kind):
        parts = urlsplit(url)
        if parts.scheme or parts.netloc or url.startswith("/"):
            self.fault("%s %r is not relative" % (kind, url))
            return
        if parts.query or parts.fragment or not re.fullmatch(r"[A-Za-z0-9._~/%-]+", url):
            self.fault("%s %r is not percent-encoded" % (kind, url))
        target = os.path.join(os.path.dirname(os.path.abspath(self.path)).encode(), unquote(url, "latin-1").encode("latin-1"))
        inside = url.endswith(".html") or kind == "picture"
        if (inside or self.originals) and not os.path.isfile(target):
            self.fault("%s %r leads nowhere" % (kind, url))

    def picture(self, source):
        prefix = "data:image/jpeg;base64,"
        if not source.startswith("data:"):
            self.leads_somewhere(source, "picture")
        elif not source.startswith(prefix):
            self.fault("a picture of another kind: %r" % source[:40])
        elif not base64.b64decode(source[len(prefix):], validate=True):
            self.fault("an empty picture")

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if len(values) != len(attributes):
            self.fault("<%s> has an attribute twice" % tag)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if tag in FORBIDDEN:
            self.fault("<%s> has no place here" % tag)
        for name, value in attributes:
            if name.startswith("on") or name == "style":
                self.fault("<%s> has the attribute %s" % (tag, name))
            if value is None:
                self.fault("<%s> has the attribute %s without a value" % (tag, name))
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"]
        if "id" in values:
            if values["id"] in self.ids:
                self.fault("the id %s is there twice" % values["id"])
            self.ids.add(values["id"])
        if "aria-labelledby" in values:
            self.wanted_ids.add(values["aria-labelledby"])
        if tag == "img":
            if not values.get("alt"):
                self.fault("a picture without alternative text")
            self.picture(values.get("src", ""))
        if values.get("role") == "img" and not values.get("aria-label"):
            self.fault("a field without a label")
        if tag == "a":
            self.leads_somewhere(values.get("href", ""), "link")
        if tag == "nav" and not values.get("aria-label"):
            self.fault("navigation without a label")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID or not self.open or self.open[-1] != tag:
            self.fault("</%s> where %s is open" % (tag, self.open[-1:] or "nothing"))
        else:
            self.open.pop()

    def unknown_decl(self, data):
        self.fault("a declaration: %r" % data)

    def handle_comment(self, data):
        self.fault("a comment: %r" % data)

    def handle_pi(self, data):
        self.fault("a processing instruction: %r" % data)

    def finish(self):
        self.close()
        if self.open:
            self.fault("still open at the end: %s" % self.open)
        for tag in ("html", "head", "title", "body", "header", "main", "footer", "h1"):
            if self.counts.get(tag) != 1:
                self.fault("%s times <%s>" % (self.counts.get(tag, 0), tag))
        if self.counts.get("section", 0) != self.counts.get("h2", 0):
            self.fault("a section without a heading, or a heading without a section")
        if self.wanted_ids - self.ids:
            self.fault("labels that are not there: %s" % (self.wanted_ids - self.ids))
        if "default-src 'none'" not in self.policy or "script-src" in self.policy:
            self.fault("the content security policy lets scripts in: %r" % self.policy)


def main(arguments):
    originals = "--originals" in arguments
    faults = []
    for path in arguments:
        if path.startswith("--"):
            continue
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")  # fails when it is not
        if not text.startswith("<!DOCTYPE html>\n"):
            faults.append("%s: no doctype" % path)
        page = Page(path, originals)
        page.feed(text)
        page.finish()
        faults += page.faults
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
