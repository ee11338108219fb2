"""Scripted checks against a web application that logs in, redirects, loops and breaks."""

import base64

import pytest
from parts import loaded

from agent.sources import steps_http
from agent.sources.net_connect import Failed
from checks.api import ErrorKind, State


@pytest.fixture
def app():
    server = loaded("checks/application/web_app.py").start()
    server.url = f"http://127.0.0.1:{server.server_port}"
    yield server
    server.shutdown()
    server.server_close()


def login(app, **last):
    return [
        {"name": "form", "url": f"{app.url}/login", "take": {"csrf": 'regex:name="csrf" value="([^"]+)"'}},
        {
            "name": "login",
            "url": f"{app.url}/login",
            "method": "POST",
            "form": {"user": "${user}", "password": "${password}", "csrf": "${csrf}"},
            "text": "工作台",
        },
        {"name": "query", "url": f"{app.url}/api/query", **last},
    ]


QUERY = {"equals": {"code": "0", "rows.0.state": "done"}, "read": ["rows.*.id", "echo"]}


def test_a_login_keeps_its_cookies_and_a_query_is_answered(app, observed, why):
    params = {"script": {"secret": "tester", "steps": login(app, **QUERY)}}
    result = observed("application.transaction", params, "ok")
    assert result.state is State.OK and set(why(result).values()) == {"ok"}
    assert [r.name for r in result.readings] == ["form:answer", "login:answer", "query:answer", "total"]
    last = result.facts["steps"][-1]
    assert last["fields"]["rows.*.id"] == ["7"]
    # The application echoes the password: the fact has asterisks.
    assert last["fields"]["echo"] == ["***"]


def test_a_refused_password_ends_the_script_at_the_login_form(app, observed, why):
    result = observed(
        "application.transaction", {"script": {"secret": "wrong", "steps": login(app)}}, "crit_login"
    )
    assert why(result) == {
        "form:answer": "ok",
        "login:answer": "login_again",
        "query:answer": "not_reached",
        "total": "not_reached",
    }


def test_a_login_loop_is_bounded(app, observed, why):
    app.mood = "login_loop"
    result = observed(
        "application.transaction", {"script": {"secret": "tester", "steps": login(app)}}, "crit"
    )
    assert why(result)["login:answer"] == "login_again"
    steps = [{"name": "loop", "url": f"{app.url}/loop"}]
    result = observed("application.transaction", {"script": {"steps": steps}}, "crit_loop")
    assert why(result)["loop:answer"] == "redirect_loop"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ({"url": "/none"}, "status_unexpected"),
        ({"url": "/state", "equals": {"failed": "0"}}, "field_unexpected"),
        ({"url": "/state", "equals": {"a.b": "0"}}, "field_missing"),
        ({"url": "/state", "absent": "failed"}, "text_forbidden"),
        ({"url": "/state", "text": "succeeded"}, "text_absent"),
        ({"url": "/state", "take": {"x": "json:nothing"}}, "not_taken"),
        ({"url": "/login", "take": {"x": "json:nothing"}}, "login_again"),
        ({"url": "/state", "read": ["last.success"]}, "ok"),
    ],
)
def test_what_an_answer_lacks_is_named(app, observed, why, step, reason):
    steps = [{**step, "name": "it", "url": app.url + step["url"]}]
    assert why(observed("application.transaction", {"script": {"steps": steps}}))["it:answer"] == reason


def test_a_secret_that_is_not_there_is_denied(app, observed):
    result = observed(
        "application.transaction", {"script": {"secret": "none", "steps": login(app)}}, "unknown"
    )
    assert result.error is ErrorKind.DENIED


def test_a_place_that_nothing_fills_is_denied(app, observed):
    steps = [{"url": f"{app.url}/x?${{what}}"}]
    assert observed("application.transaction", {"script": {"steps": steps}}).error is ErrorKind.DENIED


def test_nobody_there_is_what_the_target_did(closed_port, observed, why):
    steps = [{"name": "it", "url": f"http://127.0.0.1:{closed_port}/"}]
    result = observed("application.transaction", {"script": {"steps": steps}}, "crit_refused")
    assert why(result)["it:answer"] == "refused" and result.state is State.CRIT


def interface(app):
    steps = [{"name": "state", "url": f"{app.url}/state", "read": ["failed", "last.success"]}]
    limits = {"failed": {"warn": 10, "crit": 100}}
    return {"script": {"steps": steps}, "limits": limits, "success": "last.success"}


def test_an_interface_is_as_old_as_its_last_success(app, observed, why):
    assert observed("application.interface", interface(app), "ok").state is State.OK
    app.mood = "stale"
    assert why(observed("application.interface", interface(app), "crit")) == {
        "state:answer": "ok",
        "failed": "too_many",
        "last_success": "success_too_old",
    }


def test_an_interface_that_tells_no_time_is_unknown(app, observed):
    steps = [{"name": "state", "url": f"{app.url}/state", "read": ["last"]}]
    result = observed("application.interface", {"script": {"steps": steps}, "success": "last"}, "unknown")
    assert result.state is State.UNKNOWN


def conversion(app, content):
    sample = {"content": base64.b64encode(content).decode(), "filename": "sample.txt"}
    step = {"name": "convert", "url": f"{app.url}/convert", "method": "POST", "upload": sample}
    return {"script": {"steps": [step]}, "pages": 2}


def test_a_fixed_sample_becomes_as_many_pages_as_it_should(app, observed, why):
    assert observed("application.conversion", conversion(app, b"sample text"), "ok").state is State.OK
    app.mood = "broken"
    result = observed("application.conversion", conversion(app, b"sample text"), "crit")
    assert why(result)["pages"] == "differs"


def test_a_document_whose_pages_cannot_be_counted_is_unknown(app, observed):
    steps = [{"name": "convert", "url": f"{app.url}/state"}]
    result = observed("application.conversion", {"script": {"steps": steps}, "pages": 2}, "unknown")
    assert result.state is State.UNKNOWN


def sso(app, secret="tester"):
    body = '{"user": "${user}", "password": "${password}"}'
    use = {"name": "use", "url": f"{app.url}/app", "headers": {"Authorization": "Bearer ${ticket}"}}
    ticket = {"name": "ticket", "url": f"{app.url}/token", "method": "POST", "json": body}
    steps = [{**ticket, "take": {"ticket": "json:access_token"}}, {**use, "read": ["ticket"]}]
    forged = {**use, "headers": {"Authorization": "Bearer made-up"}, "status": [401]}
    return {"script": {"secret": secret, "steps": steps}, "forged": forged}


def test_a_ticket_goes_round_and_a_forged_one_is_refused(app, observed, why):
    result = observed("application.sso", sso(app), "ok")
    assert result.state is State.OK
    assert result.facts["steps"][1]["fields"]["ticket"] == ["***"]
    app.mood = "open"
    assert why(observed("application.sso", sso(app), "crit"))["forged_ticket"] == "accepted"


def test_no_secret_for_the_sign_on_is_denied(app, observed):
    assert observed("application.sso", sso(app, "none"), "unknown").error is ErrorKind.DENIED


def test_a_callback_answers_what_is_signed_and_only_that(app, observed, why):
    params = {"url": f"{app.url}/callback", "secret": "tester"}
    assert observed("application.callback", params, "ok").state is State.OK
    app.mood = "open"
    assert why(observed("application.callback", params, "crit"))["forged_signature"] == "accepted"
    app.mood = ""
    result = observed("application.callback", {**params, "secret": "wrong"}, "crit_token")
    assert why(result)["signed:answer"] == "status_unexpected"
    assert observed("application.callback", {**params, "secret": "none"}, "unknown").error is ErrorKind.DENIED


def test_queues_have_their_depth_and_consumers(app, observed, why):
    params = {"url": f"{app.url}/api/queues", "secret": "tester", "expect": ["sms.out"]}
    params["oldest_path"] = "*.head_message_timestamp"
    found = why(observed("application.queue", params, "ok"))
    assert set(found.values()) == {"ok"} and "sms.out:oldest" in found and "audit:oldest" not in found
    app.mood = "broken"
    found = why(observed("application.queue", {**params, "expect": ["sms.in"]}, "crit"))
    assert found["sms.out:messages"] == "too_many" and found["sms.out:consumers"] == "too_few"
    assert found["sms.in:messages"] == "missing" and found["sms.out:oldest"] == "waiting_long"
    app.mood = "odd"
    assert observed("application.queue", params, "unknown").state is State.UNKNOWN


def recorder(app, **more):
    read = ["channels.*.state", "disks.*.state", "oldest"]
    steps = [{"name": "state", "url": f"{app.url}/recorder", "read": read}]
    paths = {"channels": read[0], "disks": read[1], "oldest": read[2], "channel_count": 2}
    return {"script": {"steps": steps}, **paths, **more}


def test_a_recorder_has_channels_disks_and_days(app, observed, why):
    assert observed("application.recorder", recorder(app), "ok").state is State.OK
    app.mood = "broken"
    found = why(observed("application.recorder", recorder(app), "crit"))
    assert found == {"state:answer": "ok", "channels": "ok", "disks": "down", "days_kept": "too_few"}
    steps = [{"name": "state", "url": f"{app.url}/state", "read": ["channels"]}]
    params = {"script": {"steps": steps}, "channels": "channels"}
    assert observed("application.recorder", params, "unknown").state is State.UNKNOWN


@pytest.mark.parametrize("status", [307, 308])
def test_a_form_does_not_go_on_in_the_clear(status):
    form = steps_http.Request("POST", "https://a.example/login", {"Authorization": "x"}, b"password=1")
    assert steps_http._next(form, status, "/in").url == "https://a.example/in"
    with pytest.raises(Failed) as caught:
        steps_http._next(form, status, "http://a.example/in")
    assert caught.value.outcome == "redirect_bad"
