"""Who can get at the backups: proven by trying, as the accounts that must be refused.

Only a canary of no bytes is ever overwritten or deleted, never a backup.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source
from checks.artefacts import basic, levels
from checks.artefacts.artefact import Artefact
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands
from checks.artefacts.standing import base, survey
from checks.files import SFTP_NEEDS
from checks.places import Access, Backups, Entry, Ground, LoginKey

_PLAIN_PORTS = {21: "ftp", 873: "rsync", 69: "tftp", 514: "rsh"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What an account was let do: `refused`, `allowed`, or why that is not known."""

    account: str
    read: str
    overwrite: str
    delete: str


@dataclass(frozen=True, slots=True)
class AccessArtefact:
    """One backup that was tried."""

    base: Artefact
    tried: tuple[Tried, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """`keys`: what lets in as the owners of the backups (None: not told); `listening`: TCP ports that the
    machine offers and that carry files in the clear (None: not told)."""

    artefacts: tuple[AccessArtefact, ...]
    stands: Stands
    ground: Ground
    keys: tuple[LoginKey, ...] | None
    listening: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Params(Look):
    """`refused`: accounts that must be refused to read, overwrite and delete: users of the agent's machine;
    at an `address`, names of secrets to log in with. `may_read`: those of them that may read. `keys`: the
    keys (`SHA256:…`) that may let in as `owner` (none: not asked). `services`: no port may be offered that
    carries files in the clear."""

    refused: tuple[str, ...] = ()
    may_read: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    services: bool = True


def observe(backups: Backups, params: Params) -> Facts:
    with backups.place(params) as place:
        found = survey(place, params)
        ground = place.ground(found.all[0].path if found.all else found.top)
        bases = [(one, base(place, one, found.top)) for one in found.chosen]
    with backups.access(params) as access:
        made = [AccessArtefact(made, _tried(access, params, one)) for one, made in bases]
        ports = access.listening()
        plain = None if ports is None else tuple(one for one in ports if one in _PLAIN_PORTS)
        return Facts(tuple(made), found.stands, ground, _keys(access, params), plain)


def _tried(access: Access, params: Params, entry: Entry) -> tuple[Tried, ...]:
    return tuple(Tried(account, *access.attempts(account, entry)) for account in params.refused)


def _keys(access: Access, params: Params) -> tuple[LoginKey, ...] | None:
    found: list[LoginKey] = []
    for user in params.owner:
        keys = access.keys(user)
        if keys is None:
            return None
        found += keys
    return tuple(found)


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    facts = seen.facts
    yield from basic.judge_stands(facts.stands)
    around = [*_transport(facts, params), *_logins(facts, params)]
    for one in facts.artefacts:
        verdicts = [v for tried in one.tried for v in _refusals(tried, params)]
        if one.base.placed is not None:
            verdicts += basic.judge_placed(one.base.placed, params)
        yield from levels.readings(one.base.name, [*verdicts, *around])


def _refusals(tried: Tried, params: Params) -> Iterator[Verdict]:
    if tried.account not in params.may_read:
        yield _of(tried.read, "open_to_others", tried.account)
    yield _of(tried.overwrite, "deletable", tried.account)
    yield _of(tried.delete, "deletable", tried.account)


def _of(said: str, reason: str, account: str) -> Verdict:
    if said == "allowed":
        return bad(reason, account)
    if said == "refused":
        return good(Level.PLACED)
    return untold(Level.PLACED, said if said in levels.UNTOLD else "not_read", account)


def _transport(facts: Facts, params: Params) -> Iterator[Verdict]:
    ground = facts.ground
    if ground.kind.startswith("nfs") and "sec=krb5p" not in ground.options:
        yield bad("plain_transport", ground.kind)
    if ground.kind in ("cifs", "smb3") and "seal" not in ground.options:
        yield bad("plain_transport", ground.kind)
    if params.services and facts.listening is None and not params.address:
        yield untold(Level.PLACED, "not_read", "ports")  # of another machine it is not asked from here
    for port in facts.listening or ():
        if params.services:
            yield bad("plain_transport", f"{_PLAIN_PORTS.get(port, 'port')}:{port}")


def _logins(facts: Facts, params: Params) -> Iterator[Verdict]:
    if not params.keys:
        return
    if facts.keys is None or not params.owner:  # without an owner nobody's keys were read
        yield untold(Level.PLACED, "denied", "authorized_keys")
    for key in facts.keys or ():
        if key.sha256 not in params.keys:
            yield bad("open_to_others", key.sha256)


CHECK = Check(
    id="backup.access",
    version=1,
    title="备份访问权限",
    title_en="Access to backups",
    source=Source.BACKUP,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    needs=(
        SFTP_NEEDS,
        "to try as another account: the agent runs as root, or sudo lets it (-n -u ACCOUNT); elsewhere a"
        " secret of each account, and a canary of no bytes, .roundseal-canary, beside the backups",
    ),
)
