"""Kinds of items that rules may count, what their value is, their facts, and who makes them.

A pack that names another kind is refused; so is a fact that its kind doesn't have.
"""

ACCEPTED = "accepted"
KINDS: dict[str, frozenset[str]] = {
    # From signed results (collector/inspection, backups, scans, availability), one each.
    "inspection": frozenset({"round", "coverage"}),
    "special_inspection": frozenset({"round", "occasion"}),
    "backup": frozenset({"object", "place"}),
    "scan": frozenset({"tool"}),
    # Value: per cent, 0-100; `estate_changed`: entries that changed in the period by what it is judged.
    "availability": frozenset({"service", "low", "high", "of", "estate_changed"}),
    "critical_interruption": frozenset({"service"}),
    # From the ledger of cadences and obligations: one for each thing that was due.
    "due": frozenset({"obligation", "what"}),
    "done": frozenset({"obligation", "what"}),
    "late": frozenset({"obligation", "what", "days"}),
    "missed": frozenset({"obligation", "what"}),
    "excused": frozenset({"obligation", "what"}),
    "lapse": frozenset({"what"}),  # the same system two months without one of visit, inspection, backup, scan
    # From faults, vulnerabilities, findings (collector/faults).
    "fault": frozenset(
        {
            "fault",
            "level",
            "vendor_cause",
            "late",
            "major_impact",
            "no_support",
            "not_restored",
            "waiver",
            "provisional",  # nobody has confirmed it
            "levels",  # all that the bounds allow
            "other_cause",  # an earlier fault that only the vendor's side says it is not
            "disputed",  # the vendor's side says otherwise than the buyer's
            "estate_changed",  # entries that changed in the period by what its system is judged
        }
    ),
    "report_late_days": frozenset({"fault"}),  # value: days
    "repeat_fault": frozenset({"fault", "of"}),
    "vulnerability_late": frozenset({"severity", "major_impact", "vulnerability", "placed"}),
    "vulnerability_found": frozenset({"severity", "found_by", "vulnerability", "placed"}),
    "finding_late": frozenset({"finding"}),
    "security": frozenset({"level", "found_by"}),  # level: major, notified, reminded, hazard
    "incident_late": frozenset({"what"}),
    "event_late": frozenset({"what"}),
    "emergency_late": frozenset({"what"}),
    "key_moment_fault": frozenset({"fault"}),
    # From statements by people (collector/statements).
    # What was not done, as somebody stated: cited by the line of `item`, counted by none.
    "not_done": frozenset({"item", "disputed", "against"}),
    # What nobody saw of the kind `item` counts as none by the buyer's acceptance of the period: cited.
    "accepted": frozenset({"item", "count", "obligation", "what"}),
    "satisfaction": frozenset({"late", "stated"}),  # value: points (Luohe) or per cent (Huai'an)
    "visit": frozenset(),
    "document_required": frozenset({"item"}),  # value: how many
    "document_present": frozenset({"item"}),
    "document_missing": frozenset({"item"}),
    "process_missing": frozenset({"item"}),
    "plan_missing": frozenset({"item"}),
    "defect_report": frozenset(),
    "emergency_drill": frozenset(),
    "training": frozenset(),
    "deduction": frozenset(
        {"item", "by_rule", "stated"}
    ),  # value: points; by_rule: the contract says how many
    "fine": frozenset(
        {"item", "percent", "stated", "by_rule"}  # stated: beyond the clause's range, which counts instead
    ),  # value: yuan, or per cent of the month's fee where percent is true; by_rule: the contract says
    "promise_missed": frozenset({"promise"}),
    "reprimand": frozenset(),
    "absence": frozenset({"number"}),
    "refusal": frozenset(),
    "unreachable": frozenset(),
    "late_optimisation": frozenset(),
    "veto": frozenset({"item"}),
    # From applied estates and statements of scope: nothing that counts, but who signs shall see it.
    "estate_changed": frozenset({"what", "names", "count"}),
}

PERCENTS = frozenset({"availability", "satisfaction"})
"""Kinds of which a rule that compares their value compares a percentage."""

BY_PEOPLE = frozenset(
    {
        "process_missing",
        "plan_missing",
        "security",
        "event_late",
        "emergency_late",
        "absence",
        "refusal",
        "unreachable",
        "late_optimisation",
        "promise_missed",
        "reprimand",
        "deduction",
        "fine",
        "veto",
    }
)
"""Kinds that cost something and that only people can tell of: where nobody states one, nothing shows that
there was none. They count as none by the option `silence`, which is printed with the line."""

ANNOUNCED = "special_inspection"
"""What is due before occasions that people announce (特巡特维): where nobody announced one, nothing shows
that there was none. It counts as none by the option `silence`, as what only people can tell does."""

BY_LOOKING = frozenset(
    {"fault", "incident_late", "key_moment_fault", "critical_interruption", "availability"}
)
"""Kinds that nothing shows but looks at the system: how much of its time may be unseen says `unseen.max`."""
