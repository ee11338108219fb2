"""Examples on the pages are estates that can be applied."""

import re
from pathlib import Path

import pytest

from collector.estate.catalog import installed
from collector.estate.loading import read_estate

DOCS = Path(__file__).resolve().parents[2] / "docs"
HEAD = "estate: example\ntimezone: Asia/Shanghai\n"
AGENT = "  - {id: probe-01, kind: server, agent: probe-01}\n"


def block(page, heading):
    """The first YAML under a heading."""
    text = (DOCS / page).read_text("utf-8").partition(f"# {heading}\n")[2]
    return re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1]


@pytest.mark.parametrize(
    ("page", "heading", "check", "kind"),
    [
        ("estate.md", "A recorder by its own interface", "application.recorder", "recorder"),
        ("databases.md", "By a client on the database's own machine", "database.alive", "database"),
        ("databases.md", "Looking at databases and Redis", "database.alive", "database"),
    ],
)
def test_the_example_of_a_page_makes_the_look_it_speaks_of(page, heading, check, kind):
    looked = f"checks:\n  - {{check: {check}, assets: 'kind:{kind}', every: 300s}}\n"
    text = HEAD + block(page, heading) + AGENT + looked
    looks = read_estate("e", lambda _: text.encode(), installed()).regular
    assert {(look.check.id, look.agent) for look in looks} == {(check, "probe-01")}
