"""Modules that are put off: nothing of them is loaded until it is asked for, and then they are whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.later import PUT_OFF

ROOT = Path(__file__).parents[2]


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


SOME = {
    "inspect": "signature",
    "ipaddress": "ip_address",
    "random": "Random",
    "selectors": "PollSelector",
    "traceback": "format_exc",
}


@pytest.mark.parametrize("name", PUT_OFF)
def test_a_module_that_is_put_off_is_the_real_one_as_soon_as_something_of_it_is_asked_for(name: str) -> None:
    code = (
        f"import sys, agent\nimport {name} as held\nstand_in = sys.modules[{name!r}]\n"
        "assert type(stand_in).__name__ == 'Later' and held is stand_in\n"
        f"found = held.{SOME[name]}\n"
        f"real = sys.modules[{name!r}]\n"
        f"assert real is not stand_in and real.__file__ and found is real.{SOME[name]}\n"
        f"import {name}\nassert {name} is real and vars(held)[{SOME[name]!r}] is found\nprint('good')\n"
    )
    assert run(code) == "good"


def test_a_name_taken_from_a_module_that_is_put_off_is_the_real_one() -> None:
    assert run("import agent\nfrom inspect import signature\nprint(signature(lambda a: a))") == "(a)"


@pytest.mark.parametrize("name", PUT_OFF)
def test_a_module_that_is_put_off_is_found_without_being_loaded(name: str) -> None:
    code = (
        "import sys, agent\nfrom importlib.util import find_spec\nfrom agent.later import Later\n"
        f"found = find_spec({name!r})\nassert isinstance(sys.modules[{name!r}], Later)\n"
        f"import {name}\n{name}.__file__\nassert sys.modules[{name!r}].__file__ == found.origin\n"
        "print(found.name)\n"
    )
    assert run(code) == name


def test_a_name_that_the_real_module_has_not_is_an_attribute_error() -> None:
    code = "import agent, inspect\ntry:\n    inspect.no_such\nexcept AttributeError as e:\n    print(e)"
    assert run(code) == "module 'inspect' has no attribute 'no_such'"


def test_modules_that_are_loaded_already_stay_as_they_are() -> None:
    assert run(
        "import random, sys\nbefore = random\nimport agent\nprint(sys.modules['random'] is before)"
    ) == ("True")


def test_many_threads_that_ask_at_once_all_get_the_whole_module() -> None:
    code = (
        "import sys, threading, agent, inspect\n"
        "start, found = threading.Barrier(8), []\n"
        "def ask():\n    start.wait()\n    found.append(inspect.getmodulename)\n"
        "threads = [threading.Thread(target=ask) for _ in range(8)]\n"
        "[t.start() for t in threads]\n[t.join() for t in threads]\n"
        "print(len(found), set(found) == {sys.modules['inspect'].getmodulename})\n"
    )
    assert run(code) == "8 True"


def test_an_exception_that_is_logged_has_its_traceback() -> None:
    code = (
        "import sys\nfrom agent import log\nfrom agent.later import Later\nlog.to_stderr()\n"
        "assert isinstance(sys.modules['traceback'], Later)\nsys.stderr = sys.stdout\n"
        "log.log.handlers[0].setStream(sys.stdout)\n"
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    log.log.exception('a turn failed')\n"
    )
    assert "ZeroDivisionError: division by zero" in run(code)
