"""SNMP v3 through pysnmp: one event loop in a thread of its own, one engine for each set of credentials.

An engine keeps the engine ids of its devices, so each is discovered once; one that knows a device by an id it
no longer has (a new board, an agent installed anew) hears nothing of it, and is replaced.

A secret has `user`, and for authPriv `auth` (md5 sha sha224 sha256 sha384 sha512), `auth_password`, `privacy`
(des 3des aes128 aes192 aes256; aes192c and aes256c as Cisco and most others make their keys) and
`privacy_password`.
"""

import asyncio
import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.sources.snmp_ber import (
    ADDRESS,
    COUNTER,
    COUNTER64,
    END,
    GAUGE,
    INTEGER,
    NO_INSTANCE,
    NO_OBJECT,
    NULL,
    OCTETS,
    OID,
    OPAQUE,
    TICKS,
    Answer,
    Bound,
    encode_oid,
)
from agent.sources.snmp_udp import Job
from agent.sources.snmp_walk import Ask
from checks.api import ErrorKind, ObservationError

AUTH = {
    "md5": "usmHMACMD5AuthProtocol",
    "sha": "usmHMACSHAAuthProtocol",
    "sha224": "usmHMAC128SHA224AuthProtocol",
    "sha256": "usmHMAC192SHA256AuthProtocol",
    "sha384": "usmHMAC256SHA384AuthProtocol",
    "sha512": "usmHMAC384SHA512AuthProtocol",
}
PRIVACY = {
    "des": "usmDESPrivProtocol",
    "3des": "usm3DESEDEPrivProtocol",
    "aes128": "usmAesCfb128Protocol",
    "aes192": "usmAesBlumenthalCfb192Protocol",
    "aes256": "usmAesBlumenthalCfb256Protocol",
    "aes192c": "usmAesCfb192Protocol",
    "aes256c": "usmAesCfb256Protocol",
}
_TAGS = {
    "Integer": INTEGER,
    "Integer32": INTEGER,
    "OctetString": OCTETS,
    "Null": NULL,
    "ObjectIdentifier": OID,
    "ObjectIdentity": OID,
    "IpAddress": ADDRESS,
    "Counter32": COUNTER,
    "Gauge32": GAUGE,
    "Unsigned32": GAUGE,
    "TimeTicks": TICKS,
    "Opaque": OPAQUE,
    "Counter64": COUNTER64,
    "NoSuchObject": NO_OBJECT,
    "NoSuchInstance": NO_INSTANCE,
    "EndOfMibView": END,
}
_SILENT = ("No SNMP response", "timed out", "Timeout", "timeout")
_DENIED = ("nknown", "digest", "ecrypt", "ncrypt", "uthenticat", "ecurity", "uthoriz", "ccess", "tooShort")


@dataclass(eq=False, slots=True)
class Held:
    """An engine, the peers that have answered it, and how many looks use it."""

    engine: Any
    known: set[str] = field(default_factory=set)
    users: int = 0
    retired: bool = False


class Engines:
    """The loop's thread and its engines; made when first asked for, closed when the process ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._engines: dict[tuple[tuple[str, str], ...], Held] = {}

    def loop(self) -> asyncio.AbstractEventLoop:
        """The running loop."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="snmp-v3")
                self._thread.start()
            return self._loop

    # Below: called on the loop only.

    def take(self, secret: Mapping[str, str]) -> Held:
        """The engine for these credentials, until it is given back."""
        from pysnmp.hlapi.v3arch.asyncio import SnmpEngine

        key = tuple(sorted(secret.items()))
        if key not in self._engines:
            self._engines[key] = Held(SnmpEngine())
        held = self._engines[key]
        held.users += 1
        return held

    def give(self, held: Held) -> None:
        """A look has ended; an engine that nobody will take again is closed with its last look."""
        held.users -= 1
        if held.retired and not held.users:
            held.engine.close_dispatcher()

    def retire(self, held: Held) -> None:
        """The next look with these credentials gets another engine, which discovers its devices anew."""
        held.retired = True
        self._engines = {key: one for key, one in self._engines.items() if one is not held}

    def close(self) -> None:
        """End the thread; the next look starts anew."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
            if loop is None or thread is None:
                return
            asyncio.run_coroutine_threadsafe(self._closed(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _closed(self) -> None:
        for held in self._engines.values():
            held.engine.close_dispatcher()
        self._engines.clear()
        await asyncio.sleep(0)


ENGINES = Engines()
atexit.register(ENGINES.close)


def run(job: Job, secret: Mapping[str, str]) -> Any:
    """Drive a job's reader; ObservationError where it could not look."""
    loop = ENGINES.loop()
    coming = asyncio.run_coroutine_threadsafe(_drive(job, dict(secret)), loop)
    try:
        return coming.result(job.seconds + 5)
    except TimeoutError:
        coming.cancel()
        raise ObservationError(ErrorKind.TIMEOUT, f"{job.name}: broke off") from None


async def _drive(job: Job, secret: dict[str, str]) -> Any:
    user = _user(secret)
    try:
        async with asyncio.timeout(job.seconds):
            return await _asked(job, secret, user)
    except TimeoutError:
        raise ObservationError(ErrorKind.TIMEOUT, f"{job.name}: broke off") from None
    finally:
        job.reader.close()


async def _asked(job: Job, secret: dict[str, str], user: Any) -> Any:
    import pysnmp.hlapi.v3arch.asyncio as api

    transport = api.UdpTransportTarget if len(job.address) == 2 else api.Udp6TransportTarget
    target = await transport.create(job.address[:2], timeout=2, retries=2)
    held, heard = ENGINES.take(secret), False
    try:
        ask = next(job.reader)
        while True:
            try:
                answer = await _one(api, job, held.engine, user, target, ask)
            except ObservationError:
                if heard or job.name not in held.known:
                    raise
                ENGINES.retire(held)
                ENGINES.give(held)
                held = ENGINES.take(secret)
                continue
            heard = True
            held.known.add(job.name)
            ask = job.reader.send(answer)
    except StopIteration as end:
        return end.value
    except asyncio.CancelledError:
        if not heard and job.name in held.known:
            ENGINES.retire(held)  # there was no time to ask anew: the next look does
        raise
    finally:
        ENGINES.give(held)


async def _one(api: Any, job: Job, engine: Any, user: Any, target: Any, ask: Ask) -> Answer:
    from agent.sources.snmp_ber import oid_text

    wanted = [api.ObjectType(api.ObjectIdentity(oid_text(head))) for head in ask.heads]
    options = {"lookupMib": False}
    if ask.repeat:
        done = await api.bulk_cmd(engine, user, target, api.ContextData(), 0, ask.repeat, *wanted, **options)
    else:
        done = await api.get_cmd(engine, user, target, api.ContextData(), *wanted, **options)
    indication, status, index, bound = done
    if indication:
        raise refused(str(indication), job.name)
    return Answer(0, int(status), int(index), [_bound(name, value) for name, value in bound])


def refused(text: str, name: str) -> ObservationError:
    """What pysnmp calls an error indication, as ours."""
    if any(word in text for word in _SILENT):
        return ObservationError(ErrorKind.TIMEOUT, f"{name}: no answer")
    kind = ErrorKind.DENIED if any(word in text for word in _DENIED) else ErrorKind.GARBLED
    return ObservationError(kind, f"{name}: {text}")


def _bound(name: Any, value: Any) -> Bound:
    tag = _TAGS.get(type(value).__name__, NULL)
    return encode_oid(str(name)), tag, _content(tag, value)


def _content(tag: int, value: Any) -> bytes:
    if tag in (OCTETS, OPAQUE, ADDRESS):
        return bytes(value.asOctets())
    if tag == OID:
        return encode_oid(str(value))
    if tag in (NULL, NO_OBJECT, NO_INSTANCE, END):
        return b""
    number = int(value)
    return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=tag == INTEGER)


def _user(secret: Mapping[str, str]) -> Any:
    import pysnmp.hlapi.v3arch.asyncio as api

    auth, privacy = secret.get("auth", ""), secret.get("privacy", "")
    if "user" not in secret:
        raise ObservationError(ErrorKind.DENIED, "the secret has no user")
    if (auth and auth not in AUTH) or (privacy and privacy not in PRIVACY) or (privacy and not auth):
        raise ObservationError(
            ErrorKind.UNSUPPORTED, f"auth: {', '.join(AUTH)}; privacy: {', '.join(PRIVACY)}, with auth only"
        )
    options: dict[str, Any] = {}
    if auth:
        options |= {"authKey": secret.get("auth_password", ""), "authProtocol": getattr(api, AUTH[auth])}
    if privacy:
        options |= {
            "privKey": secret.get("privacy_password", ""),
            "privProtocol": getattr(api, PRIVACY[privacy]),
        }
    try:
        return api.UsmUserData(secret["user"], **options)  # noqa: S509  # what the site's secret says
    except Exception:  # pysnmp raises what it likes; nothing of it may hold a password
        raise ObservationError(ErrorKind.DENIED, "these credentials are none (passwords: 8 signs)") from None
