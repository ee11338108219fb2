"""`fingerprint take|wrap|sandwich`: what an operator, or the job that dumps, calls at the source."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

from agent.errors import AgentError
from agent.fingerprints import maria_job
from agent.fingerprints import wrap as wraps
from agent.fingerprints.login import Login
from agent.fingerprints.take import Pace
from agent.fingerprints.wrap import Wish
from agent.shown import Shown
from checks.artefacts.copyrows import SHA256, STRONG
from checks.artefacts.fingerprint import BOUNDED, DENIED, EXACT, Fingerprint, dump

_MIB = 1 << 20
MARIADB = "mariadb"  # MySQL as well


def wish_of(args: SimpleNamespace) -> Wish:
    """What the command line asks for."""
    _only(args, "mariadb", ("option", "lock"))
    return Wish(_login(args), _pace(args), STRONG if args.strong else SHA256, Path(args.state))


def maria_wish(args: SimpleNamespace) -> maria_job.Wish:
    """The same of MySQL and MariaDB."""
    _only(args, "postgresql and kingbase", ("service", "programs", "strong"))
    return maria_job.Wish(
        _login(args), _pace(args), tuple(args.option), getattr(args, "lock", False), Path(args.state)
    )


def _login(args: SimpleNamespace) -> Login:
    return Login(
        args.database, args.host, args.port, args.user, args.service, args.secret, args.product, args.programs
    )


def _pace(args: SimpleNamespace) -> Pace:
    return Pace(int(args.rate * _MIB), args.pause_file, args.longest)


def _only(args: SimpleNamespace, products: str, names: Sequence[str]) -> None:
    for name in names:
        if getattr(args, name, None):
            raise AgentError("bad_param", f"--{name} is for {products}")


def take(args: SimpleNamespace) -> Shown:
    """Alone, or as the first half of a sandwich."""
    if args.product == MARIADB:
        asked = maria_wish(args)
        return _taken(args, lambda: maria_job.before(asked), lambda: maria_job.alone(asked))
    wish = wish_of(args)
    return _taken(args, lambda: wraps.before(wish), lambda: wraps.alone(wish))


def _taken(
    args: SimpleNamespace, before: Callable[[], wraps.Before], alone: Callable[[], Fingerprint]
) -> Shown:
    if args.before is not None:
        held = before()
        wraps.keep(args.before, held)
        return _shown(held.fingerprint, str(args.before))
    made = alone()
    if args.out is None:
        return Shown({"status": "taken", **_figures(made)}, dump(made).decode().rstrip("\n"), _exit(made))
    wraps.write(args.out, dump(made))
    return _shown(made, str(args.out))


def wrap(args: SimpleNamespace) -> Shown:
    """A dump of ours with its fingerprint."""
    if args.product == MARIADB:
        raise AgentError("unsupported", "its sessions share no snapshot: sandwich --lock -- COMMAND")
    made = wraps.wrap(wish_of(args), args.out, args.format, args.words, args.globals)
    return _shown(made, str(wraps.beside(args.out)))


def sandwich(args: SimpleNamespace) -> Shown:
    """Around a command that makes the dump, or after it with what was taken before."""
    words: Sequence[str] = args.words
    if bool(words) == (args.before is not None):
        raise AgentError("bad_param", "either --before FILE, or -- COMMAND that makes the dump")
    if args.product == MARIADB:
        asked = maria_wish(args)
        if words:
            made = maria_job.around(asked, args.artefact, words)
        else:
            made = maria_job.after(asked, args.artefact, wraps.kept(args.before))
    elif words:
        made = wraps.around(wish_of(args), args.artefact, words)
    else:
        made = wraps.after(wish_of(args), args.artefact, wraps.kept(args.before))
    return _shown(made, str(wraps.beside(args.artefact)))


def _shown(made: Fingerprint, file: str) -> Shown:
    figures = _figures(made)
    said = [f"{figures['tables']} tables, {figures['rows']} rows, root {made.root}", f"written: {file}"]
    for word in (BOUNDED, DENIED):
        if names := _names(made, word):
            said.append(f"{word}: {', '.join(names[:10])}")
    if made.skipped:
        skipped = [f"{name} ({why})" for name, why in sorted(made.skipped.items())]
        said.append(f"skipped: {', '.join(skipped[:10])}")
    return Shown({"status": "written", "file": file, **figures}, "\n".join(said), _exit(made))


def _figures(made: Fingerprint) -> dict[str, object]:
    return {
        "database": made.database,
        "system": made.system,
        "mode": made.mode,
        "root": made.root,
        "tables": len(made.tables),
        "rows": made.rows,
        "exact": len(_names(made, EXACT)),
        "bounded": _names(made, BOUNDED),
        "denied": _names(made, DENIED),
        "skipped": dict(made.skipped),
        "objects": made.objects.count if made.objects is not None else 0,
    }


def _names(made: Fingerprint, how: str) -> list[str]:
    return sorted(name for name, one in made.tables.items() if one.how == how)


def _exit(made: Fingerprint) -> int:
    """1 where a right was missing: the fingerprint holds less than the dump should."""
    denied = any(one.how == DENIED for one in made.tables.values())
    return int(denied or (made.objects is not None and made.objects.how == DENIED))
