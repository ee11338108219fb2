"""`roundseal-witness`: cosigning of checkpoints by the buyer; not in this version."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Say so; `--help` too, as there is nothing to explain yet."""
    sys.stderr.write("roundseal-witness: not in this version\n")
    sys.exit(2)
