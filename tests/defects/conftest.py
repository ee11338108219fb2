"""A small world for a part of the bench; the whole of it is `make bench-backup`."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def defects(tmp_path_factory):
    """`defects.defect("D09", "pg-custom")`: how a case went."""
    import plants  # noqa: F401  # registers them
    import run
    import world

    with world.World(tmp_path_factory.mktemp("defects"), 200_000, 11) as made:
        yield run.Bench(made, 11)
