"""A mail service: greeting, what it offers, TLS, login of a test account (SMTP or IMAP)."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from checks.api import Check, Reading, Seen, Source, State, Unit, Upper
from checks.protocols import Endpoint, MailSeen, Protocols, answered, not_answered


class Speaks(StrEnum):
    """Protocol of the service."""

    SMTP = "smtp"
    IMAP = "imap"


@dataclass(frozen=True, slots=True)
class Facts:
    mail: MailSeen


@dataclass(frozen=True, slots=True)
class Params(Endpoint):
    """`offers`: capabilities that must be offered (`STARTTLS`, `SMTPUTF8`, `IMAP4REV1` …)."""

    port: int = 25
    protocol: Speaks = Speaks.SMTP
    offers: tuple[str, ...] = ()
    latency_ms: Upper = Upper(None, None)


def observe(net: Protocols, params: Params) -> Facts:
    return Facts(net.smtp(params) if params.protocol is Speaks.SMTP else net.imap(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    mail = seen.facts.mail
    if bad := not_answered(mail.talk):
        yield from bad
        return
    yield answered(mail.talk, params.latency_ms)
    if params.protocol is Speaks.SMTP:
        yield _code(mail.code)
    for offer in params.offers:
        there = offer.upper() in mail.offers
        state = State.OK if there else State.CRIT
        yield Reading(f"{offer}:offered", int(there), Unit.NONE, state, "" if there else "missing")
    if params.secret:
        yield _login(mail.logged_in)


def _code(code: int | None) -> Reading:
    if code is None:
        return Reading("status", None, Unit.NONE, State.UNKNOWN, "not_reported")
    state = State.OK if code == 250 else State.CRIT
    return Reading("status", code, Unit.NONE, state, "" if code == 250 else "status_unexpected")


def _login(made: bool | None) -> Reading:
    if made is None:
        return Reading("login", None, Unit.NONE, State.UNKNOWN, "not_reached")
    # A refused login may be the secret's fault as well as the service's.
    return Reading(
        "login", int(made), Unit.NONE, State.OK if made else State.UNKNOWN, "" if made else "login_refused"
    )


CHECK = Check(
    id="application.mail",
    version=1,
    title="邮件服务",
    title_en="Mail service",
    source=Source.HTTP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("HA-01", "HA-20"),
    needs=("a test mailbox where the login is looked at",),
)
