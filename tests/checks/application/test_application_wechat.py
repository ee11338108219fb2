"""application.callback on the back end of a WeChat account made with a public SDK (wechatpy).

It runs in a process of its own, and others wrote what checks the signature; who calls back is the check.
"""

import subprocess
import sys

import pytest

from checks.api import State

BACK_END = """
from flask import Flask, abort, request
from werkzeug.serving import make_server
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature

app = Flask(__name__)


@app.get("/wechat")
def wechat():
    args = request.args
    try:
        check_signature("shared-t0ken", args.get("signature"), args.get("timestamp"), args.get("nonce"))
    except InvalidSignatureException:
        abort(403)
    return args.get("echostr", "")


@app.get("/careless")
def careless():
    return request.args.get("echostr", "")


server = make_server("127.0.0.1", 0, app)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(scope="module")
def back_end():
    """The port it listens on."""
    pytest.importorskip("wechatpy", reason="NOT TESTED: no SDK of WeChat here (wechatpy)")
    words = [sys.executable, "-W", "ignore", "-c", BACK_END]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def look(observed, port, page="wechat", secret="tester", name=""):
    url = f"http://127.0.0.1:{port}/{page}"
    return observed("application.callback", {"url": url, "secret": secret, "timeout_ms": 60_000}, name)


def test_the_sdk_takes_our_signature_and_refuses_a_forged_one(back_end, observed):
    found = look(observed, back_end)
    assert found.state is State.OK, found.readings
    forged = next(one for one in found.readings if one.name == "forged_signature")
    assert (forged.value, forged.state) == (403, State.OK)


def test_another_token_than_the_back_ends_is_refused(back_end, observed, why):
    found = look(observed, back_end, secret="wrong")
    assert found.state is State.CRIT
    assert why(found)["forged_signature"] == "ok"


def test_a_back_end_that_checks_no_signature_is_found(back_end, observed, why):
    found = look(observed, back_end, "careless")
    assert (found.state, why(found)["forged_signature"]) == (State.CRIT, "accepted")
