"""The programs' own packages where another user of the machine may read them."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def packages() -> Path:
    """Where agent, checks and collector are: the checkout, or a copy of one that is closed to others."""
    closed = any(not one.stat().st_mode & 0o001 for one in (ROOT, *ROOT.parents))
    if not closed or os.geteuid() != 0:
        return ROOT
    place = Path(tempfile.mkdtemp(prefix="rs-open-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    for name in ("agent", "checks", "collector"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    return place
