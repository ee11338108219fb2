"""Every kind of statement tried in every wrong way: a code for each, and nothing of it in the log."""

import pytest

from collector.jobs import statements
from collector.jobs.said import all_said, every_said
from collector.statements.fold import SECOND
from collector.statements.kind import Paper
from collector.statements.kinds import KINDS
from collector.statements.persons import REVOKED
from collector.store import accounts, evidence
from collector.store import statements as store

NOW, DAY = 1_794_758_400_000, 86_400_000  # Monday 2026-11-16T00:00+08:00
FAULT = {"fault": "portal@20261110T021530Z"}
SEALED = {"fault": "portal@20261010T021530Z"}
AT, TEXT = {"at": "2026-11-15T10:00"}, {"text": "说明"}
SPAN = {"from": "2026-11-18T10:00", "to": "2026-11-18T11:00"}
DATED, PERIOD, SYSTEM = {"day": "2026-11-15"}, {"period": "2026-10"}, {"system": "portal"}
FINDING = {"finding": "F1"}
# Good fields of each kind; `entry` is put in where it names one of the kind behind it.
GOOD = {
    "level": {**FAULT, "level": "2"},
    "cause": {**FAULT, "cause": "disk"},
    "impact": {**FAULT, "serious": "true"},
    "vendor_cause": {**FAULT, "vendor": "true"},
    "force_majeure_claimed": {**FAULT, "reason": "雷击"},
    "fault_reported": {**SYSTEM, **AT, **TEXT},
    "fault_acknowledged": {**FAULT, **AT},
    "fault_recovered": {**FAULT, **AT},
    "arrived": {**FAULT, **AT},
    "escalated": {**FAULT, **AT},
    "team_support": {**FAULT, **AT},
    "substituted": {**FAULT, **AT},
    "no_support": {**FAULT, **AT},
    "repeat": {**FAULT, "of": "portal@20261109T021530Z", "same": "true"},
    "fault_report_filed": FAULT,
    "vulnerability_reported": {**SYSTEM, **AT, **TEXT, "found_by": "buyer"},
    "security_event": {**AT, **TEXT, "severity": "hazard", "found_by": "buyer"},
    "emergency": {**AT, **TEXT},
    "warning_received": {**AT, **TEXT, "from_whom": "city"},
    "maintenance": {**SYSTEM, **SPAN, "reason": "补丁"},
    "change_requested": {"change": "C-1", **SYSTEM, "what": "升级"},
    "baseline_accepted": {"asset": "web-01", "check": "host.ports", "digest": "ab"},
    "shutdown_reported": {**SYSTEM, **AT, **TEXT},
    "migration": {**SYSTEM, **SPAN},
    "consent": {"what": "调整参数", **SYSTEM},
    "visit": {"unit": "centre", **AT},
    "site_check": {"unit": "centre", **AT},
    "emergency_drill": AT,
    "training": {**AT, "topic": "运维"},
    "activity": {**AT, "activity": "security_training"},
    "not_done": {"item": "visit", "unit": "centre", **PERIOD},
    "defect_report": PERIOD,
    "plan": {"scenario": "outage"},
    "plan_missing": {"scenario": "outage"},
    "process_missing": {"item": "duty"},
    "document_filed": {"item": "contract"},
    "report_signed": {"item": "monthly"},
    "roster": {**SPAN, "people": "10"},
    "key_moment": {"id": "k1", **SPAN},
    "owner": {**SYSTEM, "owner": "zhao"},
    "waiver": {"obligation": "LH-31", **SPAN, "reason": "搬迁"},
    "satisfaction": {**PERIOD, "unit": "centre", "points": "28"},
    "complaint": {**AT, **TEXT, "justified": "true", "points": "3"},
    "notice": {**AT, **TEXT, "from_whom": "city"},
    "deduction": {"item": "complaint", **DATED, **TEXT, "points": "3"},
    "fine": {"item": "repeat_fault", **DATED, **TEXT},
    "veto": {"item": "sabotage", **DATED, **TEXT},
    "reprimand": {**DATED, **TEXT},
    "absence": AT,
    "refusal": {**AT, **TEXT},
    "unreachable": AT,
    "late_optimisation": {**AT, **TEXT},
    "promise_given": {"promise": "P1", **DATED, **TEXT},
    "promise_unfulfilled": {"promise": "P1", **DATED},
    "promise_fulfilled": {"promise": "P1", **DATED},
    "acceptance": {**PERIOD, "accepted": "true"},
    "limit_started": {**AT, **TEXT, "starts": "policy_change"},
    "in_scope": {**SYSTEM, "in_scope": "false", "since": "2026-11-15"},
    "in_service": {**SYSTEM, "in_service": "false", "since": "2026-11-15"},
    "unit_kind": {"unit": "centre", "unit_kind": "line_rental", "since": "2026-11-15"},
    # About an entry: of this kind.
    "force_majeure_decided": {"entry": "force_majeure_claimed", "approved": "true"},
    "event_responded": {"entry": "security_event", **AT},
    "event_closed": {"entry": "security_event", **AT},
    "warning_acted": {"entry": "warning_received", **AT},
    "maintenance_approved": {"entry": "maintenance", "approved": "true"},
    "change_approved": {"entry": "change_requested", "approved": "true"},
    "waiver_decided": {"entry": "waiver", "approved": "true"},
}
# About a finding, an object of backups, a plan for a finding: there is none here.
OF_NONE = {
    "fix_plan",
    "fix_plan_approved",
    "mitigated",
    "finding_closed",
    "finding_assigned",
    "restore_approved",
}
PAPER = b"%PDF"
PARTS = [list(GOOD)[n::4] for n in range(4)]


@pytest.fixture
def known(office):
    """A function: the fields of a kind, with an entry of the kind that they are about."""

    def fields(kind):
        made = dict(GOOD[kind])
        if "entry" in made:
            about = dict(GOOD[made["entry"]])
            about |= {word: kind for word in ("text", "reason", "what") if word in about}
            made["entry"] = str(say(office, made["entry"], about))
        return made

    return fields


def speaker(kind):
    return next(name for name in ("zhao", "wang", "jia") if ROLE[name] in KINDS[kind].who)


ROLE = {"root": "admin", "wang": "manager", "zhao": "operator", "jia": "buyer", "gast": "viewer"}


def say(office, kind, fields, by="", **more):
    paper = PAPER if KINDS[kind].paper is Paper.MUST else None
    return statements.add(office.context, kind, fields, by=by or speaker(kind), document=paper, **more)


def names(kind):
    return [one.name for one in KINDS[kind].fields]


def size(office):
    with office.context.read() as conn:
        return evidence.size(conn)


def test_every_kind_is_tried_here():
    rest = {SECOND, REVOKED, *OF_NONE, *(one.name for one in KINDS.values() if one.older)}
    assert GOOD.keys() == KINDS.keys() - rest


@pytest.mark.parametrize("some", PARTS)
def test_whoever_may_not_say_it_is_refused_and_whoever_may_says_it_once(office, code, known, some):
    for kind in some:
        _may(office, code, kind, known(kind))


def _may(office, code, kind, fields):
    for name, role in ROLE.items():
        before = size(office)
        if role not in KINDS[kind].who:
            assert code(lambda by=name: say(office, kind, fields, by)) == "no_right"
            assert size(office) == before
            continue
        entry = say(office, kind, fields, name)
        assert size(office) == before + 1 == entry + 1
        office.hands.ms += 1000  # said again later it is the same
        assert code(lambda by=name: say(office, kind, fields, by)) == "twice"
        assert size(office) == before + 1
    before, ahead = size(office), {"at": "2026-11-16T00:05", "day": "2026-11-17"}
    if (when := KINDS[kind].when) in ahead:
        assert code(lambda: say(office, kind, {**fields, when: ahead[when]})) == "in_future"
    assert code(lambda: say(office, kind, fields, "nobody")) == "no_such_account"
    with office.context.write() as conn:
        accounts.set_disabled(conn, speaker(kind), True)
    assert code(lambda: say(office, kind, fields)) == "no_such_account"
    assert size(office) == before
    with office.context.write() as conn:
        accounts.set_disabled(conn, speaker(kind), False)


def test_a_sealed_period_is_spoken_of_in_amendments_only(office, code, known):
    with office.context.write() as conn:
        store.add_seal(conn, 0, NOW - DAY, NOW - 47 * DAY, NOW - 16 * DAY, "2026-10")  # October, here
    told = [kind for kind, fields in GOOD.items() if fields.keys() & {"fault", *PAST, "period"}]
    assert len(told) > 50
    for kind in told:
        fields = known(kind)
        fields |= {name: value for name, value in PAST.items() if name in fields}
        before = size(office)
        assert code(lambda kind=kind, fields=fields: say(office, kind, fields)) == "sealed", kind
        assert size(office) == before
        entry = say(office, kind, fields, amendment=True)
        with office.context.read() as conn:
            (one,) = [one for one in every_said(conn, office.hands.ms) if one.entry == entry]
        assert one.amendment


@pytest.mark.parametrize("kind", ["force_majeure_decided", "waiver_decided", "change_approved"])
def test_a_decision_about_what_was_in_a_sealed_period_is_an_amendment_too(office, code, kind):
    about = GOOD[kind]["entry"]
    past = {
        name: value for name, value in PAST.items() if name in {*GOOD[about], "from", "to"} & {*names(about)}
    }
    claim = say(office, about, {**GOOD[about], **past})
    now = (
        say(office, about, {**GOOD[about], "from": "2026-11-18", "to": "2026-11-19"})
        if "from" in past
        else None
    )
    with office.context.write() as conn:
        store.add_seal(conn, 0, NOW - DAY, NOW - 47 * DAY, NOW - 16 * DAY, "2026-10")
    assert code(lambda: say(office, kind, {"entry": str(claim), "approved": "true"})) == "sealed"
    entry = say(office, kind, {"entry": str(claim), "approved": "true"}, amendment=True)
    with office.context.read() as conn:
        told = {one.entry: (one.amendment, one.after_seal) for one in all_said(conn, office.hands.ms)}
    assert told[entry] == (True, True)
    if now is not None:
        say(office, kind, {"entry": str(now), "approved": "true"})


PAST = {**SEALED, "at": "2026-10-12T10:00", "day": "2026-10-12", "from": "2026-10-12", "to": "2026-10-13"}


@pytest.mark.parametrize("some", PARTS)
def test_a_correction_of_a_correction_stands_and_names_the_one_before_it(office, code, known, some):
    told = [kind for kind in some if not KINDS[kind].two and {"text", "reason"} & set(names(kind))]
    assert len(told) > 8
    for kind in told:
        _corrected(office, code, kind, known(kind))


def _corrected(office, code, kind, fields):
    by, word = speaker(kind), next(name for name in ("text", "reason") if name in names(kind))
    first = say(office, kind, fields, by)
    second = say(office, kind, {**fields, word: "更正"}, by, corrects=first)
    again = {**fields, word: "再更正"}
    before = size(office)
    assert code(lambda: say(office, kind, again, by, corrects=first)) == "bad_correction", kind
    assert code(lambda: say(office, kind, again, "gast", corrects=second)) == "no_right", kind
    other = {"kind": "key_moment", "fields": {**GOOD["key_moment"], "id": f"k{second}"}}
    if kind != "key_moment":
        assert code(lambda: say(office, other["kind"], other["fields"], corrects=second)) == "bad_correction"
    assert size(office) == before
    third = say(office, kind, again, by, corrects=second)
    with office.context.read() as conn:
        stands = [one.entry for one in all_said(conn, office.hands.ms) if one.entry in (first, second, third)]
        every = [
            one.entry for one in every_said(conn, office.hands.ms) if one.entry in (first, second, third)
        ]
    assert stands == [third] and every == [first, second, third], kind


def test_an_operator_corrects_his_own_word_and_nobody_elses(office, code):
    mine = say(office, "visit", GOOD["visit"], "zhao")
    fixed = {**GOOD["visit"], "at": "2026-11-15T11:00"}
    assert code(lambda: say(office, "visit", fixed, "li", corrects=mine)) == "no_right"
    assert code(lambda: say(office, "visit", fixed, "jia", corrects=mine)) == "no_right"  # the other side
    by_his_manager = say(office, "visit", fixed, "wang", corrects=mine)
    later = {**fixed, "at": "2026-11-15T12:00"}
    assert code(lambda: say(office, "visit", later, "zhao", corrects=by_his_manager)) == "no_right"


def test_a_withdrawn_key_says_nothing_more_and_what_it_said_before_stands(office, code):
    office.everybody()
    told = statements.add_signed(office.context, office.signed("zhao", "visit", unit="centre", at=NOW - DAY))
    say(office, "key_revoked", {"account": "zhao", "reason": "丢失"}, "zhao")
    for kind, fields in (("visit", {"unit": "centre", "at": NOW - 2 * DAY}), ("warning_received", {})):
        fields = fields or {"at": NOW - DAY, "from_whom": "city", "text": "x"}
        before = size(office)
        file = office.signed("zhao", kind, **fields)
        assert code(lambda file=file: statements.add_signed(office.context, file)) == "bad_signature"
        assert size(office) == before
    with office.context.read() as conn:
        assert told in [one.entry for one in all_said(conn, office.hands.ms)]
    say(office, "visit", GOOD["visit"], "zhao")  # through a session he still speaks, as that
    corrected = {**GOOD["visit"], "at": "2026-11-15T12:00"}
    assert code(lambda: say(office, "visit", corrected, "zhao", corrects=told)) == "no_right"


def test_whoever_joined_in_with_a_key_that_was_withdrawn_later_has_joined_in(office, code):
    office.everybody()
    entry = say(office, "baseline_accepted", GOOD["baseline_accepted"], "wang")
    assert code(lambda: statements.second(office.context, entry, by="wang")) == "same_person"
    statements.add_signed(office.context, office.signed("yi", "second", entry=entry))
    say(office, "key_revoked", {"account": "yi", "reason": "离职"}, "root")
    with office.context.read() as conn:
        assert entry in [one.entry for one in all_said(conn, office.hands.ms)]
    other = say(office, "baseline_accepted", {**GOOD["baseline_accepted"], "digest": "cd"}, "wang")
    file = office.signed("yi", "second", entry=other)
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"
    with office.context.read() as conn:
        assert other not in [one.entry for one in all_said(conn, office.hands.ms)]


def test_one_person_with_two_accounts_and_one_key_is_one_person(office, code):
    """The key of the first account signs nothing for the second, and is not enrolled again for it."""
    office.everybody()
    office.keys["li"] = office.key("zhao")
    assert code(lambda: office.enrol("li", "wang", by="wang")) == "key_known"
    file = office.signed("li", "visit", unit="centre", at=NOW - DAY)
    assert code(lambda: statements.add_signed(office.context, file)) == "bad_signature"
