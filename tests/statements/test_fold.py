"""What stands: by the order of the log, whatever comes later; the same after a rebuild."""

from hashlib import sha256

from checks.wire import entry as entries
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.evidence.policy import parse_policy
from collector.jobs import derive, statements
from collector.jobs.said import all_said, book_of, every_said
from collector.statements.fold import Seal, sealed_by, standing
from collector.statements.model import Through
from collector.store import account_keys, evidence, packs
from collector.store import statements as store
from collector.verify.history import History
from collector.verify.history import Said as Entry
from collector.verify.statements import read_people

HOUR, DAY = 3_600_000, 86_400_000
NOW = 1_794_758_400_000


def stands(office, as_of: int | None = None) -> list[tuple[str, int]]:
    with office.context.read() as conn:
        found = all_said(conn, office.hands.ms if as_of is None else as_of)
        return [(one.kind, one.entry) for one in found if one.kind not in ("second", "key_revoked")]


def test_nothing_received_later_is_looked_at(office):
    first = office.say("jia", "satisfaction", unit="centre", period="2026-10", points="20")
    then = office.hands.ms
    office.hands.ms += HOUR
    newer = office.say("jia", "satisfaction", unit="centre", period="2026-10", points="25", corrects=first)
    assert stands(office, then) == [("satisfaction", first)]
    assert stands(office) == [("satisfaction", newer)]
    assert stands(office, then - 1) == []


def test_what_wants_two_persons_stands_from_the_second_on(office):
    entry = office.say("wang", "finding_closed", finding="H0123456789", reason="设备下线")
    then = office.hands.ms
    assert stands(office) == []
    office.hands.ms += HOUR
    second = statements.second(office.context, entry, by="jia")
    assert stands(office, then) == []
    with office.context.read() as conn:
        (one,) = [one for one in all_said(conn, office.hands.ms) if one.entry == entry]
    assert one.seconds == (second,) and one.two


def test_a_correction_that_waits_for_its_second_person_replaces_nothing_yet(office):
    entry = office.say("wang", "finding_closed", finding="H0123456789", reason="设备下线")
    statements.second(office.context, entry, by="jia")
    newer = office.say("wang", "finding_closed", finding="H0123456789", reason="已更换", corrects=entry)
    assert stands(office) == [("finding_closed", entry)]
    statements.second(office.context, newer, by="yi")
    assert stands(office) == [("finding_closed", newer)]


def test_a_statement_has_its_time_role_and_way(office):
    office.everybody()
    at = office.hands.ms - 9 * DAY
    entry = statements.add_signed(office.context, office.signed("zhao", "visit", unit="centre", at=at))
    with office.context.read() as conn:
        (one,) = [one for one in all_said(conn, office.hands.ms) if one.entry == entry]
    assert (one.at_ms, one.role, one.through, one.late, one.grade) == (at, "operator", Through.KEY, True, "D")


def test_older_kinds_are_told_in_the_same_words(office):
    office.say("jia", "approval", document=b"paper", window="w-patch", reason="同意")
    with office.context.read() as conn:
        (one,) = all_said(conn, office.hands.ms)
    assert (one.kind, one.fields, one.role) == ("approval", {"window": "w-patch", "reason": "同意"}, "buyer")
    assert one.document is not None


def test_an_approval_from_a_session_has_the_bytes_it_always_had(office):
    office.say("jia", "approval", document=b"paper", window="w-patch", reason="同意")
    with office.context.read() as conn:
        ((_, _, header),) = store.every_said(conn)
    digest = sha256(b"paper").hexdigest()
    assert header == (
        '{"v":1,"log":"people.example/log","kind":"approval","window":"w-patch","reason":"同意","by":"jia",'
        f'"role":"buyer","document":"{digest}","digest":"{digest}","bytes":5}}'
    )


def test_an_approval_can_be_signed_by_its_author(office):
    office.everybody()
    file = office.signed("jia", "approval", window="w-patch", reason="同意")
    statements.add_signed(office.context, file)
    with office.context.read() as conn:
        (one,) = [one for one in all_said(conn, office.hands.ms) if one.kind == "approval"]
        (row,) = store.of_kind(conn, "approval")
    assert (one.through, one.fields["window"]) == (Through.KEY, "w-patch")
    assert (row.subject, row.role) == ("w-patch", "buyer")


def test_a_rebuild_gives_the_same_tables(office):
    office.everybody()
    statements.add_signed(office.context, office.signed("jia", "reprimand", day="2026-11-15", text="x"))
    entry = office.say("wang", "finding_closed", finding="H0123456789", reason="设备下线")
    statements.second(office.context, entry, by="jia")
    office.enrol("jia", "jia", tag="2")
    office.say("root", "key_revoked", account="yi", reason="离职")

    def tables() -> tuple[object, ...]:
        with office.context.read() as conn:
            return account_keys.every(conn), store.every_said(conn), store.seals(conn)

    before = tables()
    derive.rebuild(office.context)
    assert tables() == before
    assert {row.account: row.vouch for row in before[0]} == {
        "jia": "own",
        "root": "person",
        "wang": "person",
        "zhao": "person",
        "yi": "person",
    }
    with office.context.read() as conn:
        assert account_keys.live(conn, "yi") is None
        live = account_keys.live(conn, "jia")
        assert live is not None and live.public == office.key("jia", "2").public.hex()
        assert not book_of(conn).problems


def test_a_statement_about_a_sealed_period_is_an_amendment_or_nothing(office, code):
    office.context.read()
    with office.context.write() as conn:
        store.add_seal(conn, 0, NOW - DAY, NOW - 40 * DAY, NOW - 10 * DAY, "cycle-1")
    fields = {"at": "2026-10-20T10:00", "text": "拒绝整改"}
    assert code(lambda: office.say("jia", "refusal", **fields)) == "sealed"
    assert code(lambda: office.say("jia", "acceptance", period="cycle-1", accepted="true")) == "sealed"
    fault = {"fault": "portal@20261020T021530Z", "level": "2"}
    assert code(lambda: office.say("jia", "level", **fault)) == "sealed"
    office.say("jia", "refusal", at="2026-11-15T10:00", text="另一周期")
    entry = office.say("jia", "refusal", amendment=True, **fields)
    with office.context.read() as conn:
        marked = {one.entry: (one.amendment, one.after_seal) for one in all_said(conn, office.hands.ms)}
    assert marked[entry] == (True, True)
    assert list(marked.values()).count((False, False)) == 1


def test_what_is_taken_out_of_a_sealed_period_by_a_correction_is_an_amendment_too(office, code):
    first = office.say("jia", "refusal", at="2026-10-20T10:00", text="拒绝整改")
    with office.context.write() as conn:
        store.add_seal(conn, first + 1, NOW - DAY, NOW - 40 * DAY, NOW - 10 * DAY, "cycle-1")
    moved = {"at": "2026-11-15T10:00", "text": "写错了日子", "corrects": first}
    assert code(lambda: office.say("jia", "refusal", **moved)) == "sealed"
    office.say("jia", "visit", unit="centre", at="2026-11-15T10:00")  # the seal has the place before it
    entry = office.say("jia", "refusal", amendment=True, **moved)
    with office.context.read() as conn:
        told = {one.entry: (one.amendment, one.after_seal) for one in all_said(conn, office.hands.ms)}
    assert first not in told and told[entry] == (True, True)
    newer = office.say("jia", "refusal", at="2026-11-14T10:00", text="另一日", corrects=entry)
    assert stands(office)[-1] == ("refusal", newer)  # of what lies in an open period now


def test_the_verifier_finds_what_came_unmarked_about_a_sealed_period(office):
    claims = {"fault": "portal@20261020T021530Z", "reason": "洪水"}
    claim = office.say("wang", "force_majeure_claimed", **claims)
    first = office.say("jia", "refusal", at="2026-10-20T10:00", text="拒绝整改")
    seal = office.say("zhao", "visit", unit="centre", at="2026-11-15T10:00")
    moved = {"at": "2026-11-15T10:00", "text": "写错了日子", "corrects": first}
    unmarked = (
        office.say("jia", "force_majeure_decided", entry=str(claim), approved="true"),
        office.say("jia", "refusal", **moved),
    )
    with office.context.read() as conn:
        rows = [one for one in evidence.of_kinds(conn, [int(EntryKind.STATEMENT)]) if one.idx != seal]
        headers = {one.idx: entries.parse(packs.data_of(conn, one)).header for one in rows}
    said = [Entry(i, EntryKind.STATEMENT, NOW, strict_json.loads(one), None) for i, one in headers.items()]
    card = {"scorecard": "cycle-1", "number": 0, "from": NOW - 40 * DAY, "to": NOW - 10 * DAY}
    policy = parse_policy(f"log {office.context.vkey}\nquorum none\n")
    assert read_people(History(said=said), policy).wrong == {}
    people = read_people(History(said=[*said, Entry(seal, EntryKind.RECORD, NOW, card, None)]), policy)
    assert {entry: [code for code, _ in why] for entry, why in people.wrong.items()} == {
        entry: ["sealed"] for entry in unmarked
    }
    assert people.refused == {*unmarked}


def test_a_seal_closes_its_own_span_and_name_only():
    seal = Seal(5, 100, 1_000, 2_000, "cycle-1")
    assert sealed_by(999, {}, [seal]) is None
    assert sealed_by(1_000, {}, [seal]) == seal == sealed_by(1_999, {}, [seal], 6)
    assert sealed_by(2_000, {}, [seal]) is None
    assert sealed_by(1_500, {}, [seal], 4) is None  # it was logged before the seal, whatever the clock said
    assert sealed_by(None, {"period": "cycle-2"}, [seal]) is None
    assert sealed_by(None, {}, [seal]) is None


def test_the_order_in_which_it_is_read_does_not_matter(office):
    entry = office.say("wang", "finding_closed", finding="H0123456789", reason="设备下线")
    statements.second(office.context, entry, by="jia")
    office.say("zhao", "visit", unit="centre", at="2026-11-15T10:00")
    with office.context.read() as conn:
        found = every_said(conn, office.hands.ms)
    whole = {one.entry for one in standing(found, office.hands.ms)}
    assert {one.entry for one in standing(tuple(reversed(found)), office.hands.ms)} == whole


def test_an_answer_of_the_command_line_after_a_logins_stands_nowhere(office):
    """Of such answers any counts, not the newest: a refusal must not be answered away."""
    change = office.say(
        "zhao", "change_requested", change="c-1", what="升级", from_="2026-11-15", to="2026-11-16"
    )
    fields = {"entry": str(change)}
    command = statements.add(
        office.context, "change_approved", {**fields, "approved": "true"}, by="jia", through=Through.COMMAND
    )
    assert ("change_approved", command) in stands(office)
    login = office.say("jia", "change_approved", **fields, approved="false")
    later = {**fields, "approved": "true"}
    late = statements.add(office.context, "change_approved", later, by="yi", through=Through.COMMAND)
    assert ("change_approved", login) in stands(office)
    assert ("change_approved", late) not in stands(office)


def test_the_best_of_those_who_joined_in_is_known(office):
    entry = office.say("wang", "level", fault="portal@2026-11-15T02:00:00Z", level="2")
    statements.second(office.context, entry, by="jia", through=Through.COMMAND)
    for by, best in ((None, Through.COMMAND), ("yi", Through.SESSION)):
        if by is not None:
            statements.second(office.context, entry, by=by)
        with office.context.read() as conn:
            (one,) = [one for one in all_said(conn, office.hands.ms) if one.entry == entry]
        assert one.confirmed and one.confirmed_by is best
