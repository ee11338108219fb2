"""Everything between the outbox and the collector: sending, answers (evidence 5.4), plan, proofs.

One turn does what is due and says how long to wait. Nothing here is believed but signatures: an answer
moves a batch to `accepted`, only a proof ends it.
"""

import threading
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from agent import chance, plans, proofs
from agent.call import Call
from agent.clock import Clock, Offsets, offset
from agent.errors import AgentError, UnreachableError
from agent.log import log
from agent.outbox import ACCEPTED, SENT, UNSENT, Batch, Outbox
from agent.plans import Held
from agent.seal import Moment, Sealer
from agent.state import Identity, State, write_file
from agent.transport import Answer, Transport, signed_get
from checks.wire import frame, note, strict_json
from checks.wire import header as headers
from checks.wire.blob import Signature
from checks.wire.errors import WireError
from checks.wire.frame import verify_header
from checks.wire.numbers import ALG_ED25519
from checks.wire.signing import Signer

MOST_FRAMES = 16
MOST_REPAIRS = 32  # in one turn
MOST_BYTES = 2 * 1024 * 1024
LAST_S = 4.0
LONGEST_S = 60.0
PLAN_S = 60.0
NAMED_S = 150.0  # after an answer that named the plan we have
PROOF_S = 60.0
UNPROVEN_MS = 15 * 60_000  # accepted, and so long without a proof: sent again
FIRST_S, CAP_S, LONG_S, RETRY_AFTER_CAP_S = 1.0, 60.0, 300.0, 3600.0

_GOOD = frozenset({"ok", "accepted", "known"})
_REFUSED = frozenset(
    {
        "bad_json",
        "bad_header",
        "bad_frame",
        "bad_signature",
        "bad_root",
        "bad_size",
        "bad_encoding",
        "too_large",
    }
)
_LONG = frozenset({"unknown_key", "revoked", "old_epoch", "wrong_log"})


@dataclass(slots=True)
class Contact:
    """How it stands with the collector; shown by `status`."""

    word: str = "starting"
    detail: str = ""
    at: int = 0
    failures: int = 0
    not_before: float = 0.0  # boot-time seconds


class Parts(NamedTuple):
    """What a sender works with."""

    state: State
    identity: Identity
    signer: Signer
    outbox: Outbox
    sealer: Sealer
    transport: Transport
    clock: Clock
    offsets: Offsets
    moment: Callable[[], Moment]
    on_plan: Callable[[Held], None] = lambda held: None


class _Wait(Exception):
    """Stop this turn; try again after `seconds` (None: back off)."""

    def __init__(self, word: str, detail: str = "", seconds: float | None = None) -> None:
        super().__init__(word)
        self.word, self.detail, self.seconds = word, detail, seconds


class Sender:
    """One agent's line to its collector."""

    def __init__(self, parts: Parts) -> None:
        self._p = parts
        self._vkey = note.parse_vkey(parts.identity.vkey)
        self.contact = Contact()
        self._plan_at = self._proof_at = 0.0
        self._plan_digest = str(parts.outbox.get("plan_digest") or "")
        self._one_by_one = False
        self._unproven = True
        self._repairs = 0
        self._pending = parts.identity.status != "approved"

    def halted(self) -> dict[str, Any] | None:
        """Why this chain is not sent any more, if so."""
        value = self._p.outbox.get("halt")
        return value if isinstance(value, dict) else None

    def run(self, stop: threading.Event, wake: Call) -> None:
        """Turn until stopped."""
        while not stop.is_set():
            wake.wait(self.turn())

    def turn(self) -> float:
        """Do what is due; seconds until something may be due again."""
        now = self._seconds()
        if now < self.contact.not_before:
            return min(self.contact.not_before - now, LONGEST_S)
        try:
            self._do(now)
        except _Wait as wait:
            self._back_off(wait.word, wait.detail, wait.seconds)
        except UnreachableError as error:
            self._back_off(error.code, error.detail, None)
        except AgentError as error:
            self._back_off(error.code, error.detail, None)
        # An answer may have named a new plan: that is fetched at once.
        until = [self._plan_at, now + LONGEST_S]
        if self._unproven:
            # Mostly the next batch brings the sender here before that.
            until.append(self._proof_at + PROOF_S / 2)
        return max(min(until) - now, self.contact.not_before - now, 0.05)

    def final(self) -> None:
        """One last try before the process ends, whatever the back-off says; nothing is raised."""
        try:
            if not self.halted():
                self._p.transport.hurry(LAST_S)
                self._send_all()
        except (_Wait, AgentError) as problem:
            log.info("last sending: %s", problem)
        finally:
            self._p.transport.close()

    def _do(self, now: float) -> None:
        if self._plan_at <= now:
            self._poll_plan()
            self._plan_at = now + PLAN_S * chance.between(0.8, 1.2)
        if self.halted():
            return
        self._repairs = 0
        self._send_all()
        if self._proof_at <= now:
            self._proof_at = now + PROOF_S * chance.between(0.7, 0.9)
            self._prove()

    def _seconds(self) -> float:
        return self._p.clock.sample().mono / 1000

    def _back_off(self, word: str, detail: str, seconds: float | None) -> None:
        contact = self.contact
        if word != contact.word:
            log.warning("collector: %s %s", word, detail)
        contact.word, contact.detail, contact.at = word, detail, self._p.clock.wall()
        contact.failures += 1
        if seconds is None:
            full = min(FIRST_S * 2 ** min(contact.failures - 1, 10), CAP_S)
            seconds = full * chance.between(0.5, 1.0)
        else:
            seconds = min(seconds, RETRY_AFTER_CAP_S) * chance.between(1.0, 1.1)
        contact.not_before = self._seconds() + seconds

    def _well(self) -> None:
        if self.contact.word != "ok":
            log.info("collector: ok")
        self.contact = Contact("ok", "", self._p.clock.wall())

    # sending

    def _send_all(self) -> None:
        while batches := self._next():
            self._send(batches)

    def _next(self) -> list[Batch]:
        found: list[Batch] = []
        size = 0
        for batch in self._p.outbox.batches(SENT, UNSENT, limit=1 if self._one_by_one else MOST_FRAMES):
            size += len(batch.body)
            if found and size > MOST_BYTES:
                break
            found.append(batch)
        return found

    def _send(self, batches: Sequence[Batch]) -> None:
        body = b"".join(frame.encode(batch.frame) for batch in batches)
        self._p.outbox.mark_sent(batch.seq for batch in batches)
        before = self._p.clock.sample()
        answer = self._p.transport.request(
            "POST", "/v1/batches", body, {"Content-Type": "application/vnd.roundseal.frames"}
        )
        after = self._p.clock.sample()
        if abs((after.wall - before.wall) - (after.mono - before.mono)) < 100:
            times = answer.headers.get("roundseal-time", "")
            self._p.offsets.add(offset(before.wall, times, after.wall))
        named = answer.headers.get("roundseal-plan")
        if named is not None:
            # It says which plan is in force: to ask for it each minute as well would say nothing more.
            now = self._seconds()
            self._plan_at = max(self._plan_at, now + NAMED_S) if named == self._plan_digest else 0.0
        self._read_acks(batches, answer)

    def _read_acks(self, batches: Sequence[Batch], answer: Answer) -> None:
        acks = _acks(answer, len(batches))
        if acks is None:
            self._one_by_one = True  # one answer for all of them: find out which it means
            raise _Wait(*_refusal(answer))
        good = [
            (batch.seq, _number(ack, "idx"), _number(ack, "received"))
            for batch, ack in zip(batches, acks, strict=True)
            if ack.get("status") in _GOOD
        ]
        if good:
            self._p.outbox.accept(good, self._p.clock.wall())
            self._unproven = True
            self._well()
        for batch, ack in zip(batches, acks, strict=True):
            if ack.get("status") not in _GOOD:
                self._bad(batch, ack, answer)  # what follows it was not taken either
                return
        self._one_by_one = False

    def _bad(self, batch: Batch, ack: dict[str, Any], answer: Answer) -> None:
        word = str(ack.get("status", ""))
        self._repairs += 1
        if self._repairs > MOST_REPAIRS:
            raise _Wait(word, "one repair after the other: something is wrong there or here")
        if word == "fork":
            self._halt("fork", head=ack.get("head"))
        elif word == "gap":
            self._gap(ack)
        elif word == "behind":
            self._behind(batch, ack)
        elif word in _REFUSED:
            self._quarantine(batch, word, str(ack.get("detail", "")))
        else:
            word, detail, seconds = _refusal(answer)
            raise _Wait(str(ack.get("status", word)), str(ack.get("detail", detail)), _retry(ack, seconds))

    def _halt(self, why: str, **more: Any) -> None:
        """Stop sending for good: only a person can say which of two chains is true."""
        self._p.outbox.put(halt={"why": why, "at": self._p.clock.wall(), **more})
        log.critical("sending stopped: %s; results are kept here, see `status`", why)
        raise _Wait(why, "sending stopped, a person must decide", LONG_S)

    def _gap(self, ack: dict[str, Any]) -> None:
        want = _number(ack, "want")
        if want is None:
            raise _Wait("bad_answer", "gap without want")
        if self._p.outbox.batch(want) is None:
            self._halt("gap", want=want)
        log.warning(
            "the collector misses batches from %d on: sending %d again", want, self._p.outbox.resend(want)
        )

    def _behind(self, batch: Batch, ack: dict[str, Any]) -> None:
        """Our directory is older than what the log has of us: believe only our own signature."""
        try:
            data = b64decode(str(ack.get("header", "")), validate=True)
            signature = b64decode(str(ack.get("signature", "")), validate=True)
            newest = headers.parse(data)
        except (ValueError, WireError):
            raise _Wait("bad_answer", "behind without a header that can be read") from None
        me, signer = self._p.identity, self._p.signer
        mine = (newest.log, newest.agent, newest.epoch) == (me.origin, me.agent, me.epoch)
        signed = Signature(ALG_ED25519, signer.key_id, signature)
        if not mine or newest.seq < batch.seq or not verify_header(data, [signed], signer.public):
            raise _Wait("bad_answer", "behind with a header that we have not signed")
        if newest.machine != me.machine.fingerprint:
            self._halt("cloned", head={"seq": newest.seq})
        self._p.sealer.resume(data, self._p.moment())
        log.warning("this outbox is older than the log: going on after seq %d", newest.seq)

    def _quarantine(self, batch: Batch, word: str, detail: str) -> None:
        """Keep what was refused in a file, say in the chain that it is missing, go on."""
        if headers.parse(batch.header).loss is not None:
            raise _Wait(word, f"even a loss batch is refused: {detail}", LONG_S)
        place = self._p.state.path("quarantine")
        place.mkdir(mode=0o700, exist_ok=True)
        name = f"{self._p.identity.epoch}-{batch.seq}-{word}-{batch.signature.hex()[:8]}.frame"
        write_file(place / name, frame.encode(batch.frame))
        log.error("batch %d refused as %s %s: kept as quarantine/%s", batch.seq, word, detail, name)
        self._p.sealer.lose(batch.seq, batch.seq, word, self._p.moment())

    # plan and proofs

    def _poll_plan(self) -> None:
        me = self._p.identity
        known = {"If-None-Match": f'"{self._plan_digest}"'} if self._plan_digest else {}
        answer = signed_get(
            self._p.transport, self._p.signer, me.agent, me.epoch, "/v1/plan", self._p.clock.wall(), known
        )
        if answer.status == 200:
            held = plans.keep(self._p.outbox, answer.body, answer.headers.get("roundseal-signature", ""), me)
            self._plan_digest = held.digest
            self._p.on_plan(held)
        elif answer.status not in (304, 404):
            raise _Wait(*_refusal(answer))
        if self.contact.word in ("starting", "bad_plan"):
            self._well()
        if self._pending and answer.status in (200, 304):
            self._pending = False
            self._p.state.write_identity(replace(me, status="approved"))

    def _prove(self) -> None:
        outbox, now = self._p.outbox, self._p.clock.wall()
        found = proofs.look(self._fetch, outbox, self._vkey, now)
        if found.alarm:
            log.critical("THE LOG CONTRADICTS ITSELF: %s; both notes are kept in the outbox", found.alarm)
        self._unproven = bool(outbox.counts().get(ACCEPTED))
        if self._unproven:
            outbox.resend_unproven(now - UNPROVEN_MS)

    def _fetch(self, path: str) -> bytes:
        answer = self._p.transport.request("GET", f"/log/{path}")
        if answer.status != 200:
            raise UnreachableError(f"/log/{path}: HTTP {answer.status}", code="no_log")
        return answer.body


def _acks(answer: Answer, count: int) -> list[dict[str, Any]] | None:
    """One object per frame, or None when the answer is about the request as a whole."""
    try:
        value = strict_json.loads(answer.body)
    except WireError:
        return None
    if count == 1 and isinstance(value, dict) and "status" in value:
        return [value]
    if isinstance(value, list) and len(value) == count and all(isinstance(ack, dict) for ack in value):
        return value
    return None


def _refusal(answer: Answer) -> tuple[str, str, float | None]:
    """(word, detail, seconds to wait) of an answer that is no list of acks."""
    try:
        value = strict_json.loads(answer.body)
    except WireError:
        value = None
    ack = value if isinstance(value, dict) else {}
    word = str(ack.get("status", f"http_{answer.status}"))
    header = answer.headers.get("retry-after", "")
    after = float(header) if header.isdigit() else None
    return word, str(ack.get("detail", "")), _retry(ack, after)


def _retry(ack: dict[str, Any], after: float | None) -> float | None:
    told = _number(ack, "retry_after")
    if told is not None:
        return float(told)
    if after is None and ack.get("status") in _LONG:
        return LONG_S
    return after


def _number(ack: dict[str, Any], key: str) -> int | None:
    value = ack.get(key)
    return value if type(value) is int and value >= 0 else None
