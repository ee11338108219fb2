"""Accounts, their passwords and what they may do, as a source hands them back (standard library only).

Facts hold account names and how a password is stored, never a hash of one; command lists of sudo are
held as digests. Days count from 1970-01-01, as in /etc/shadow.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """One line of passwd, with what shadow says of it.

    password: `set`, `empty` (anybody may log in), `locked` (was set), `none` (never had one), `hidden`.
    `method`: how it is hashed (des, md5, blowfish, sha256, sha512, yescrypt, other), "" where not set.
    `mark` is a digest of uid, groups, home and shell; `login`: the shell is one that lets somebody in.
    """

    name: str
    uid: int
    gid: int
    login: bool
    groups: tuple[str, ...]
    mark: str
    password: str
    method: str = ""
    changed_day: int | None = None
    most_days: int | None = None
    expires_day: int | None = None


@dataclass(frozen=True, slots=True)
class Accounts:
    """All local accounts. `trouble`: why shadow could not be read (denied, missing), "" if it was."""

    accounts: tuple[Account, ...]
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """What new passwords must be. None: not set anywhere we know.

    `quality`: a PAM module tests new passwords (pam_pwquality, pam_cracklib, pam_passwdqc); `lockout`: one
    counts failures (pam_faillock, pam_tally2); `trouble`: the PAM files could not be read.
    """

    most_days: int | None
    least_days: int | None
    warn_days: int | None
    least_length: int | None
    remember: int | None
    quality: bool
    lockout: bool
    failures: int | None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class SudoRule:
    """Who may run what as whom. `commands` is a digest of the list, `everything`: it holds ALL."""

    who: str
    run_as: str
    no_password: bool
    everything: bool
    commands: str


@dataclass(frozen=True, slots=True)
class Sudo:
    """Rules of /etc/sudoers and what it includes; `files` maps each to its SHA-256, or its trouble.

    `unread` counts lines that are no rule, alias, default or include that we know.
    """

    installed: bool
    rules: tuple[SudoRule, ...]
    files: Mapping[str, str]
    troubles: Mapping[str, str]
    unread: int


@dataclass(frozen=True, slots=True)
class SshServer:
    """How the SSH server is set up. `origin`: `sshd` (it told us itself) or `file`.

    `options` holds what is judged, lower case, as `sshd -T` prints it; an option that a file leaves out is
    absent, for its default depends on the version. `digest` is the SHA-256 of all of them. `matches`:
    Match blocks that change options for some users or addresses, counted where the files can be read.
    """

    installed: bool
    origin: str
    options: Mapping[str, str]
    digest: str
    matches: int | None
