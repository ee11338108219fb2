"""What every test may ask for."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of public vectors and recordings beside the project; its absence is said loudly."""
    place = ROOT.parent / "shared"
    if not place.is_dir():
        pytest.skip("NOT TESTED: the folder ../shared with public vectors and recordings is not present")
    return place
