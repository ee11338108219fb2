"""What a resident agent gives back still works when somebody wants it after all."""

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass

import pytest

from agent import slim

PROGRAM = """
import gc, os, sys
import agent.cli
from agent import slim

slim.release_inspect()
gone = "inspect" not in sys.modules and "ast" not in sys.modules
from dataclasses import dataclass
import agent.daemon
from checks import registry

registry.get("host.jobs")
quiet = "inspect" not in sys.modules  # neither the agent nor the checks bring it back

@dataclass
class Bare:
    one: int

import dataclasses, inspect
same = dataclasses.inspect.unwrap is inspect.unwrap
slim.settle()
frozen = gc.get_freeze_count() > 0
from agent.sources.host_load import load  # text that was unmapped is run again
from agent.sources.host_proc import Tree
from pathlib import Path

print(gone, quiet, same, frozen, Bare(1) == Bare(1), load(Tree(Path("/"))).cores > 0)
"""


def run(**more: str) -> list[str]:
    environment = {**os.environ, **more}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_modules_that_only_the_start_needs_are_gone_and_come_back_when_wanted() -> None:
    assert run() == ["True"] * 6


def test_everything_stays_where_the_environment_says_so() -> None:
    assert run(ROUNDSEAL_KEEP_PAGES="1")[0] == "False"


@dataclass(frozen=True, slots=True)
class Frozen:
    one: int


def test_a_frozen_class_with_slots_is_still_frozen_after_its_twin_has_gone() -> None:
    slim._release_twins()
    made = Frozen(1)
    with pytest.raises(FrozenInstanceError):
        made.one = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        made.other = 2  # type: ignore[attr-defined]
    with pytest.raises(FrozenInstanceError):
        del made.one  # type: ignore[misc]
    twins = [each for each in object.__subclasses__() if each.__qualname__ == "Frozen"]
    assert Frozen in twins


def test_only_program_text_of_files_is_unmapped() -> None:
    pages = list(slim.text_pages())
    assert pages and all(begin < end for begin, end in pages)
    with open("/proc/self/maps") as maps:
        writable = [line for line in maps if line.split()[1].startswith("rw")]
    places = {int(line.split("-")[0], 16) for line in writable}
    assert not places & {begin for begin, _ in pages}
