"""Maintenance that people ask for counts from the later of its start and its approval, and only then."""

from collector.availability.windows import effective
from collector.evidence.policy import parse_policy
from collector.jobs.said import all_said, approvals
from collector.judging.estates import Estates
from collector.judging.ground import Applied
from collector.store import estates
from collector.verify.history import History
from collector.verify.history import Said as Entry
from collector.verify.statements import approvals as verified
from collector.verify.statements import read_people

HOUR = 3_600_000


def asked(office, begin: str = "2026-11-16T02:00", end: str = "2026-11-16T06:00") -> int:
    made = {"system": "portal", "from_": begin, "to": end, "reason": "补丁"}
    return office.say("zhao", "maintenance", **made)


def spans(office, notice: int = 0) -> list[tuple[int, int]]:
    """What is excluded, in hours from now's midnight."""
    begin = 1_794_758_400_000
    with office.context.read() as conn:
        applied = estates.newest(conn)
        assert applied is not None
        held = Applied(applied.idx, applied.applied_ms, estates.terms(conn, applied.idx))
        windows = Estates.of((held,)).windows("portal", approvals(conn), 2**62)
    found = [effective(one, notice)[0] for one in windows if one.id.startswith("statement-")]
    return [((a - begin) // HOUR, (b - begin) // HOUR) for a, b in (one for one in found if one)]


def test_a_window_that_nobody_approved_excludes_nothing(office):
    asked(office)
    assert spans(office) == []


def test_a_window_the_buyer_refused_excludes_nothing(office):
    office.say("jia", "maintenance_approved", entry=str(asked(office)), approved="false")
    assert spans(office) == []


def test_an_approval_before_the_start_lets_it_count_from_its_start(office):
    office.say("jia", "maintenance_approved", entry=str(asked(office)), approved="true")
    assert spans(office) == [(2, 6)]


def test_a_late_approval_counts_from_its_receipt_and_the_notice(office):
    entry = asked(office)
    office.hands.ms += 3 * HOUR
    office.say("jia", "maintenance_approved", entry=str(entry), approved="true")
    assert spans(office) == [(3, 6)]
    assert spans(office, 2 * HOUR) == [(5, 6)]
    assert spans(office, 3 * HOUR) == []


def test_only_the_buyer_approves_it(office, code):
    entry = str(asked(office))
    assert (
        code(lambda: office.say("wang", "maintenance_approved", entry=entry, approved="true")) == "no_right"
    )


def test_a_request_that_comes_after_its_start_is_late(office):
    office.hands.ms += 3 * HOUR
    entry = asked(office)
    with office.context.read() as conn:
        (one,) = [one for one in all_said(conn, office.hands.ms) if one.entry == entry]
    assert one.late


def test_approvals_of_windows_of_the_estate_are_as_they_were(office):
    office.say("zhao", "approval", window="w-patch")
    with office.context.read() as conn:
        (one,) = approvals(conn)
        assert (one.window, one.received_ms, one.role, one.document, one.asked) == (
            "w-patch",
            office.hands.ms,
            "operator",
            "",
            None,
        )
        assert approvals(conn, 0) == ()
        applied = estates.newest(conn)
        assert applied is not None
        terms = estates.terms(conn, applied.idx)
        then = Estates.of((Applied(applied.idx, applied.applied_ms, terms),))
        assert then.windows("portal", (one,), 2**62)[0].approved_at_ms == office.hands.ms


def test_the_verifier_finds_the_same_approvals(office):
    from checks.wire import entry, strict_json
    from checks.wire.numbers import EntryKind
    from collector.store import evidence, packs

    office.say("zhao", "approval", window="w-patch")
    office.say("jia", "maintenance_approved", entry=str(asked(office)), approved="true")
    with office.context.read() as conn:
        rows = evidence.of_kinds(conn, [int(EntryKind.STATEMENT)])
        found = [
            Entry(
                row.idx,
                EntryKind.STATEMENT,
                row.received,
                strict_json.loads(entry.parse(packs.data_of(conn, row)).header),
                None,
            )
            for row in rows
        ]
        policy = parse_policy(f"log {office.context.vkey}\nquorum none\n")
        made = verified(read_people(History(said=found), policy), 2**62)
        assert made == approvals(conn) and len(made) == 2
