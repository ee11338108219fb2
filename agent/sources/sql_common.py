"""What all products' answers are made into alike: sizes with their past, settings, accounts."""

import hmac
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from agent.sources.sql_session import Recall
from checks.codec import to_json
from checks.sql import Account, Accounts, Area, Setting, Settings, Space, Tally
from checks.wire import strict_json

# Values that may hold a credential, a command or a person's address are not kept.
_PRIVATE = re.compile(r"pass|secret|conninfo|key|token|command|cred|auth|ldap|ssl|proxy|sentinel", re.I)
_MOST_VALUE = 200


def setting(name: str, value: str, origin: str) -> Setting:
    """A setting without a value that must not be shown; `settings` still has to blind its digest."""
    private = _PRIVATE.search(name) or re.search(r"://[^/]*@|password\s*=", value, re.I)
    shown = "" if private or len(value) > _MOST_VALUE or not value.isprintable() else value
    return Setting(name, shown, sha256(value.encode()).hexdigest(), origin)


def settings(recall: Recall, items: Iterable[Setting], pending: Iterable[str] = ()) -> Settings:
    """With the names that changed since the last look; a digest does not give away what is not shown."""
    key = _key(recall)
    held = tuple(sorted((_blinded(one, key) for one in items), key=lambda one: one.name))
    now = {one.name: one.digest[:16] for one in held}
    before = recall.swap("settings", dict(now))
    changed = None
    if isinstance(before, dict):
        names = sorted(now.keys() | before.keys())
        changed = tuple(name for name in names if now.get(name) != before.get(name))
    return Settings(held, tuple(sorted(pending)), changed)


def _key(recall: Recall) -> bytes:
    """This item's own key, made at its first look and never sent anywhere."""
    fresh = secrets.token_hex(32)
    kept = recall.swap("settings:key", fresh)
    if not isinstance(kept, str):
        return bytes.fromhex(fresh)
    recall.swap("settings:key", kept)
    return bytes.fromhex(kept)


def _blinded(one: Setting, key: bytes) -> Setting:
    # The plain digest of a password is as good as the password to whoever tries a list of them.
    return one if one.value else replace(one, digest=hmac.new(key, one.digest.encode(), sha256).hexdigest())


def cache(recall: Recall, asked: int | None, reads: int | None) -> tuple[Tally, Tally]:
    """Hits and reads of a cache that counts what was asked of it and what it had to read."""
    hits = None if asked is None or reads is None else asked - reads
    return recall.tally("hits", hits), recall.tally("reads", reads)


def space(recall: Recall, areas: Iterable[Area]) -> Space:
    """With the sizes of the last look."""
    held = tuple(sorted(areas, key=lambda one: (one.kind, one.name)))
    now = time.time_ns() // 1_000_000
    before = recall.swap("space", {"at": now, **{f"{one.kind}/{one.name}": one.bytes for one in held}})
    if not isinstance(before, dict) or not isinstance(before.get("at"), int):
        return Space(held)
    past = [before.get(f"{one.kind}/{one.name}") for one in held]
    made = tuple(
        Area(one.kind, one.name, one.bytes, one.limit, was if isinstance(was, int) else None)
        for one, was in zip(held, past, strict=True)
    )
    since = now - before["at"]
    return Space(made, since if since > 0 else None)


def accounts(recall: Recall, found: Iterable[Account], audit: bool | None) -> Accounts:
    """With the digest of the last look's list."""
    held = tuple(sorted(found, key=lambda one: one.name))
    digest = sha256(strict_json.dumps(to_json(held))).hexdigest()
    before = recall.swap("accounts", digest)
    return Accounts(held, audit, digest, before if isinstance(before, str) else "")
