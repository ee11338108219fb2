"""Every number of a pack, changed alone, shows: in `pack check`, or in the page of its obligations."""

import json
from dataclasses import replace

import pytest
from parts import loaded

from collector.packs.explain import explain
from collector.packs.explain_numbers import SECTIONS as LIMITS
from collector.packs.explain_numbers import numbers
from collector.packs.loading import names, packaged
from collector.packs.model import compiled, read_back

SECTIONS = ("scoring", "periods", "price", "options")


def leaves(value, path=()):
    """Paths of every number: whole, or [numerator, denominator]."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int) or (_ratio(value) and path[-1] != "level" and path[0] != "options"):
        yield path
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    else:
        for i, item in enumerate(value):
            yield from leaves(item, (*path, i))


def _ratio(value):
    return isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value)


def changed(document, path):
    """The document with the number at `path` one more."""
    made = json.loads(json.dumps(document))
    at = made
    for step in path[:-1]:
        at = at[step]
    old = at[path[-1]]
    at[path[-1]] = [old[0] + old[1], old[1]] if isinstance(old, list) else old + 1
    return made


def text(pack):
    # Without the digest, which any change moves.
    return [
        line for lang in ("zh", "en") for line in list(explain(compiled(pack), lang)) if "SHA-256" not in line
    ]


@pytest.mark.parametrize("name", names())
def test_every_number_changed_alone_shows(name):
    made = packaged(name)
    # The sections of other parts are long, and have tests of their own.
    bare = replace(
        made.pack,
        obligations=None,
        archive=None,
        faults=None,
        vulnerabilities=None,
        findings=None,
        statements=None,
    )
    document = json.loads(compiled(bare).body)
    usual, silent, seen = text(bare), [], 0
    for section in SECTIONS:
        for path in leaves(document[section], (section,)):
            body = json.dumps(
                changed(document, path), ensure_ascii=False, sort_keys=True, separators=(",", ":")
            )
            other = read_back(body.encode()).pack
            seen += 1
            if text(other) == usual:
                silent.append(".".join(str(step) for step in path))
    assert seen > 40
    assert silent == []


@pytest.mark.parametrize("name", names())
def test_every_limit_changed_alone_shows(name):
    """Of faults, flaws, findings, statements, the archive: by its place, in the words of `pack check`."""
    document = json.loads(packaged(name).body)
    usual, seen = list(numbers(packaged(name).body)), 0
    for section in LIMITS:
        for path in leaves(document.get(section), (section,)):
            body = json.dumps(changed(document, path), ensure_ascii=False).encode()
            seen += 1
            assert list(numbers(body)) != usual, path
    assert seen > 40
    shown = list(explain(packaged(name), "en"))
    assert [place for place, value in usual if f"  {place}: {value}" not in shown] == []


# Numbers that a rhythm does not use; and how long the work takes, which moves the last responsible moment
# only (tests/cadence), not what is owed.
USED_BY = {"ahead_days": ("before",), "opens_days": ("before",), "step": ("days",), "lead_hours": ()}


@pytest.mark.parametrize("name", names())
def test_every_number_of_the_obligations_changed_alone_shows(name):
    """In the rhythm of docs/packs/obligations.md, or among what holds for all of them."""
    document = json.loads(packaged(name).body)
    usual = packaged(name).pack.obligations
    maker = _maker()
    for path in leaves(document["obligations"], ("obligations",)):
        if path[1] != "obligations":
            continue
        cadence = document["obligations"]["obligations"][path[2]]["cadences"][path[4]]
        if cadence["every"] not in USED_BY.get(path[-1], (cadence["every"],)):
            continue
        other = read_back(
            json.dumps(
                changed(document, path), ensure_ascii=False, sort_keys=True, separators=(",", ":")
            ).encode()
        ).pack.obligations
        number = path[2]
        told = [[maker.rhythm(one) for one in terms.obligations[number].cadences] for terms in (usual, other)]
        assert told[0] != told[1], path


def _maker():
    return loaded("../deploy/docs/make_obligations.py")
