"""The demonstration of backups for four days and one county; all of it is `make demo-backup`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_what_is_planted_is_shown_on_its_day_and_nothing_else():
    for name in ("age", "gpg", "sshd", "faketime"):
        if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None:
            pytest.skip(f"NOT TESTED: {name} is not installed")
    if not Path("/usr/lib/postgresql/15/bin/initdb").exists():
        pytest.skip("NOT TESTED: PostgreSQL 15 is not installed")
    words = [sys.executable, HERE / "demo_backup.py", "--days", "4", "--counties", "1"]
    said = subprocess.run(words, capture_output=True, text=True, timeout=900, check=False)
    assert said.returncode == 0, said.stdout[-3000:] + said.stderr[-3000:]
    assert "shown 1 of 1 planted, 0 not planted" in said.stdout
