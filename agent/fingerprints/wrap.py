"""Dumps with their fingerprint: one that we start ourselves, in one snapshot, or one that others make."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.errors import AgentError
from agent.fingerprints import catalogue
from agent.fingerprints.catalogue import Changes
from agent.fingerprints.login import Login
from agent.fingerprints.session import opened, program_version
from agent.fingerprints.take import About, Pace, Taken, fingerprint, now_ms, sandwich, take
from agent.sources.backup_local import LocalPlace
from checks.artefacts import standing
from checks.artefacts.copyrows import How
from checks.artefacts.fingerprint import ENDING, Bytes, Fingerprint, FingerprintError, dump, parse
from checks.codec import FieldError, from_json, to_json

FORMATS = {"custom": "c", "directory": "d", "tar": "t", "plain": "p"}


@dataclass(frozen=True, slots=True)
class Wish:
    """How it is to be taken. `state`: directory of secrets.yaml."""

    login: Login
    pace: Pace
    how: How
    state: Path


def alone(wish: Wish) -> Fingerprint:
    """A fingerprint of one instant of its own."""
    with _tools(wish) as (env, user):
        taken = _taken(wish, env, user)
    return fingerprint(taken, About(wish.login.tools.kind, wish.login.database, "exact"))


def wrap(wish: Wish, out: Path, form: str, words: Sequence[str], globals_to: Path | None) -> Fingerprint:
    """Make a dump, and its fingerprint in the dump's own snapshot; both appear under their names when both
    are whole. AgentError `dump_failed` leaves neither."""
    login, part = wish.login, out.with_name(out.name + ".part")
    if os.path.lexists(out) or os.path.lexists(part):
        raise AgentError("exists", f"{out if os.path.lexists(out) else part} is there already")
    with _tools(wish) as (env, user):
        version = program_version(login, login.tools.dump, env)
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(opened(login, env, user))
            session.begin()
            started = now_ms()
            snapshot = session.one("SELECT pg_catalog.pg_export_snapshot()") or ""
            stack.callback(_forget, part)
            argv = [login.program(login.tools.dump), f"-F{FORMATS[form]}", "-f", str(part)]
            argv += [f"--snapshot={snapshot}", *login.words(user), *words, "-d", login.database]
            called(argv, env, wish.pace, _ours())
            taken = take(session, wish.pace, wish.how, started)
            about = About(
                login.tools.kind, login.database, "snapshot", f"{login.tools.dump} {version}", snapshot,
                measured(part, out.name),
            )  # fmt: skip
            made = fingerprint(taken, about)
            _place(part, out, made)
        if globals_to is not None:
            _globals(login, env, user, globals_to, wish.pace)
    return made


@dataclass(frozen=True, slots=True)
class Before:
    """The first half of a sandwich, kept in a file until the dump is there. `changes`: rows counted before
    its snapshot, so that none falls between."""

    fingerprint: Fingerprint
    changes: Mapping[str, Changes]


def around(wish: Wish, artefact: Path, command: Sequence[str]) -> Fingerprint:
    """Fingerprints before and after somebody else's dump, and what both agree on."""
    first = before(wish)
    called(command, os.environ, wish.pace)
    return after(wish, artefact, first)


def before(wish: Wish) -> Before:
    """Take the first half."""
    with _tools(wish) as (env, user):
        changes = _changes(wish, env, user)
        first = _taken(wish, env, user)
    return Before(fingerprint(first, About(wish.login.tools.kind, wish.login.database, "exact")), changes)


def after(wish: Wish, artefact: Path, held: Before) -> Fingerprint:
    """Take the second half, and put what both agree on beside the artefact."""
    if not os.path.lexists(artefact):
        raise AgentError("no_file", f"{artefact} is not there")
    with _tools(wish) as (env, user):
        second = _taken(wish, env, user)
        changes = _changes(wish, env, user)
    made = measured(artefact, artefact.name)
    about = About(wish.login.tools.kind, wish.login.database, "sandwich", artefact=made)
    both = sandwich((held.fingerprint, held.changes), (second, changes), about)
    write(beside(artefact), dump(both))
    return both


def _taken(wish: Wish, env: Mapping[str, str], user: str) -> Taken:
    with opened(wish.login, env, user) as session:
        session.begin()
        return take(session, wish.pace, wish.how, now_ms())


def _changes(wish: Wish, env: Mapping[str, str], user: str) -> Mapping[str, Changes]:
    with opened(wish.login, env, user) as session:
        session.prepare()
        return catalogue.changes(session)


@contextlib.contextmanager
def _tools(wish: Wish) -> Iterator[tuple[dict[str, str], str]]:
    with wish.login.environment(wish.state) as (env, user):
        yield env, user


def called(argv: Sequence[str], env: Mapping[str, str], pace: Pace, umask: int = -1) -> None:
    """Run a program to its end; its output is ours. AgentError `dump_failed`; `umask` -1: as it is."""
    name = os.path.basename(argv[0])
    try:
        done = subprocess.run(  # noqa: S603  # no shell: the operator's own words
            list(argv), env=dict(env), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
            timeout=pace.left_ms() / 1000, umask=umask,
        )  # fmt: skip
    except OSError as problem:
        raise AgentError("no_tool", f"{name}: {problem.strerror}") from None
    except subprocess.TimeoutExpired:
        raise AgentError("timeout", f"{name} did not end in time") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        told = f": {said[0][:300]}" if said else ""
        raise AgentError("dump_failed", f"{name}: exit {done.returncode}{told}")


def _ours() -> int:
    """The umask of a dump that we make: nothing for others, whom `backup verify` would call bad."""
    now = os.umask(0o077)
    os.umask(now)
    return now | 0o027


def _globals(login: Login, env: Mapping[str, str], user: str, out: Path, pace: Pace) -> None:
    part = out.with_name(out.name + ".part")
    with contextlib.ExitStack() as stack:
        stack.callback(_forget, part)
        argv = [login.program(login.tools.dump_all), "--globals-only", "-f", str(part), *login.words(user)]
        called([*argv, "-l", login.database], env, pace, _ours())
        part.chmod(0o600)  # it holds digests of passwords
        _sync(part)
        part.rename(out)


def measured(path: Path, name: str) -> Bytes:
    """An artefact's size and digest, under its name."""
    place = LocalPlace()
    found = standing.digest(place, place.stat(str(path)))
    if found.trouble:
        raise AgentError("no_file", f"{path}: {found.trouble}")
    return Bytes(name, found.bytes, found.sha256)


def beside(artefact: Path) -> Path:
    """Where an artefact's fingerprint lies."""
    return artefact.with_name(artefact.name + ENDING)


def _place(part: Path, out: Path, made: Fingerprint) -> None:
    # The fingerprint first: an artefact under its name has one.
    _sync(part)
    write(beside(out), dump(made))
    part.rename(out)


def write(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as problem:
        raise AgentError("no_file", f"{path}: {problem.strerror}") from None


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _forget(part: Path) -> None:
    """Nothing half made stays behind."""
    if part.is_dir():
        import shutil

        shutil.rmtree(part, ignore_errors=True)
    else:
        part.unlink(missing_ok=True)


def keep(path: Path, held: Before) -> None:
    """Write the first half of a sandwich down."""
    changes = {name: to_json(one) for name, one in held.changes.items()}
    raw = {"fingerprint": json.loads(dump(held.fingerprint)), "changes": changes}
    write(path, (json.dumps(raw, ensure_ascii=False) + "\n").encode())


def kept(path: Path) -> Before:
    """Read it again; AgentError for what is none."""
    try:
        raw = json.loads(path.read_bytes())
        first = parse(json.dumps(raw["fingerprint"]).encode())
        return Before(first, {name: from_json(Changes, one) for name, one in raw["changes"].items()})
    except OSError as problem:
        raise AgentError("no_file", f"{path}: {problem.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, FieldError, FingerprintError) as problem:
        raise AgentError("bad_file", f"{path}: {problem}") from None
