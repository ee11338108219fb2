"""Hands one message over, in a process of its own: what hangs or crashes there takes nobody with it.

Standard input: {"url", "title", "body", "level", "items"} as JSON (so no address stands in a list of
processes); standard output: one stable code word, `accepted` or why not. Nothing else is ever said: what
libraries and servers answer may hold the address.
"""

import json
import logging
import os
import socket
import sys
from base64 import b64encode
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import unquote, urlsplit

from collector.notify.rules import ALIASES

ACCEPTED = "accepted"
WAIT_S = 20.0


def main() -> None:
    """One message."""
    wanted: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    said, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # to the end
    logging.disable(logging.CRITICAL)
    try:
        code = handed_over(wanted)
    except Exception as error:
        # Its words may quote the address: only its kind is told.
        code = f"failed.{type(error).__name__.lower()}"
    said.write(code)
    said.flush()


def handed_over(wanted: dict[str, Any]) -> str:
    """`accepted`, or a code word."""
    scheme, colon, rest = wanted["url"].partition("://")
    if scheme in ("json", "jsons"):
        return _webhook(wanted)
    return _apprise({**wanted, "url": f"{ALIASES.get(scheme, scheme)}{colon}{rest}"})


def _webhook(wanted: dict[str, Any]) -> str:
    """POST of a JSON object as apprise's json:// has it, with `items` besides and headers of `?+NAME=VALUE`.

    Only a 2xx is taken."""
    parts = urlsplit(wanted["url"])
    asked = [part for part in parts.query.split("&") if part]
    own = [part for part in asked if unquote(part).startswith("+")]
    headers = {"Content-Type": "application/json", "User-Agent": "roundseal"}
    headers |= {unquote(name)[1:]: unquote(value) for name, _, value in (one.partition("=") for one in own)}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    body = {
        "version": "1.0",
        "title": wanted["title"],
        "message": wanted["body"],
        "type": wanted["level"],
        "items": wanted["items"],
    }
    kind = HTTPSConnection if parts.scheme == "jsons" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=WAIT_S)
    query = "&".join(part for part in asked if part not in own)
    try:
        target = (parts.path or "/") + (f"?{query}" if query else "")
        connection.request("POST", target, json.dumps(body, ensure_ascii=False).encode(), headers)
        status = connection.getresponse().status
    except TimeoutError:
        return "timeout"
    except socket.gaierror:
        return "no_such_host"
    except ConnectionRefusedError:
        return "refused"
    except (OSError, HTTPException):
        return "unreachable"
    finally:
        connection.close()
    return ACCEPTED if 200 <= status < 300 else f"http_{status}"


def _apprise(wanted: dict[str, Any]) -> str:
    try:
        import apprise
    except ImportError:
        return "no_extra"
    sender = apprise.Apprise()
    if not sender.add(wanted["url"]):
        return "bad_address"
    taken = sender.notify(title=wanted["title"], body=wanted["body"], notify_type=wanted["level"])
    return ACCEPTED if taken else "not_accepted"


if __name__ == "__main__":
    main()
