#!/usr/bin/env python3
"""serve.py FOLDER PORT-FILE [--tls CERTIFICATE.pem] - serves a folder on a free port of 127.0.0.1, ranges included, and
writes the port into PORT-FILE; also as a proxy. What it was asked for is added to FOLDER.log. By the first part of a path:
/cut/NAME gives the first half of NAME and breaks off, once; /hang/NAME gives it and no more; /to/ADDRESS/NAME leads to
ADDRESS/NAME, where -- stands for ://."""
import http.server
import os
import pathlib
import ssl
import sys
import time

folder = pathlib.Path(sys.argv[1])
cut = set()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/").replace("--", "://"))
            self.end_headers()
            return
        file = folder / name
        if not file.is_file():
            self.send_error(404)
            return
        bytes_, start = file.read_bytes(), 0
        wanted = self.headers.get("Range", "")
        with open(f"{folder}.log", "a", encoding="utf-8") as log:
            print(self.path, wanted, file=log)
        if wanted.startswith("bytes="):
            start = int(wanted[len("bytes="):].rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(bytes_) - 1}/{len(bytes_)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(bytes_) - start))
        self.end_headers()
        rest = bytes_[start:]
        if self.path.startswith("/cut/") and name not in cut:
            cut.add(name)
            rest = rest[: len(rest) // 2]
        if self.path.startswith("/hang/"):
            self.wfile.write(rest[: len(rest) // 2])
            self.wfile.flush()
            time.sleep(60)
            return
        self.wfile.write(rest)
        self.close_connection = True

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if "--tls" in sys.argv:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[sys.argv.index("--tls") + 1])
    server.socket = context.wrap_socket(server.socket, server_side=True)
port = pathlib.Path(sys.argv[2])
port.with_suffix(".new").write_text(str(server.server_port))
os.rename(port.with_suffix(".new"), port)
server.serve_forever()
