"""What `scorecard DIR` loads: a person waits for it, and half of that time is what it imports."""

import importlib.util
import json
import subprocess
import sys

import pytest

PERIOD = "2026-07"
SHOWN = """
import contextlib, io, json, sys
from collector.cli import main
sys.argv = ["roundseal-collector", "scorecard", {place!r}, "--period", {period!r}]
said = io.StringIO()
with contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
    main()
ours = [m for name, m in sys.modules.items() if name.split(".")[0] in ("collector", "checks", "agent")]
every = [value for one in ours for value in vars(one).values()]
made = {{id(one) for one in every if "__dataclass_params__" in getattr(one, "__dict__", ())}}
print(json.dumps({{"said": said.getvalue(), "modules": sorted(sys.modules), "dataclasses": len(made)}}))
"""
# What serves, writes, derives, makes documents or verifies; and what only readers of YAML and forms need.
UNASKED = (
    "flask",
    "jinja2",
    "granian",
    "pydantic",
    "docx",
    "docxtpl",
    "openpyxl",
    "typst",
    "qrcode",
    "numpy",
    "agent",
    "psutil",
    "paramiko",
    "pysnmp",
    "chinese_calendar",
    "collector.web",
    "collector.verify",
    "collector.serve",
    "collector.estate.loading",
    "collector.estate.catalog",
    "checks.host",
    "collector.jobs.derive",
    "collector.jobs.projection",
    "collector.jobs.placing",
    "collector.jobs.writer",
    "collector.jobs.sequencer",
    "collector.jobs.rounds",
    "collector.jobs.figures",
    "collector.jobs.known",
    "collector.jobs.scorecard_json",
    "collector.inspection.record",
    "collector.packs.reading",
)
MOST_DATACLASSES = 430  # each takes some 0.4 ms to make


def loaded(place, period=PERIOD):
    """What a process of its own has in memory after the command, and what it said."""
    code = SHOWN.format(place=str(place), period=period)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_scorecard_that_is_only_shown_loads_nothing_that_writes_serves_or_makes_documents(site):
    site.apply()
    site.settle()
    site.context.close()
    told = loaded(site.world.directory)
    assert PERIOD in told["said"] and "total" in told["said"]
    extra = [name for name in told["modules"] if any(f"{name}.".startswith(f"{one}.") for one in UNASKED)]
    assert extra == []
    assert 200 < told["dataclasses"] <= MOST_DATACLASSES


@pytest.mark.parametrize("name", [one for one in UNASKED if one.startswith(("collector.", "checks."))])
def test_what_is_not_to_be_loaded_is_there(name):
    assert importlib.util.find_spec(name) is not None
