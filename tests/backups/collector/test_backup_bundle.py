"""Backups in a bundle: the buyer's verifier judges their lines again, and finds one that claims too much."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from parts import loaded

from checks import registry
from checks.plan import parse as parse_plan
from checks.result import decode, encode
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.evidence.bundle import Period
from collector.evidence.policy import parse_policy
from collector.jobs import backups as jobs
from collector.jobs import bundles, derive, projection
from collector.judging.version import JUDGING
from collector.reports import backup_record
from collector.store import plans
from collector.verify.report import Verdict, as_json
from collector.verify.verify import Options, verify_bundle


def verdict(site: Any, target: Path) -> Verdict:
    period = Period("all", 0, site.context.now())
    bundles.make_bundle(site.context, period, target)
    policy = parse_policy(f"log {site.context.vkey}\nquorum none\n")
    return verify_bundle(target, policy, Options(None, True, 1))


def test_every_line_about_backups_is_judged_again(backups: Any, tmp_path: Path) -> None:
    with backups.site(tmp_path / "collector", date(2026, 11, 18)) as site:
        with site.context.read() as conn:
            found = jobs.account(conn, site.context.now())
        part = backup_record.part_of(site.context, found, (None, "2026-11"))
        backup_record.logged(site.context, part, "admin")
        site.publisher.publish()
        good = verdict(site, tmp_path / "good.zip")
        assert good.good, json.dumps(as_json(good), ensure_ascii=False)[:2000]
        assert ("backup record 2026-11", "proven if") in {claim[:2] for claim in good.claims}
        checked = as_json(good)["checked"]
        assert checked["lines re-judged"] == checked["result lines"] > 0
        _lie(site)
        site.publisher.publish()
        bad = verdict(site, tmp_path / "bad.zip")
    assert not bad.good
    assert "judged_differently" in json.dumps(as_json(bad))


def test_a_record_that_says_better_than_the_lines_is_found(backups: Any, tmp_path: Path) -> None:
    with backups.site(tmp_path / "collector", date(2026, 11, 18)) as site:
        with site.context.read() as conn:
            found = jobs.account(conn, site.context.now())
        part = backup_record.part_of(site.context, found, (None, "2026-11"))
        body = {**part.cut.body(found.size), "problems": []}
        header = {key: body[key] for key in ("backups", "object", "from", "to", "estate")}
        raw = strict_json.dumps(body)
        header |= {"judging": JUDGING, "by": "admin"}
        projection.log(site.context, [(EntryKind.RECORD, header, raw)])
        site.publisher.publish()
        bad = verdict(site, tmp_path / "bad.zip")
    [claim] = [one for one in bad.claims if one[0].startswith("backup record")]
    assert claim[1] == "contradicted" and "problems" in claim[2]
    assert not bad.good


def _record(site: Any, body: dict[str, Any], **more: Any) -> None:
    header = {key: body[key] for key in ("backups", "object", "from", "to", "estate")}
    site.context.append_collector_entry(
        EntryKind.RECORD, {**header, **more, "by": "admin"}, strict_json.dumps(body)
    )


def test_a_record_of_before_the_bad_looks_came_and_one_of_another_version(
    backups: Any, tmp_path: Path
) -> None:
    """Made of the log as it stood a day before it was logged; as a newer program would have made it."""
    with backups.site(tmp_path / "collector", date(2026, 11, 18)) as site:
        with site.context.read() as conn:
            found = jobs.account(conn, site.context.now())
        body = backup_record.part_of(site.context, found, (None, "2026-11")).cut.body(found.size)
        _record(site, {**body, "problems": []}, judging=JUDGING + 1)
        _record(site, {**body, "now": site.context.now() + 1}, judging=JUDGING + 1)
        _lie(site)
        site.hands.ms += 86_400_000
        _record(site, body, judging=JUDGING + 1)
        site.publisher.publish()
        told = verdict(site, tmp_path / "bad.zip")
    claims = [one[1:] for one in told.claims if one[0].startswith("backup record")]
    assert [word for word, _ in claims] == ["other version", "contradicted", "contradicted"], claims
    assert "later instant" in claims[1][1] and "more than 10 minutes before" in claims[2][1]


def _lie(site: Any) -> None:
    """County 1 says that its newest backup is private, which its own facts deny."""
    agent = site.agents["county-1"]
    site.hands.ms += 1000
    with site.context.read() as conn:
        held = plans.current(conn, "county-1")
    item = next(one for one in parse_plan(held[0]).items if one.check == "backup.file")
    backups = loaded("backups/collector/backupsite.py")
    t0 = site.hands.ms - 500
    line = decode(
        backups.worksite.result(item, "county-1", t0, backups.facts_of(item.target, backups.LAST, 9))
    )
    check = registry.get(item.check)
    assert line.state == "crit" and check.version == line.version
    readings = tuple(
        type(one)(one.name, 1 if one.value == 0 else one.value, one.unit, type(one.state)("ok"))
        for one in line.readings
    )
    false = replace(line, readings=readings, state=type(line.state)("ok"))
    acks = site.batches.take(agent.batch([encode(false)], site.hands.ms))
    assert [ack.status for ack in acks] == ["ok"]
    derive.catch_up(site.context)
