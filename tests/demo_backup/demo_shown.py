"""What people are shown at the end: the command's JSON, the pages of a served collector, the exported record.

All three are programs of their own with the clock of the simulated day; nothing is taken from the engine.
"""

import http.cookiejar
import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from collections import Counter
from html.parser import HTMLParser

import demo_parts as parts
import world as w
from openpyxl import load_workbook

from collector.words import wording

COMMAND = (sys.executable, "-c", "from collector.cli import main; main()")
LIMIT_S = 600
ROLES = {"full": "全量", "incremental": "增量", "differential": "差异", "log": "日志", "drill": "恢复演练"}


class Shown:
    """A collector's directory at an instant (a time of the simulation)."""

    def __init__(self, place, at, first, last):
        self.place, self.at, self.first, self.last = place, at, first, last

    def _run(self, *words):
        argv = [*w.clock(self.at), *COMMAND, "backups", self.place, *words]
        return subprocess.run(argv, cwd=parts.ROOT, capture_output=True, check=False, timeout=LIMIT_S)

    def account(self):
        """`backups DIR --json`."""
        said = self._run("--json")
        assert said.returncode in (0, 1), said.stderr.decode()[-2000:]
        return json.loads(said.stdout)

    def record(self, kind):
        """`backups DIR --period … --to FILE.kind`; the file."""
        file = self.place.parent / f"record.{kind}"
        period = f"{self.first.isoformat()}/{(self.last + w.timedelta(days=1)).isoformat()}"
        said = self._run("--period", period, "--to", file)
        assert said.returncode == 0, said.stderr.decode()[-2000:]
        return file

    def pages(self, names):
        """Pages of a served collector as somebody sees them who has logged in: {name: HTML}, "" for all."""
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
        words = ["serve", self.place, "--listen", f"127.0.0.1:{port}", "--plain-http"]
        log = self.place.parent / "serve.log"
        with log.open("wb") as said:
            server = subprocess.Popen(
                [*w.clock(self.at), *COMMAND, *words], cwd=parts.ROOT, stdout=said, stderr=said
            )
        try:
            return _fetched(f"http://127.0.0.1:{port}", names, server, log)
        finally:
            server.send_signal(signal.SIGTERM)
            try:
                server.wait(LIMIT_S)
            finally:
                server.kill()


def _fetched(url, names, server, log):
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    opener.addheaders = [("Origin", url), ("Referer", url + "/login")]
    end = time.monotonic() + LIMIT_S
    while True:
        assert server.poll() is None and time.monotonic() < end, log.read_text()[-2000:]
        try:
            page = opener.open(f"{url}/login", timeout=60).read().decode()
            break
        except OSError:
            time.sleep(0.1)
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    given = {"csrf_token": token, "name": "admin", "password": parts.worksite.PASSWORD}
    opener.open(f"{url}/login", urllib.parse.urlencode(given).encode(), timeout=60).close()
    found = {}
    for name in names:
        with opener.open(f"{url}/backups{'/' if name else ''}{name}", timeout=LIMIT_S) as answer:
            found[name] = answer.read().decode()
    return found


class _Rows(HTMLParser):
    """Cells of every row of every table."""

    def __init__(self):
        super().__init__()
        self.rows, self._cell, self._row = [], None, None

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self._row = []
        elif tag == "td":
            self._cell = ""

    def handle_data(self, data):
        if self._cell is not None:
            self._cell += data

    def handle_endtag(self, tag):
        if tag == "td" and self._row is not None and self._cell is not None:
            self._row.append(" ".join(self._cell.split()))
            self._cell = None
        elif tag == "tr" and self._row:
            self.rows.append(self._row)
            self._row = None


def key(problem):
    """A problem as a row tells it: level, reason, what it is about, since when provable, lines."""
    role, _, day = problem["slot"].partition("/")
    slot = f"{ROLES[role]} {day}".removesuffix(" never") if role else ""
    about = " · ".join(part for part in (slot, problem["artefact"], problem["place"]) if part)
    return (
        f"L{problem['level']}",
        wording.reason(problem["reason"], "zh"),
        about,
        clock(problem["first_provable_ms"]),
        " ".join(problem["clause"]),
    )


def clock(ms):
    """Local time to the minute, as pages and files write it."""
    return w.datetime.fromtimestamp(ms / 1000, w.ZONE).strftime("%Y-%m-%d %H:%M")


_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d)")


def is_problem(cells):
    """Whether it is a row of problems: outcome, level, (object,) reason, about, three times, lines."""
    return len(cells) in (8, 9) and re.fullmatch(r"L\d", cells[1]) and bool(_TIME.match(cells[-4]))


def of_row(cells):
    """What `key` gives, out of such a row."""
    reason, about, first = cells[-6:-3]
    lines = cells[-1].strip("–- ")
    at = " ".join(_TIME.match(first).groups())
    return cells[1], re.sub(r" \(.*\)$", "", reason), about.strip("–- "), at, lines


def rows_of_page(html):
    """Rows of its table of problems."""
    made = _Rows()
    made.feed(html)
    return [of_row(row) for row in made.rows if is_problem(row)]


def rows_of_workbook(file):
    """The same of a workbook's sheets."""
    book = load_workbook(file, read_only=True)
    try:
        every = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    finally:
        book.close()
    cells = (["" if one is None else str(one) for one in row] for row in every)
    return [of_row(row) for row in cells if is_problem(row)]


def text_of_docx(file):
    """All of its text, cells apart."""
    with zipfile.ZipFile(file) as held:
        raw = held.read("word/document.xml").decode()
    return re.sub(r"<[^>]+>", "", re.sub(r"</w:(tc|p|tr)>", "\n", raw))


def differences(where, wanted, rows):
    """What only one of the two says, as lines."""
    missing, more = Counter(wanted) - Counter(rows), Counter(rows) - Counter(wanted)
    return [f"{where} does not show {one}" for one in missing] + [f"{where} shows {one}" for one in more]
