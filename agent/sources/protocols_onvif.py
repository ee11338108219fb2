"""ONVIF: the clock and the device's own description (SOAP 1.2, WS-Security user name token, digest)."""

import base64
import html
import re
import secrets
import time
from calendar import timegm
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from xml.sax.saxutils import escape

from agent.sources import steps_http
from agent.sources.net_connect import Clock
from agent.sources.protocols_wire import Course
from agent.sources.steps_extract import clean
from checks.api import ErrorKind, ObservationError
from checks.protocols import DeviceSeen, Script

_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"


def device(url: str, secret: Mapping[str, str], script: Script) -> DeviceSeen:
    """GetSystemDateAndTime needs no password; GetDeviceInformation mostly does."""
    course = Course(Clock(script.timeout_ms))
    hop = steps_http.Hop()
    seen = DeviceSeen(course.talk())
    with course.guard():
        asked = time.time_ns() // 1_000_000
        text = _ask(url, script, course.clock, hop, _envelope("", "GetSystemDateAndTime"))
        seen = replace(seen, clock_ms=_clock(text), asked_ms=asked, status=hop.status)
        # The token bears the camera's own time: with ours, a camera whose clock is off would refuse it.
        head = _token(secret, seen.clock_ms or asked) if secret else ""
        text = _ask(url, script, course.clock, hop, _envelope(head, "GetDeviceInformation"))
        fault = _element(text, "Subcode") or _element(text, "Code")
        if secret and (hop.status == 401 or "NotAuthorized" in fault):
            raise ObservationError(ErrorKind.DENIED, f"{hop.address} refuses the user of the secret")
        seen = replace(
            seen,
            status=hop.status,
            fault=clean(re.sub(r"<[^>]*>", " ", fault)).strip(),
            manufacturer=_element(text, "Manufacturer"),
            model=_element(text, "Model"),
            firmware=_element(text, "FirmwareVersion"),
            serial=_element(text, "SerialNumber"),
        )
    course.address = hop.address or course.address
    return replace(seen, talk=course.talk())


def _ask(url: str, script: Script, clock: Clock, hop: steps_http.Hop, body: bytes) -> str:
    request = steps_http.Request("POST", url, {"Content-Type": "application/soap+xml; charset=utf-8"}, body)
    return steps_http.ask(request, script, steps_http.Jar(), clock, hop).text


def _envelope(head: str, call: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
        f'<s:Header>{head}</s:Header><s:Body><{call} xmlns="{_DEVICE}"/></s:Body></s:Envelope>'
    ).encode()


def _token(secret: Mapping[str, str], now_ms: int) -> str:
    nonce = secrets.token_bytes(16)
    created = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # Password digest: base64(sha1(nonce + created + password))
    words = nonce + created.encode() + secret.get("password", "").encode()
    digest = base64.b64encode(sha1(words, usedforsecurity=False).digest()).decode()
    return (
        f'<Security xmlns="{_WSSE}wssecurity-secext-1.0.xsd" s:mustUnderstand="1"><UsernameToken>'
        f"<Username>{escape(secret.get('user', ''))}</Username>"
        f'<Password Type="{_WSSE}username-token-profile-1.0#PasswordDigest">{digest}</Password>'
        f'<Nonce EncodingType="{_WSSE}soap-message-security-1.0#Base64Binary">'
        f"{base64.b64encode(nonce).decode()}</Nonce>"
        f'<Created xmlns="{_WSSE}wssecurity-utility-1.0.xsd">{created}</Created></UsernameToken></Security>'
    )


def _element(text: str, name: str) -> str:
    """What stands in the first element of this local name. No XML parser: an answer may be a bomb."""
    begin = re.search(rf"<(?:[\w.-]{{1,40}}:)?{name}(?:\s[^<>]{{0,500}})?>", text)
    if begin is None:
        return ""
    end = re.compile(rf"</(?:[\w.-]{{1,40}}:)?{name}\s*>").search(text, begin.end(), begin.end() + 20_000)
    return "" if end is None else clean(html.unescape(text[begin.end() : end.start()]).strip())


def _clock(text: str) -> int | None:
    """The device's UTC, epoch milliseconds."""
    begin = re.search(r"<(?:[\w.-]{1,40}:)?UTCDateTime\b", text)
    if begin is None:
        return None
    part = text[begin.start() : begin.start() + 4000]
    try:
        year, month, day, hour, minute, second = (
            int(_element(part, name)[:4]) for name in ("Year", "Month", "Day", "Hour", "Minute", "Second")
        )
        return (
            timegm(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC).timetuple()) * 1000
        )
    except ValueError:
        return None
