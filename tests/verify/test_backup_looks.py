"""Looks at backups as of many sizes of the log give what reading all of them each time gives."""

import itertools
from hashlib import sha256

from checks.api import State
from checks.result import Result, encode
from collector.backups import lines
from collector.verify.backups import Looks, _lines
from collector.verify.batches import BackupLine

DAY = 86_400_000


def artefact(name, start):
    """A dump as `backup.file` sees it."""
    digest = sha256(name.encode()).hexdigest()
    made = {"start": start, "end": start + 1000, "tool": "dump", "source": "", "system": ""}
    return {
        **{"name": name, "kind": "full", "bytes": 2_400_000, "parts": 1, "modified": start + 1000},
        **{"sha256": digest, "read_at": start + 2000, "made": made, "seal": None, "id": "", "placed": None},
        **{"parent": "", "fingerprint": "", "expected": "", "recorded": digest, "trouble": ""},
    }


def line(number, day, names, target="portal/db@disk"):
    """A look on a day that found these dumps; the entry's number is when it came."""
    dumps = [artefact(name, (int(name) - 1) * DAY) for name in names]
    listed = [{key: one[key] for key in ("name", "bytes", "modified")} for one in dumps]
    stands = {"count": len(listed), "listed": listed, "unfinished": []}
    facts = {"artefacts": [{"base": one, "same_as": ""} for one in dumps], "stands": stands}
    whole = Result(
        check="backup.file",
        version=1,
        asset=None,
        target=target,
        vantage="web-01",
        slot=day * DAY,
        t0=day * DAY,
        t1=day * DAY + 5,
        params="0" * 64,
        facts=facts,
        readings=(),
        state=State.OK,
        error=None,
        round=None,
    )
    return BackupLine("web-01", number, 0, number * DAY, 0, encode(whole))


# The look of the seventh day comes last but two; two days see just what the day before saw.
FOUND = [
    line(number, day, names)
    for number, (day, names) in enumerate(
        [(3, "2"), (4, "2"), (5, "24"), (6, "24"), (9, "48"), (7, "4"), (10, "8"), (11, "89")], 12
    )
]


def test_what_is_gone_on_from_is_what_is_read_anew():
    sizes = range(12, 21)
    for order in itertools.islice(itertools.permutations(sizes, 4), 0, None, 37):
        looks = Looks(FOUND)
        for size in (*order, *order[:2]):
            held = [one for one in FOUND if one.idx < size]
            assert looks.rows(size, 10**12) == lines.read(_lines(held)), order
    looks = Looks(FOUND)
    early = [one for one in FOUND if one.received_ms <= 15 * DAY]
    assert looks.rows(99, 15 * DAY) == lines.read(_lines(early)) != looks.rows(99, 10**12)
    assert set(looks.signers.values()) == {"web-01"}
