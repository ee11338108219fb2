"""A scripted HTTP transaction: step after step, cookies kept, secrets placed by name, all in one deadline."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

from agent.sources import net_page, steps_extract, steps_http
from agent.sources.net_connect import Clock, Failed
from agent.sources.net_tls import Untrusted
from checks.api import ErrorKind, ObservationError
from checks.protocols import DIGEST, Script, Step, StepSeen, Verb

_PLACE = re.compile(r"\$\{([A-Za-z0-9_]{1,40})\}")
_PROOF = re.compile(r'response="(\w+)"')
# Shorter parts would hide half of what a page says, and are no secret.
_SHORTEST_SECRET = 4


@dataclass(slots=True)
class _Known:
    """Values for `${…}`, and which of them must never be shown."""

    values: dict[str, str]
    hidden: list[str] = field(default_factory=list)
    login: Mapping[str, str] = field(default_factory=dict)

    def place(self, text: str, coded: str = "") -> str:
        """`text` with its places filled in, coded for `url` or `json`; denied where one is unknown."""

        def put(found: re.Match[str]) -> str:
            if found[1] not in self.values:
                raise ObservationError(ErrorKind.DENIED, f"nothing is known for ${{{found[1]}}}")
            value = self.values[found[1]]
            if coded == "json":
                return json.dumps(value)[1:-1]
            return quote(value, safe="") if coded == "url" else value

        return _PLACE.sub(put, text)

    def hide(self, text: str) -> str:
        """`text`, or asterisks where something secret stands in it."""
        return "***" if any(one in text for one in self.hidden) else text


def run(script: Script, parts: Mapping[str, str]) -> tuple[StepSeen, ...]:
    """Take the steps; the last one seen is the first that did not go as it says."""
    clock = Clock(script.timeout_ms)
    known = _known(parts)
    jar = steps_http.Jar()
    seen: list[StepSeen] = []
    for number, step in enumerate(script.steps, 1):
        one = _take(step, step.name or str(number), script, known, jar, clock)
        seen.append(one)
        if not _went_on(one, step):
            break
    return tuple(seen)


def _known(parts: Mapping[str, str]) -> _Known:
    now, nonce = str(int(time.time())), secrets.token_hex(8)
    signed = "".join(sorted((parts.get("token", ""), now, nonce)))
    signature = hashlib.sha1(signed.encode(), usedforsecurity=False).hexdigest()
    basic = base64.b64encode(f"{parts.get('user', '')}:{parts.get('password', '')}".encode()).decode()
    hidden = [part for name, part in parts.items() if name != "user" and len(part) >= _SHORTEST_SECRET]
    hidden.append(basic)
    values = {**parts, "basic": basic, "now": now, "nonce": nonce, "signature": signature}
    return _Known(values, hidden, {name: parts[name] for name in ("user", "password") if name in parts})


def _went_on(seen: StepSeen, step: Step) -> bool:
    """Whether the next step can follow: to go on after a refused login would only do harm."""
    return (
        seen.outcome == "answered"
        and seen.status in step.status
        and seen.text_found is not False
        and not seen.absent_found
        and not seen.not_taken
    )


def _take(
    step: Step, name: str, script: Script, known: _Known, jar: steps_http.Jar, clock: Clock
) -> StepSeen:
    begun = clock.us()
    hop = steps_http.Hop()
    seen = StepSeen(name, "answered", None, 0, None, 0)
    try:
        request = _request(step, known)
        answer = steps_http.ask(request, script, jar, clock, hop)
        # A page may repeat it, and a password could be guessed from it.
        known.hidden += _PROOF.findall(hop.proof)
        seen = _read(seen, step, answer, known)
    except Untrusted as failed:
        seen = replace(seen, outcome=failed.outcome)
        hop.address = failed.address or hop.address
    except Failed as failed:
        seen = replace(seen, outcome=failed.outcome)
        hop.address = failed.address or hop.address
    return replace(
        seen, address=hop.address, redirects=hop.redirects, status=hop.status, total_us=clock.us() - begun
    )


def _request(step: Step, known: _Known) -> steps_http.Request:
    url = known.place(step.url, "url")
    by_digest = any(name.lower() == "authorization" and text == DIGEST for name, text in step.headers.items())
    headers = {
        name: known.place(text)
        for name, text in step.headers.items()
        if not by_digest or name.lower() != "authorization"
    }
    if not all(" " <= c <= "~" for name, text in headers.items() for c in name + text):
        raise ObservationError(ErrorKind.UNSUPPORTED, "a header holds printable ASCII only")
    body: bytes | None = None
    if step.method is Verb.POST:
        body, kind = _body(step, known)
        headers.setdefault("Content-Type", kind)
    return steps_http.Request(step.method.value, url, headers, body, known.login if by_digest else None)


def _body(step: Step, known: _Known) -> tuple[bytes, str]:
    form = {known.place(name): known.place(text) for name, text in step.form.items()}
    if step.upload is not None:
        return _multipart(step, form)
    if step.json:
        return known.place(step.json, "json").encode(), "application/json"
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _multipart(step: Step, form: Mapping[str, str]) -> tuple[bytes, str]:
    upload = step.upload
    assert upload is not None  # noqa: S101  # asked by the caller
    try:
        content = base64.b64decode(upload.content, validate=True)
    except ValueError:
        raise ObservationError(ErrorKind.UNSUPPORTED, "upload.content is no base64") from None
    mark = secrets.token_hex(16)
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in form.items()
    ]
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="{upload.field}"; filename="{upload.filename}"\r\n'
        f"Content-Type: {upload.content_type}\r\n\r\n"
    )
    body = b"".join([*parts, head.encode(), content, f"\r\n--{mark}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={mark}"


def _read(seen: StepSeen, step: Step, answer: steps_http.Answer, known: _Known) -> StepSeen:
    text = answer.text
    wanted, unwanted = known.place(step.text), known.place(step.absent)
    document: Any = None
    if step.equals or step.read or any(how.startswith("json:") for how in step.take.values()):
        document = steps_extract.parsed(text)
    fields = {
        path: tuple(known.hide(one) for one in _values(path, text, document))
        for path in (*step.read, *step.equals)
    }
    not_taken = _grasp(step, text, document, answer.headers, known)
    return replace(
        seen,
        body_bytes=len(answer.body),
        digest=hashlib.sha256(answer.body).hexdigest(),
        text_found=net_page.contains(text, wanted) if wanted else None,
        absent_found=net_page.contains(text, unwanted) if unwanted else None,
        login_form=steps_extract.login_form(text),
        pages=steps_extract.pdf_pages(answer.body),
        fields=fields,
        not_taken=not_taken,
    )


def _values(path: str, text: str, document: Any) -> tuple[str, ...]:
    try:
        if path.startswith("regex:"):
            return steps_extract.matches(path[6:], text)
        return steps_extract.values(document, path)
    except (re.error, OverflowError):
        raise ObservationError(ErrorKind.UNSUPPORTED, f"{path[:60]} is no expression") from None


def _grasp(
    step: Step, text: str, document: Any, headers: Mapping[str, str], known: _Known
) -> tuple[str, ...]:
    """Keep what the step takes; the names of what was not there."""
    missing = []
    for name, how in step.take.items():
        try:
            value = steps_extract.taken(how, text, document, headers)
        except (re.error, OverflowError):
            raise ObservationError(ErrorKind.UNSUPPORTED, f"take {name}: no expression") from None
        if value is None:
            missing.append(name)
            continue
        known.values[name] = value
        # What a script takes is a ticket more often than not.
        if len(value) >= _SHORTEST_SECRET:
            known.hidden.append(value)
    return tuple(missing)
