"""A small web application, for tests: it logs in, keeps a session, answers JSON, converts a document."""

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD, TOKEN = "tester", "pa55-word", "shared-t0ken"
FORM = '<form method="post"><input name="user"><input type="password" name="password"></form>'
PDF = b"%PDF-1.4\n1 0 obj<</Type /Pages /Count 2>>endobj\n2 0 obj<</Type /Page>>\n3 0 obj<</Type/Page>>\n"


class Application(BaseHTTPRequestHandler):
    """What it does at the moment is in `server.mood`."""

    def log_message(self, *_):
        pass

    def answer(self, status, text, headers=(), kind="text/html; charset=gb18030"):
        body = text if isinstance(text, bytes) else text.encode("gb18030")
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def json(self, document, status=200):
        self.answer(status, json.dumps(document).encode(), kind="application/json")

    def session(self):
        return next((s for s in self.server.sessions if f"sid={s}" in self.headers.get("Cookie", "")), "")

    def do_GET(self):
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = parts.path.strip("/").replace("/", "_").replace("-", "_") or "root"
        getattr(self, f"get_{name}", self.absent)(query)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        name = urlsplit(self.path).path.strip("/").replace("/", "_")
        getattr(self, f"post_{name}", self.absent)(body)

    def absent(self, _):
        self.answer(404, "没有")

    def get_login(self, _):
        self.answer(200, FORM + '<input type="hidden" name="csrf" value="csrf-4711-abc">')

    def post_login(self, body):
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        right = form.get("user") == USER and form.get("password") == PASSWORD
        if not right or form.get("csrf") != "csrf-4711-abc" or self.server.mood == "login_loop":
            self.answer(302, "", (("Location", "/login"),))
            return
        sid = secrets.token_hex(8)
        self.server.sessions.append(sid)
        cookies = (("Set-Cookie", "lang=zh; Path=/"), ("Set-Cookie", f"sid={sid}; HttpOnly"))
        self.answer(302, "", (*cookies, ("Location", "/home")))

    def get_home(self, _):
        if not self.session():
            self.answer(302, "", (("Location", "/login"),))
            return
        self.answer(200, "错误" if self.server.mood == "broken" else "工作台 待办 3")

    def get_loop(self, _):
        self.answer(302, "", (("Location", "/loop"),))

    def get_api_query(self, _):
        if not self.session():
            self.json({"code": 401}, 401)
            return
        self.json({"code": 0, "rows": [{"id": 7, "state": "done"}], "echo": PASSWORD})

    def get_state(self, _):
        ago = 600 if self.server.mood != "stale" else 100_000
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - ago + 8 * 3600))
        self.json({"failed": 2 if self.server.mood != "stale" else 999, "last": {"success": stamp}})

    def post_convert(self, body):
        if b"sample text" not in body:
            self.answer(400, "no sample")
        else:
            pdf = PDF if self.server.mood != "broken" else b"%PDF-1.4\n1 0 obj<</Type/Page>>%%EOF"
            self.answer(200, pdf, kind="application/pdf")

    def post_token(self, body):
        form = json.loads(body)
        if form != {"user": USER, "password": PASSWORD}:
            self.json({"error": "bad"}, 401)
        else:
            self.json({"access_token": "ticket-0815-xyz"})

    def get_app(self, _):
        given = self.headers.get("Authorization", "")
        if given == "Bearer ticket-0815-xyz" or self.server.mood == "open":
            self.json({"user": USER, "ticket": given[7:]})
        else:
            self.json({"error": "no ticket"}, 401)

    def get_callback(self, query):
        words = "".join(sorted((TOKEN, query.get("timestamp", ""), query.get("nonce", ""))))
        right = hashlib.sha1(words.encode()).hexdigest() == query.get("signature")
        if right or self.server.mood == "open":
            self.answer(200, query.get("echostr", ""))
        else:
            self.answer(403, "")

    def get_api_queues(self, _):
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {basic}":
            self.json({"error": "not_authorised"}, 401)
            return
        deep = 20_000 if self.server.mood == "broken" else 3
        takers = 0 if self.server.mood == "broken" else 2
        oldest = int(time.time()) - (5000 if self.server.mood == "broken" else 5)
        rows = [
            {"name": "sms.out", "messages": deep, "consumers": takers, "head_message_timestamp": oldest},
            {"name": "audit", "messages": 0, "consumers": 1, "head_message_timestamp": None},
        ]
        self.json(rows if self.server.mood != "odd" else {"rows": rows})

    def get_recorder(self, _):
        disk = "error" if self.server.mood == "broken" else "ok"
        kept = 12 if self.server.mood == "broken" else 40
        channels = [{"id": 1, "state": "online"}, {"id": 2, "state": "online"}]
        self.json(
            {"channels": channels, "disks": [{"state": disk}], "oldest": int(time.time()) - kept * 86400}
        )


class Server(ThreadingHTTPServer):
    """Without asking the resolver for its own name."""

    def server_bind(self):
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]


def start():
    """The running server; the caller shuts it down."""
    server = Server(("127.0.0.1", 0), Application)
    server.daemon_threads = False
    server.sessions, server.mood = [], ""
    threading.Thread(target=server.serve_forever, args=(0.02,)).start()
    return server
