"""How the seal of a period that lies before the whole log comes into a bundle."""

import pytest

from collector.evidence.policy import parse_policy
from collector.jobs import bundles
from collector.jobs import scorecards as jobs
from collector.jobs.checkpoints import Publisher
from collector.jobs.spans import span_of
from collector.verify.verify import Options, verify_bundle


def test_whoever_asks_for_a_period_before_the_log_is_told_which_days_hold_its_seal(site, estate, tmp_path):
    site.apply(estate.replace("start: 2026-06-10", "start: 2026-05-10"))
    site.go("2026-07-03T09:00")
    site.settle()
    place = tmp_path / "b.zip"
    Publisher(site.context).publish()

    def bundled(name):
        return bundles.make_bundle(site.context, span_of(site.context, name, "Asia/Shanghai"), place)

    with pytest.raises(bundles.BundleEmpty, match=r"had ended$"):
        bundled("2026-05")
    idx, _ = jobs.seal(site.context, "2026-05", by="manager")
    Publisher(site.context).publish()
    site.settle()
    with pytest.raises(bundles.BundleEmpty) as refused:
        bundled("2026-05")
    wanted = "2026-07-01/2026-07-04"
    assert f"(entry {idx}): --period {wanted} holds it" in str(refused.value)
    bundled(wanted)
    policy = parse_policy(f"log {site.context.vkey}\nquorum none\n")
    verdict = verify_bundle(place, policy, Options(None, True, 1))
    words = {name: word for name, word, _ in verdict.claims}
    assert words["scorecard 2026-05 (seal)"] == "proven if" and verdict.good, verdict.findings
