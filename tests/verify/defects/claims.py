"""Defects of claims, by a collector that has the log key."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire import strict_json
from checks.wire.numbers import EntryKind

defects = loaded("verify/defects.py")
MAKERS, Maker, defect, spoiled = defects.MAKERS, defects.Maker, defects.defect, defects.spoiled


def claim(change: Callable[[dict[str, Any]], None]) -> Maker:
    """A bundle whose first claim says something else."""

    def made(kit: Any, out: Path) -> Path:
        parts = kit.parts()
        change(next(one for one in parts.figures if one["service"] == "portal"))
        return parts.write(out, kit.log)

    return made


CLAIMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "claimed_percent_better": lambda one: one["percent"].update(known="99.999999"),
    "claimed_downtime_less": lambda one: one["buckets"].update(down=0),
    "claimed_to_meet_its_target": lambda one: one.update(meets=not one["meets"]),
    "claimed_fault_left_out": lambda one: one.update(faults=[]),
    "claimed_from_less_evidence": lambda one: one.update(evidence_size=60),
    "claimed_from_more_evidence": lambda one: one.update(evidence_size=10**6),
    "claimed_of_another_estate": lambda one: one.update(terms="ab" * 32),
    "claimed_of_another_period": lambda one: one["period"].update(**{"from": one["period"]["from"] + 1}),
    "claimed_of_no_service": lambda one: one.update(service="nothing"),
    "claimed_under_another_name": lambda one: one.update(name="别的"),
    "claimed_without_a_period": lambda one: one.pop("period"),
    "claimed_with_odd_values": lambda one: one.update(period=[1], percent=7),
    "claimed_earlier_than_it_began": lambda one: one["period"].update(evaluated_to=-5),
}
for _name, _change in CLAIMS.items():
    MAKERS[f"{_name}_by_liar"] = ("claim_differs", claim(_change))


@defect("bad_member")
def claims_are_no_list(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.extra["claims/availability.json"] = b'{"portal":100}'
    return parts.write(out, kit.log)


@defect("claim_differs")
def record_altered_and_signed_again_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.RECORD)[0]
    body = parts.bodies[at]
    document = body.data.replace(b'"state":"ok"', b'"state":"warn"', 1)
    assert document != body.data
    return kit.reword(parts, at, document, out)


@defect("claim_differs")
def record_that_forgets_what_was_not_inspected_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.RECORD)[0]
    document = strict_json.loads(parts.bodies[at].data)
    assert document["not_inspected"]
    document["not_inspected"] = []
    return kit.reword(parts, at, strict_json.dumps(document), out)


@spoiled("claim_differs")
def record_whose_entry_counts_more_by_liar(kit: Any, parts: Any) -> None:
    at = parts.kinds(EntryKind.RECORD)[0]
    header = strict_json.loads(parts.parsed(at).header)
    header["counts"]["done"] += 1
    parts.resign(at, strict_json.dumps(header), kit.log)


@defect("bad_member")
def calendar_altered_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    files = strict_json.loads(parts.calendars)
    name = next(iter(files))
    parts.calendars = strict_json.dumps(files | {name: files[name] + "\n# x\n"})
    return parts.write(out, kit.log)
