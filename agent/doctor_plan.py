"""`doctor`, the plan's part: can each planned look be taken, and what is missing for it?

Host keys are compared by greeting the targets; every look is taken once, as `run` would take it, and thrown
away: nothing is signed, stored or sent.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from agent import doctor_grants, plans
from agent.errors import AgentError
from agent.outbox import Outbox
from agent.settings import Settings
from agent.single import take
from agent.sources.means import Means
from agent.state import State, check_private
from checks import registry
from checks.api import Check, ObservationError, Source
from checks.codec import FieldError, from_json
from checks.registry import UnknownCheckError
from checks.remote import Login
from checks.result import Item

LOOK_S = 15.0
KEY_MS = 10_000
MOST_LOOKS = 300
_AT_ONCE = 8
_SSH = (Source.SSH, Source.FILES)


@dataclass(frozen=True, slots=True)
class Point:
    """One thing looked at. `word`: ok, no (cannot, and why), needs (parameters), bad (to be mended)."""

    name: str
    word: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One thing that the plan asks for; `params` with the check's defaults filled in."""

    item: Item
    check: Check[Any, Any]
    params: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Check and target."""
        return f"{self.item.check} on {self.item.target}"


def planned(state: State) -> list[Planned]:
    """What the kept plan asks for, each thing once; nothing without enrolment, plan or readable outbox."""
    try:
        return _asked(state)
    except AgentError:
        return []  # `points` says what is wrong with an outbox


def _asked(state: State) -> list[Planned]:
    """As `planned`; AgentError where there is an outbox that cannot be read."""
    try:
        identity, path = state.identity(), state.path("outbox.db")
    except AgentError:
        return []  # `state` is a point of its own
    if not path.exists():
        return []
    outbox = Outbox(path, create=False)
    try:
        held = plans.kept(outbox, identity)
    finally:
        outbox.close()
    if held is None:
        return []
    items = [one.item for one in held.plan.items]
    items += [one.item for each in held.plan.rounds for one in each.items]
    once = {(one.check, one.target, one.params_digest): one for one in items}
    return [made for one in once.values() if (made := _planned(one)) is not None]


def _planned(item: Item) -> Planned | None:
    """None for a check that is not installed or that this plan's parameters do not fit: `status` says so."""
    try:
        check = registry.get(item.check)
        params = from_json(check.params, dict(item.params), "params")
    except (UnknownCheckError, FieldError, AttributeError):
        return None
    return Planned(item, check, {each.name: getattr(params, each.name) for each in fields(params)})


def points(state: State, given: Settings) -> list[Point]:
    """One for each secret, each host key and each look of the plan."""
    try:
        looks = _asked(state)
    except AgentError as error:
        return [Point("outbox", "bad", error.detail)]
    if not looks:
        return []
    means = given.means(state)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        keys = pool.map(lambda to: _host_key(to, means), _logins(looks))
        tried = pool.map(lambda one: _tried(one, means), looks[:MOST_LOOKS])
        found = [*_secrets(state, looks, means), *keys, *tried]
    if len(looks) > MOST_LOOKS:
        found.append(Point("plan", "no", f"{len(looks) - MOST_LOOKS} more looks were not tried"))
    return found


# Secrets

_LOGIN = "user: …, key: PATH   (or password: …)"


def _secrets(state: State, looks: Sequence[Planned], means: Means) -> Iterator[Point]:
    wanted: dict[str, list[Planned]] = {}
    for one in looks:
        for name in _names(one.params):
            wanted.setdefault(name, []).append(one)
    path = state.path("secrets.yaml")
    if not wanted:
        return
    try:
        if path.exists():
            check_private(path)
    except AgentError as error:
        yield Point("secrets", "bad", error.detail)
        return
    for name, users in sorted(wanted.items()):
        yield _secret(path, name, users, means)


def _names(params: Mapping[str, Any]) -> Iterator[str]:
    for key, value in params.items():
        if isinstance(value, Login):
            yield from _names({each.name: getattr(value, each.name) for each in fields(value)})
        needed = key == "secret" or (key == "hop_secret" and params.get("hop"))
        if needed and isinstance(value, str) and value:
            yield value


def _secret(path: Path, name: str, users: Sequence[Planned], means: Means) -> Point:
    forms = dict.fromkeys(form for one in users if (form := _form(one, name)))
    line = f"in {path}: {name}: {{{' or '.join(forms) or '…'}}}"
    try:
        parts = dict(means.secret(name))
    except ObservationError as error:
        return Point(f"secret {name}", "bad", f"{error.detail}; {line}; then chmod 600 it")
    for one in users:
        if problem := _misses(one, name, parts):
            return Point(f"secret {name}", "bad", f"{problem}; {line}")
    return Point(f"secret {name}", "ok", f"used by {len(users)} looks")


def _form(one: Planned, name: str) -> str:
    """What the source wants of this secret."""
    way = one.params.get("ssh")
    if isinstance(way, Login) and name != way.hop_secret:
        return _LOGIN if name == way.secret else "program: PATH, user: …, password: …   (as wanted)"
    if name in (one.params.get("hop_secret"), way and way.hop_secret) and name != one.params.get("secret"):
        return "user: …, password: …"
    snmp = one.check.source is Source.SNMP or (
        one.check.source is Source.DEVICE and not one.params.get("platform")
    )
    if snmp and one.params.get("version", 3) != 3:
        return "community: …"
    if snmp:
        return "user: …, auth: sha256, auth_password: …, privacy: aes128, privacy_password: …"
    if one.check.source in (*_SSH, Source.DEVICE):
        return _LOGIN
    if one.params.get("platform") == "redis":
        return "password: …"
    return "user: …, password: …" if one.check.source in (Source.SQL, Source.BMC) else ""


def _misses(one: Planned, name: str, parts: Mapping[str, str]) -> str:
    """What is wrong with the form of a secret for this look; nothing of its content."""
    form = _form(one, name)
    if form.startswith("community") and "community" not in parts:
        return "it has no community, which SNMP v1 and v2c want"
    if form.startswith("user") and "user" not in parts:
        return "it has no user"
    if "auth:" in form and (problem := _v3(parts)):
        return problem
    if "key: PATH" in form and (problem := _login_parts(parts)):
        return problem
    by_driver = one.check.source in (Source.SQL, Source.BMC) and not one.params.get("client")
    if by_driver and not ({"password", "cert"} & set(parts)):
        return "it has no password"
    return ""


def _v3(parts: Mapping[str, str]) -> str:
    from agent.sources.snmp_v3 import AUTH, PRIVACY

    for part, known in (("auth", AUTH), ("privacy", PRIVACY)):
        if part not in parts:
            return f"it has no {part}: without it an answer may be anybody's" if part == "auth" else ""
        if parts[part] not in known:
            return f"its {part} is none of {', '.join(known)}"
        if len(parts.get(f"{part}_password", "")) < 8:
            return f"its {part}_password has fewer than 8 characters"
    return ""


def _login_parts(parts: Mapping[str, str]) -> str:
    if not {"password", "key", "agent"} & set(parts):
        return "it has neither key nor password nor agent"
    path = parts.get("key")
    if not path:
        return ""
    if not os.access(path, os.R_OK):
        return f"{path} cannot be read by {doctor_grants.user()}"
    try:
        check_private(Path(path))
    except (AgentError, OSError) as error:
        return str(error)
    return ""


# Host keys


def _logins(looks: Sequence[Planned]) -> list[Login]:
    found: dict[str, Login] = {}
    for one in looks:
        by_prompt = one.check.source is Source.DEVICE and one.params.get("platform")
        if one.check.source in _SSH or by_prompt:
            words = {each.name: one.params[each.name] for each in fields(Login) if each.name in one.params}
            if words.get("address"):
                to = Login(**words)
                found.setdefault(to.name, to)
        if isinstance(way := one.params.get("ssh"), Login):
            found.setdefault(way.name, way)
    return [found[name] for name in sorted(found)]


def _host_key(to: Login, means: Means) -> Point:
    from agent.sources.ssh import open_ssh
    from agent.sources.ssh_pool import trust_words

    name = f"host key {to.name}"
    try:
        found = open_ssh(means).host_key(to, timeout_ms=KEY_MS)
    except ObservationError as error:
        return Point(name, "no", f"{error.kind} {error.detail}")
    if not found.pinned:
        why = f"{found.presented} is not pinned: compare it on the device, then {trust_words(to)}"
        return Point(name, "bad", why)
    if found.pinned != found.presented:
        why = (
            f"it presents {found.presented}, pinned is {found.pinned}: find out who changed it; "
            f"if it was meant, {trust_words(to)} --replace"
        )
        return Point(name, "bad", why)
    return Point(name, "ok", found.presented)


# Looks


def _tried(one: Planned, means: Means) -> Point:
    found = take(one.check, dict(one.item.params), one.item.target, means, LOOK_S)
    if found.result is not None:
        return Point(one.name, "ok", f"{len(found.result.readings)} readings, {found.result.state.value}")
    why = f"{found.kind} {found.detail}".strip()
    return Point(one.name, "no", with_grants(why, one.check, one.params, found.kind, found.detail))


def with_grants(why: str, check: Check[Any, Any], params: Mapping[str, Any], kind: str, detail: str) -> str:
    """Why a look could not be taken, and what grants it where that is known."""
    grants = doctor_grants.lines(check, params, kind, detail)
    return f"{why}; to grant it: {' | '.join(grants)}" if grants else why
