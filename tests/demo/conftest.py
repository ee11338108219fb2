"""The modules beside this file, as the demonstration itself imports them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import demo as _demo


@pytest.fixture(scope="session")
def demo():
    """The demonstration's own commands."""
    return _demo
