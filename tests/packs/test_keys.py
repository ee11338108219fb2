"""Every number of a pack's scoring, periods and options, changed alone, shows in `pack check`."""

import json
from dataclasses import replace

import pytest

from collector.packs.explain import explain
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
