"""Stacks and pairs through SNMP: from rows and a profile's rules to units. Pure: rows in, facts out."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from agent.sources.snmp_profiles import MemberRule
from agent.sources.snmp_rules import Table, text_of
from agent.sources.snmp_walk import Rows
from checks.device import Member

_WORST = ("crit", "unknown", "warn", "ok")


def wanted(rules: Iterable[MemberRule]) -> set[str]:
    """All OIDs that these rules read."""
    found: set[str] = set()
    for rule in rules:
        found |= {rule.rows, rule.role, rule.state, *rule.names, *rule.leader, *rule.when, *rule.unless}
    return found - {""}


def members(rules: Iterable[MemberRule], rows: Rows) -> tuple[Member, ...]:
    """Units of each group; what two tables say of the same index, and boards of one name, are one unit."""
    table = Table(rows)
    found: dict[tuple[str, str, str], tuple[int, Member]] = {}
    for rule in rules:
        for index, rank, one in _units(table, rule):
            key = one.group, one.name, "" if rule.boards else index
            found[key] = _merged(found[key], (rank, one)) if key in found else (rank, one)
    return tuple(one for _, one in found.values())


def _merged(first: tuple[int, Member], second: tuple[int, Member]) -> tuple[int, Member]:
    rank, one = min(first, second, key=lambda each: each[0])
    severity = min(first[1].severity, second[1].severity, key=_WORST.index)
    there = first[1].present and second[1].present
    return rank, replace(one, severity=severity, present=there)


def _units(table: Table, rule: MemberRule) -> Iterator[tuple[str, int, Member]]:
    """Each unit behind its index and the place of its role among those of the rule."""
    for index in table.cells(rule.rows):
        if rule.index is not None and not rule.index.search(index):
            continue
        if not all(table.meets(rule.when, index, 0)) or any(table.meets(rule.unless, index, 0)):
            continue
        code = text_of(table.at(rule.role, index)) if rule.role else ""
        if code not in rule.skip or not code:
            yield index, _place(rule, code), _unit(table, rule, index, code)


def _place(rule: MemberRule, code: str) -> int:
    return list(rule.roles).index(code) if code in rule.roles else len(rule.roles)


def _unit(table: Table, rule: MemberRule, index: str, code: str) -> Member:
    told = [text_of(table.at(oid, index)) for oid in rule.names]
    name = rule.text.format(*told, index=index) if rule.text else " ".join(filter(None, told)) or index
    role, by_role = rule.roles.get(code, ("", "unknown")) if rule.role else (_led(table, rule, index), "ok")
    raw = text_of(table.at(rule.state, index)) if rule.state else ""
    state, by_state = rule.states.get(raw, ("", "unknown")) if rule.state else ("", "ok")
    severity = min(by_role, by_state, key=_WORST.index)
    return Member(
        rule.group, name[:128], role.lower(), state.lower(), severity, not (raw and raw in rule.absent)
    )


def _led(table: Table, rule: MemberRule, index: str) -> str:
    """primary or secondary; empty where the device does not tell which unit leads."""
    own, leads = (text_of(table.at(oid, index)) for oid in rule.leader) if rule.leader else ("", "")
    if not own or not leads:
        return ""
    return "primary" if own == leads else "secondary"
