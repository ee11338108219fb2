"""What is promised of a backup object, in words for its page."""

from collections.abc import Iterator
from datetime import date

from collector.backups.ledger import ObjectLedger
from collector.backups.policy import DrillRule, Keep, Schedule
from collector.jobs import backups as jobs
from collector.jobs.backups import Account
from collector.web import i18n
from collector.web.i18n import text as t
from collector.words import wording

Pair = tuple[str, str]


def facts(found: Account, one: ObjectLedger) -> list[Pair]:
    """Label and value, in the order of the page."""
    return [(label, value or "–") for label, value in _facts(found, one)]


def _facts(found: Account, one: ObjectLedger) -> Iterator[Pair]:
    policy = next(o for o in found.policies.objects if o.name == one.name).policies[-1]
    yield t("backups.fact.kind"), t(f"backup.kind.{one.kind}")
    yield t("backups.fact.system"), found.of(one.name).system_name
    yield t("backups.fact.clause"), " ".join(one.clause)
    yield t("backups.fact.place"), one.place
    for rule in policy.schedules:
        yield t(f"backup.role.{rule.role}"), _schedule(rule)
    if policy.copy:
        within = _span(policy.copy.within_ms)
        yield t("backups.fact.copy"), t("backups.fact.copy.of", to=policy.copy.to, within=within)
    yield t("backups.fact.drill"), _drill(policy.drill)
    yield t("backups.fact.level"), f"L{int(policy.level)}"
    since = date.fromisoformat(jobs.day(policy.from_ms, found.terms.timezone))
    yield t("backups.fact.policy"), t("backups.fact.policy.of", version=policy.version, since=since)
    yield t("backups.fact.oldest"), one.retention.oldest
    yield t("backups.fact.fulls"), f"{one.retention.fulls_have} / {one.retention.fulls_needed}"


def _span(ms: int) -> str:
    return wording.duration(ms, i18n.language())


def _schedule(rule: Schedule) -> str:
    if rule.before:
        every = t("backups.every.event", event=rule.before)
        window = t("backups.within", span=_span(rule.within_ms))
    else:
        every = t(f"backups.every.{rule.every}")
        day = (
            t(f"weekday.name.{rule.on}")
            if rule.on and not rule.on.isdigit() and rule.on != "last"
            else rule.on
        )
        window = " ".join(part for part in (day, _window(rule)) if part)
    grace = _span(rule.grace_ms) if rule.grace_ms else t("backups.none")
    return t("backups.fact.schedule.of", every=every, window=window, grace=grace, keep=_keep(rule.keep))


def _window(rule: Schedule) -> str:
    """`22:00–06:00`; nothing for the whole period."""
    if rule.opens is None or rule.closes is None:
        return ""
    return "–".join(f"{minute // 60 % 24:02d}:{minute % 60:02d}" for minute in (rule.opens, rule.closes))


def _keep(keep: Keep) -> str:
    parts = []
    if keep.months:
        parts.append(t("backups.keep.months", n=keep.months))
    if keep.days:
        parts.append(t("backups.keep.days", n=keep.days))
    return " ".join(parts)


def _drill(rule: DrillRule | None) -> str:
    if rule is None:
        return t("backups.none")
    within = _span(rule.restore_within_ms)
    return t("backups.fact.drill.of", every=t(f"backups.every.{rule.every}"), within=within)
