"""The API against its own description, over a store with real data: schemathesis asks whatever it allows."""

from itertools import zip_longest

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation

from collector.jobs import scorecards as jobs
from collector.store import accounts
from collector.web.app import create_app

PERIOD = "2026-07"
EXAMPLES = 3
OK = [200, 400, 404, 409]  # an instant, an option, a name may be well written and mean nothing
GOOD = (
    "/periods",
    f"/scorecards/{PERIOD}",
    f"/scorecards/{PERIOD}?what_if=satisfaction:unit=centre,period={PERIOD},points=10&option=count=literal",
    f"/scorecards/{PERIOD}/lines/inspection",
    f"/scorecards/{PERIOD}/lines/incidents?unit=centre",
    f"/scorecards/{PERIOD}/sealed",
    "/settlement",
    "/settlement/sealed",
    "/obligations?period=term",
    f"/obligations?period={PERIOD}",
    f"/calendar?period={PERIOD}",
    "/rounds?days=40",
    "/faults",
    f"/faults?period={PERIOD}",
    "/vulnerabilities?all=true",
    "/findings?all=true",
    "/statements?all=true",
    "/statements?kind=visit",
    "/statements/kinds",
    f"/archive/{PERIOD}",
)


@pytest.fixture
def served(site):
    """The application over a sealed month with a fault, findings, scans and statements; its cookie."""
    site.apply()
    site.inspect("2026-07-13")
    site.inspect("2026-07-20", web_01="error")
    site.probe(("2026-07-14T08:00", True), ("2026-07-14T10:00", False), ("2026-07-14T13:00", True))
    site.say("visit", "operator", unit="centre", at="2026-07-14T12:00+08:00")
    site.go("2026-08-10T01:00")
    site.scan("web-01", "web-02")
    site.settle()
    jobs.seal(site.context, PERIOD, by="manager")
    with site.context.write() as conn:
        token = accounts.open_session(conn, "buyer", site.context.now())
    return create_app(site.context), token


@pytest.fixture
def schema(served):
    """Its description, as the server gives it to a buyer."""
    app, token = served
    client = app.test_client()
    client.set_cookie("roundseal", token)
    checks = {"positive_data_acceptance": {"expected-statuses": OK}}
    config = schemathesis.Config.from_dict({"checks": checks})
    made = schemathesis.openapi.from_dict(client.get("/api/v1/openapi.json").json, config=config)
    made.app = app
    return made


def fits(path, asked):
    """Whether a path of the description is that of a request."""
    pairs = list(zip_longest(path.split("/"), asked.split("/")))
    return all(one == other or (one and other and one.startswith("{")) for one, other in pairs)


def test_every_route_answers_as_described(served, schema):
    app, token = served
    client = app.test_client()
    client.set_cookie("roundseal", token)
    paths = sorted(schema.raw_schema["paths"], key=lambda path: "{" in path)
    seen = set()
    (fault,) = client.get("/api/v1/faults").json["faults"]
    for path in (*GOOD, f"/faults/{fault['id']}", "/openapi.json"):
        answer = client.get(f"/api/v1{path}")
        assert answer.status_code == 200, (path, answer.text)
        name = next(one for one in paths if fits(one, f"/api/v1{path.partition('?')[0]}"))
        schema[name]["GET"].validate_response(answer)
        seen.add(name)
    assert seen == set(paths) and schema.raw_schema["openapi"] == "3.1.0"


def asks(operation, mode, cookies):
    """Some requests that the description allows, or forbids; every check of every answer."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case):
        part = case.meta.components.get(ParameterLocation.COOKIE)
        wrong = mode is GenerationMode.NEGATIVE and part is not None and part.mode is mode
        case.call_and_validate(cookies={} if wrong else cookies)

    return one


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_whatever_is_asked_is_answered_as_described(served, schema, mode):
    cookies = {"roundseal": served[1]}
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) == len(schema.raw_schema["paths"])
    for operation in operations:
        if mode is GenerationMode.POSITIVE or operation.query or operation.path_parameters:
            asks(operation, mode, cookies)()


def test_who_has_no_account_or_must_change_his_password_is_told_so(served, site):
    client = served[0].test_client()
    answer = client.get("/api/v1/periods")
    assert (answer.status_code, answer.json["status"]) == (401, "no_account")
    with site.context.write() as conn:
        accounts.create(conn, "neu", "Right-horse-7", "viewer", must_change=True)
        client.set_cookie("roundseal", accounts.open_session(conn, "neu", site.context.now()))
    answer = client.get("/api/v1/periods")
    assert (answer.status_code, answer.json["status"]) == (403, "password_must_change")
    answer = client.post("/api/v1/periods")
    assert (answer.status_code, answer.json["status"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["Allow"]
