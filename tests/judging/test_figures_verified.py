"""Availability over a time in which the estate changed: the verifier makes the collector's figure anew."""

from collector.jobs import figures
from collector.verify.judged import OTHER


def of(verdict):
    return [(word, detail) for name, word, detail in verdict.claims if name == "availability of portal"]


def test_the_past_by_its_own_estate_and_by_the_buyers_word_is_verified(site, estate, tmp_path):
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T12:00", True))
    site.go("2026-07-14T12:00")
    hours = 'hours: {days: [monday], ranges: ["08:30-17:30"]}, '
    changed = estate.replace("service: portal-web,", f"service: portal-web, {hours}")
    site.apply(changed)
    site.probe(("2026-07-14T12:00", False), ("2026-07-14T14:00", True))
    begin, end = site.world.at - 6 * 3_600_000, site.world.at
    made = figures.service_figure(site.context, "portal", begin, end)
    sums = made.figure.buckets
    # What failed before the hours were agreed is down; afterwards it lies outside them.
    assert 110 * 60_000 < sums.down <= 120 * 60_000 and sums.off_hours > 100 * 60_000
    assert len(made.changed) == 1
    # The run of failures lies on both sides of the estate, and its looks were taken once.
    assert made.figure.observations == 6 * 12 and made.figure.observations_whole
    verdict = site.verdict(tmp_path / "a.zip")
    assert [word for word, _ in of(verdict)] == ["proven if"] and verdict.good, verdict.findings
    site.go("2026-07-15T09:00")
    word = {"system": "portal", "in_service": "no", "since": "2026-07-14", "until": "2026-07-14"}
    site.say("in_service", **word)
    told = figures.service_figure(site.context, "portal", begin, end)
    assert (told.figure.buckets.down, len(told.changed)) == (0, 2)
    verdict = site.verdict(tmp_path / "b.zip")
    assert [word for word, _ in of(verdict)] == ["proven if"] and verdict.good, verdict.findings


def test_a_figure_of_another_version_is_not_contradicted(site, tmp_path, monkeypatch):
    site.apply()
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T12:00", True))
    site.go("2026-07-14T12:00")
    real = figures.as_json

    def as_json(made):
        return {**real(made), "judging": 99, "verdict": "met" if real(made)["verdict"] != "met" else "missed"}

    monkeypatch.setattr(figures, "as_json", as_json)
    verdict = site.verdict(tmp_path / "b.zip")
    ((word, detail),) = of(verdict)
    assert word == OTHER and "judging version 99" in detail and verdict.exit == 2
