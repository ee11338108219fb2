"""What the first page says of looks that are not good."""

from checks.api import Reading, State, Unit
from checks.result import Result
from collector.store.series import SeriesRow
from collector.web.looks import Look
from collector.web.pages import today

ROW = SeriesRow(1, "host.processes", "web-01", "web-01", "web-01", 600_000, 5, 5, "unknown", None, 7, 0)
READINGS = (
    Reading("zombies", 3, Unit.COUNT, State.WARN, ""),
    Reading("processes", 200, Unit.COUNT, State.OK, ""),
    Reading("limit", None, Unit.PERCENT, State.UNKNOWN, "unsupported"),
)


def look(readings: tuple[Reading, ...], **more: object) -> Look:
    said = Result(
        check="host.processes",
        version=1,
        asset="web-01",
        target="web-01",
        vantage="web-01",
        slot=5,
        t0=5,
        t1=6,
        params="ab" * 32,
        facts={},
        readings=readings,
        state=State.UNKNOWN,
        error=None,
    )
    return Look(ROW, "unknown", **{"stale": False, "result": said, **more})  # type: ignore[arg-type]


def test_a_warning_does_not_hide_behind_what_is_unknown(context, app) -> None:
    one = look(READINGS)
    assert today._states(one) == ["unknown", "warn"]
    with app.test_request_context("/?lang=en"):
        assert "3" in today.why(one, "warn") and "3" not in today.why(one, "unknown")


def test_of_a_look_that_is_too_old_or_gone_only_that_is_said() -> None:
    assert today._states(look(READINGS, stale=True)) == ["unknown"]
    assert today._states(look(READINGS, result=None)) == ["unknown"]
