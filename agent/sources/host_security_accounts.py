"""Local accounts from passwd, group and shadow."""

from collections import defaultdict
from typing import NamedTuple

from agent.sources.host_proc import Tree, small_number
from checks.accounts import Account, Accounts
from checks.approved import mark

_NO_LOGIN = frozenset({"nologin", "false", "sync", "halt", "shutdown", "true"})
_METHODS = {
    "$1$": "md5",
    "$2": "blowfish",
    "$5$": "sha256",
    "$6$": "sha512",
    "$y$": "yescrypt",
    "$gy$": "yescrypt",
    "$7$": "scrypt",
}
_DES_LENGTH = 13


class _Shadow(NamedTuple):
    password: str
    method: str
    changed: int | None
    most: int | None
    expires: int | None


_HIDDEN = _Shadow("hidden", "", None, None, None)


def accounts(tree: Tree) -> Accounts:
    """Every line of passwd, in its order; passwords are `hidden` where shadow may not be read."""
    try:
        shadow, trouble = _shadows(tree.text("etc/shadow")), ""
    except PermissionError:
        shadow, trouble = {}, "denied"
    except FileNotFoundError:
        shadow, trouble = {}, "missing"
    members = _groups(tree.text_or("etc/group", ""))
    found = []
    for line in tree.text("etc/passwd").splitlines():
        fields = line.split(":")
        # NIS marks (+::::::) and comments are no accounts.
        if len(fields) == 7 and fields[0][:1] not in ("", "#", "+", "-"):
            found.append(_account(fields, members, shadow))
    return Accounts(tuple(found), trouble)


def _account(fields: list[str], members: dict[str, list[str]], shadow: dict[str, _Shadow]) -> Account:
    name, word, uid, gid, _, home, shell = fields
    groups = tuple(sorted(members.get(name, [])))
    secret = shadow.get(name, _HIDDEN) if word == "x" else _password(word)
    return Account(
        name=name,
        uid=_number(uid),
        gid=_number(gid),
        login=shell.rpartition("/")[2] not in _NO_LOGIN,
        groups=groups,
        mark=mark(uid, gid, home, shell, *groups),
        password=secret.password,
        method=secret.method,
        changed_day=secret.changed,
        most_days=secret.most,
        expires_day=secret.expires,
    )


def _number(text: str) -> int:
    """A user's or group's number; ValueError for what the kernel could not hold."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10) or int(text) >= 2**32:
        raise ValueError(f"{text[:20]!r} is no number of a user")
    return int(text)


def _shadows(text: str) -> dict[str, _Shadow]:
    made = {}
    for line in text.splitlines():
        fields = (line.split(":") + [""] * 9)[:9]
        kind = _password(fields[1])
        changed, most, expires = (small_number(fields[i]) for i in (2, 4, 7))
        made[fields[0]] = kind._replace(changed=changed, most=most, expires=expires)
    return made


def _password(word: str) -> _Shadow:
    """How a password field locks; its hash is looked at for its kind alone."""
    if not word:
        return _HIDDEN._replace(password="empty")  # noqa: S106 - a word for an empty field
    if word in ("*", "!", "!!", "!*", "*LK*", "x"):
        return _HIDDEN._replace(password="none")  # noqa: S106 - no password was ever set
    locked = word.startswith("!")
    bare = word.lstrip("!")
    method = next((name for prefix, name in _METHODS.items() if bare.startswith(prefix)), "")
    if not method:
        method = "des" if len(bare) == _DES_LENGTH else "other"
    return _HIDDEN._replace(password="locked" if locked else "set", method=method)


def _groups(text: str) -> dict[str, list[str]]:
    """Groups that name a user as their member."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) == 4:
            for user in filter(None, fields[3].split(",")):
                found[user].append(fields[0])
    return found
