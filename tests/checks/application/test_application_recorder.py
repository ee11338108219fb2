"""A recorder that asks for digest authentication and answers in XML, typed after published answers of
Hikvision's ISAPI: a server of the tests, never a recorder."""

import hashlib
import re
import secrets
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.request import HTTPDigestAuthHandler, HTTPPasswordMgrWithDefaultRealm, build_opener

import pytest
from parts import loaded

from checks.api import ErrorKind, State

web_app = loaded("checks/application/web_app.py")
USER, PASSWORD, REALM = "tester", "pa55-word", "IP Camera(D0001)"
STORAGE = """<?xml version="1.0" encoding="UTF-8"?>
<storage version="2.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<hddList version="1.0" size="8">
<hdd><id>1</id><hddName>hdda</hddName><hddType>SATA</hddType><status>{first}</status><capacity>3815447</capacity></hdd>
<hdd><id>2</id><hddName>hddb</hddName><hddType>SATA</hddType><status>ok</status><capacity>3815447</capacity></hdd>
</hddList></storage>
"""
CHANNELS = """<?xml version="1.0" encoding="UTF-8"?>
<InputProxyChannelStatusList version="1.0" xmlns="http://www.hikvision.com/ver20/XMLSchema">
<InputProxyChannelStatus><id>1</id><online>true</online></InputProxyChannelStatus>
<InputProxyChannelStatus><id>2</id><online>{second}</online></InputProxyChannelStatus>
</InputProxyChannelStatusList>
"""
CLOCK = """<?xml version="1.0" encoding="UTF-8"?>
<Time version="2.0"><timeMode>NTP</timeMode><localTime>{at}</localTime><timeZone>CST-8:00:00</timeZone></Time>
"""
ONLINE, STATUS, TIME = (f"regex:<{one}>([^<]*)</{one}>" for one in ("online", "status", "localTime"))


class Recorder(BaseHTTPRequestHandler):
    """Digest authentication as RFC 7616 has it; what is wrong with it is in `server.mood`."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        moved = self.server.moved.pop(self.path, None)
        if moved:
            self.server.asked.append(bool(self.headers.get("Authorization")))
            self.send_response(moved[0])
            self.send_header("Location", moved[1])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if not self.let_in():
            self.send_response(401)
            for line in self.server.challenges:
                self.send_header("WWW-Authenticate", line.format(nonce=self.server.nonce))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        mood = self.server.mood
        off = timedelta(minutes=20 if mood == "late" else 0, hours=8)
        at = (datetime.now(UTC) + off).strftime("%Y-%m-%dT%H:%M:%S+08:00")
        body = {
            "/ISAPI/ContentMgmt/Storage": STORAGE.format(first="error" if mood == "broken" else "ok"),
            "/ISAPI/ContentMgmt/InputProxy/channels/status": CHANNELS.format(
                second="false" if mood == "broken" else "true"
            ),
            "/ISAPI/System/time": CLOCK.format(at=at),
            "/echo": f"<status>{self.headers['Authorization']}</status>",
        }[self.path].encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def let_in(self):
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', self.headers.get("Authorization", "")))
        self.server.asked.append(bool(given))
        if given.get("nonce") != self.server.nonce or self.server.mood == "login_loop":
            return False
        name = "sha256" if given.get("algorithm") == "SHA-256" else "md5"

        def hashed(*words):
            return hashlib.new(name, ":".join(words).encode()).hexdigest()

        first, second = hashed(USER, given["realm"], PASSWORD), hashed("GET", self.path)
        more = (given["nc"], given["cnonce"], given["qop"]) if "qop" in given else ()
        return given["response"] == hashed(first, given["nonce"], *more, second) and given["uri"] == self.path


MD5 = f'Digest qop="auth", realm="{REALM}", nonce="{{nonce}}", stale="FALSE"'
OLD = f'Digest realm="{REALM}", nonce="{{nonce}}"'
STRONG = f'Digest realm="{REALM}", qop="auth", algorithm=SHA-256, nonce="{{nonce}}", opaque="a"'
BASIC = f'Basic realm="{REALM}"'


@pytest.fixture
def recorder():
    server = web_app.Server(("127.0.0.1", 0), Recorder)
    server.daemon_threads = False
    server.mood, server.challenges, server.nonce, server.asked = "", [MD5], secrets.token_hex(16), []
    server.moved = {}
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join(60)
    server.server_close()


def read(result):
    return {one.name: one for one in result.readings}


def params(server, secret="tester", **more):
    def step(path, read):
        url = f"http://127.0.0.1:{server.server_port}/ISAPI/{path}"
        return {"url": url, "headers": {"Authorization": "${digest}"}, "read": [read]}

    steps = [
        step("ContentMgmt/Storage", STATUS),
        step("ContentMgmt/InputProxy/channels/status", ONLINE),
        step("System/time", TIME),
    ]
    script = {"steps": steps, "secret": secret, "timeout_ms": 60_000}
    return {"script": script, "channels": ONLINE, "disks": STATUS, "clock": TIME, "channel_count": 2, **more}


@pytest.mark.parametrize(
    "challenges",
    [[MD5], [OLD], [STRONG], [BASIC, MD5], [MD5, STRONG, BASIC], [f"{MD5}, {BASIC}-2"], [f"{BASIC}, {MD5}"],
     [f"Negotiate, {OLD}, {STRONG} , {BASIC}"], [f'{MD5}, Newer realm="a, Digest nonce=b", nonce="c"']],
)  # fmt: skip
def test_a_recorder_is_read_whichever_way_it_asks_for_the_password(recorder, observed, challenges):
    recorder.challenges = challenges
    result = observed("application.recorder", params(recorder))
    assert result.state is State.OK, result.readings
    found = read(result)
    assert (found["channels"].value, found["disks"].value) == (2, 2)
    assert found["offset"].value < 60
    # Each page is asked for, and asked for again with the proof: never more.
    assert recorder.asked == [False, True] * 3


def test_its_own_server_takes_what_others_send_too(recorder):
    """Or it would be a judge in its own cause: Python's client gets in."""
    place = f"http://127.0.0.1:{recorder.server_port}/ISAPI/System/time"
    known = HTTPPasswordMgrWithDefaultRealm()
    known.add_password(None, place, USER, PASSWORD)
    with build_opener(HTTPDigestAuthHandler(known)).open(place, timeout=60) as answer:
        assert b"localTime" in answer.read()


def test_a_lost_channel_a_bad_disk_and_a_clock_that_is_off_are_found(recorder, observed):
    recorder.mood = "broken"
    found = read(observed("application.recorder", params(recorder), "crit_isapi"))
    assert (found["channels"].state, found["disks"].state) == (State.CRIT, State.CRIT)
    recorder.mood = "late"
    found = read(observed("application.recorder", params(recorder)))
    assert (found["offset"].state, found["offset"].reason) == (State.CRIT, "clock_off")
    assert 1_000 < found["offset"].value < 1_400


@pytest.mark.parametrize("wrong", ["password", "loop"])
def test_a_login_that_fails_is_asked_for_once_and_ends_the_script(recorder, observed, wrong):
    recorder.mood = "login_loop" if wrong == "loop" else ""
    found = observed("application.recorder", params(recorder, "tester" if wrong == "loop" else "wrong"))
    assert found.state is State.CRIT
    assert recorder.asked == [False, True]


def test_basic_alone_is_not_answered_as_it_would_show_the_password(recorder, observed):
    recorder.challenges = [BASIC]
    found = observed("application.recorder", params(recorder))
    assert found.facts["steps"][0]["outcome"] == "auth_unsupported" and recorder.asked == [False]


@pytest.mark.parametrize("status", [302, 307])
def test_a_recorder_that_sends_on_is_answered_there_and_another_host_gets_nothing(recorder, observed, status):
    def storage():
        return observed("application.recorder", params(recorder)).facts["steps"][0]

    path = "/ISAPI/ContentMgmt/Storage"
    recorder.moved = {path: (status, "/ISAPI/System/time")}
    assert storage()["status"] == 200 and recorder.asked[:3] == [False, False, True]
    other = web_app.Server(("127.0.0.1", 0), Recorder)
    other.moved, other.mood, other.asked = {}, "", []
    other.challenges, other.nonce = recorder.challenges, recorder.nonce
    thread = threading.Thread(target=other.serve_forever, args=(0.02,))
    thread.start()
    try:
        recorder.moved = {path: (status, f"http://127.0.0.1:{other.server_port}{path}")}
        seen = storage()
    finally:
        other.shutdown()
        thread.join(60)
        other.server_close()
    assert seen["outcome"] == "redirect_bad" if status == 307 else seen["status"] == 401
    assert not any(other.asked)


def test_a_page_that_repeats_the_proof_is_not_kept(recorder, observed):
    url = f"http://127.0.0.1:{recorder.server_port}/echo"
    step = {"url": url, "headers": {"Authorization": "${digest}"}, "read": [STATUS]}
    found = observed(
        "application.recorder", {"script": {"steps": [step], "secret": "tester"}, "disks": STATUS}
    )
    assert found.facts["steps"][0]["fields"][STATUS] == ["***"]


def test_digest_stands_in_no_other_header(recorder, observed):
    url = f"http://127.0.0.1:{recorder.server_port}/echo"
    step = {"url": url, "headers": {"X-Login": "${digest}"}}
    found = observed("application.recorder", {"script": {"steps": [step], "secret": "tester"}})
    assert found.error is ErrorKind.DENIED


def test_a_clock_that_cannot_be_read_is_unknown(recorder, observed):
    found = read(observed("application.recorder", {**params(recorder), "clock": STATUS}))
    assert (found["offset"].state, found["offset"].reason) == (State.UNKNOWN, "field_missing")
