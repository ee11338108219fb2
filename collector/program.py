"""Where the `roundseal-collector` program begins, before its commands are imported."""

import gc


def main() -> None:
    """Run the command that the arguments name."""
    # A command holds what it imports and reads to its end: looking for garbage in that, already while it is
    # imported, took a third of a scorecard's time.
    gc.set_threshold(50_000, 20, 100)
    from collector.cli import main as command

    command()
