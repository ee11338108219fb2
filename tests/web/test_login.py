"""The door: who gets in, who stays out, and what is written down about it."""

import json
import re

import pytest
from flask import Flask

from checks.wire import entry
from checks.wire.numbers import EntryKind
from collector.context import Context, open_context
from collector.store import accounts, evidence, packs
from collector.store.accounts import IDLE_MS, LOCK_MS, Role
from collector.web import auth
from collector.web.app import create_app


def events(context: Context) -> list[dict[str, object]]:
    with context.read() as conn:
        rows = evidence.of_kinds(conn, [EntryKind.COLLECTOR])
        return [json.loads(entry.parse(packs.data_of(conn, row)).header) for row in rows]


def test_without_an_account_every_page_leads_to_the_door(app: Flask, person) -> None:
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("pages.") or rule.endpoint in ("pages.login", "pages.language"):
            continue
        path = re.sub(r"<int:\w+>", "0", rule.rule)
        path = re.sub(r"<\w+>", "x", path)
        answer = person.client.open(path, method="GET" if "GET" in rule.methods else "POST")
        if rule.rule.startswith("/api/"):
            assert answer.status_code in (400, 401), rule  # a program is told so, not sent to a form
        elif "GET" in rule.methods:
            assert answer.status_code == 302 and answer.headers["Location"].startswith("/login"), rule
        else:
            assert answer.status_code == 400, rule  # not even a form token


def test_every_page_names_its_role(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("pages."):
            assert hasattr(app.view_functions[rule.endpoint], "_roundseal_role"), rule


def test_a_viewer_gets_no_admin_page_and_no_admin_action(app: Flask, person) -> None:
    person.login("gast")
    token = re.search(r'csrf_token" value="([^"]+)"', person.get("/").text).group(1)
    seen = 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("pages."):
            continue
        role = app.view_functions[rule.endpoint]._roundseal_role
        if role is None or role == "viewer":
            continue
        seen += 1
        path = re.sub(r"<int:\w+>", "0", rule.rule)
        path = re.sub(r"<\w+>", "x", path)
        method = "POST" if "POST" in rule.methods else "GET"
        answer = person.client.open(path, method=method, data={"csrf_token": token})
        assert answer.status_code == 403, rule
    assert seen >= 5
    assert person.get("/tables/accounts.xlsx").status_code == 403
    assert "zhao" not in person.get("/settings").text


def test_a_wrong_password_is_told_apart_from_nothing(context: Context, person) -> None:
    wrong = person.login("root", "wrong")
    nobody = person.login("nobody", "wrong")
    assert wrong.status_code == nobody.status_code == 403
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", wrong.text) == strip.sub("", nobody.text)


def test_the_fifth_failure_locks_account_and_address_and_time_unlocks(context, app, person, hands) -> None:
    for _ in range(5):
        assert person.login("root", "wrong").status_code == 403
    assert person.login("root").status_code == 429
    assert person.login("zhao").status_code == 429  # the same address
    elsewhere = type(person)(app, "10.1.1.1")
    assert elsewhere.login("root").status_code == 429  # the same account
    assert elsewhere.login("zhao").status_code == 302
    hands.ms += LOCK_MS + 1
    assert person.login("root").status_code == 302
    assert [one["event"] for one in events(context)].count("login_locked") == 1


def test_login_and_failures_are_entries_without_what_was_typed(context, person) -> None:
    person.login("Right-horse-7", "root")  # the two fields swapped
    person.login("zhao", "wrong")
    person.login("zhao")
    person.post("/logout", "/")
    logged = [(one["event"], one["account"]) for one in events(context)]
    assert logged == [("login_failed", None), ("login_failed", "zhao"), ("login", "zhao"), ("logout", "zhao")]
    with context.read() as conn:
        raw = b"".join(data for _, data in packs.entries(conn, 0, 4))
    assert b"Right-horse-7" not in raw and b"right-horse-7" not in raw and b"127.0.0.1" not in raw


def test_a_session_ends_when_idle_and_a_page_that_refreshes_itself_does_not_keep_it(person, hands) -> None:
    person.login("gast")
    hands.ms += IDLE_MS - 1
    assert person.get("/?poll=1").status_code == 200
    hands.ms += 2
    assert person.get("/").status_code == 302
    person.login("gast")
    hands.ms += IDLE_MS - 1
    assert person.get("/").status_code == 200
    hands.ms += IDLE_MS - 1
    assert person.get("/").status_code == 200
    hands.ms += IDLE_MS
    answer = person.get("/", headers={"HX-Request": "true"})
    assert answer.status_code == 401 and answer.headers["HX-Redirect"] == "/login"


def test_logging_out_ends_the_session_on_the_server_too(person) -> None:
    person.login("gast")
    cookie = person.client.get_cookie("roundseal").value
    person.post("/logout", "/")
    person.client.set_cookie("roundseal", cookie)
    assert person.get("/").status_code == 302


def test_a_one_time_password_opens_only_the_page_where_it_is_changed(context, person) -> None:
    with context.write() as conn:
        accounts.create(conn, "neu", "Once-only-55", "viewer")
    person.login("neu", "Once-only-55")
    assert person.get("/evidence").headers["Location"] == "/password"
    bad = {
        "differ": {"old": "Once-only-55", "new": "Own-choice-66", "again": "Own-choice-67"},
        "same": {"old": "Once-only-55", "new": "Once-only-55", "again": "Once-only-55"},
        "wrong": {"old": "Once-only-56", "new": "Own-choice-66", "again": "Own-choice-66"},
        "simple": {"old": "Once-only-55", "new": "simplesimple", "again": "simplesimple"},
        "short": {"old": "Once-only-55", "new": "Ab-1", "again": "Ab-1"},
    }
    for fields in bad.values():
        assert person.post("/password", **fields).status_code == 400
    good = {"old": "Once-only-55", "new": "Own-choice-66", "again": "Own-choice-66"}
    assert person.post("/password", **good).status_code == 302
    assert person.get("/evidence").status_code == 200
    assert events(context)[-1] == {**events(context)[-1], "event": "password_changed", "account": "neu"}


def test_a_form_without_or_with_somebody_elses_token_changes_nothing(app, context, admin, person) -> None:
    fields = {"name": "eve", "role": "admin"}
    assert admin.client.post("/settings/accounts", data=fields).status_code == 400
    person.login("gast")
    foreign = re.search(r'csrf_token" value="([^"]+)"', person.get("/").text).group(1)
    answer = admin.client.post("/settings/accounts", data={**fields, "csrf_token": foreign})
    assert answer.status_code == 400 and "页面已过期" in answer.text
    with context.read() as conn:
        assert accounts.get(conn, "eve") is None


def test_the_token_of_before_the_login_is_of_no_use_afterwards(person) -> None:
    before = re.search(r'csrf_token" value="([^"]+)"', person.get("/login").text).group(1)
    person.client.post("/login", data={"name": "root", "password": "Right-horse-7", "csrf_token": before})
    assert person.client.post("/logout", data={"csrf_token": before}).status_code == 400


@pytest.mark.parametrize(
    "path", ["//evil.example/", "https://evil.example/", "/\\evil.example", "x", "/a\nb", None]
)
def test_after_the_login_nobody_is_led_to_another_server(path: str | None) -> None:
    assert auth.local_path(path) == "/"


def test_after_the_login_one_is_where_one_wanted_to_be(person) -> None:
    answer = person.get("/evidence?before=7")
    assert answer.headers["Location"] == "/login?next=/evidence?before%3D7"
    entered = person.post(answer.headers["Location"], name="gast", password="Right-horse-7")
    assert entered.headers["Location"] == "/evidence?before=7"


def test_headers_forbid_foreign_content_and_cookies_are_out_of_reach(person) -> None:
    answer = person.login("gast")
    page = person.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff" and page.headers["Cache-Control"] == "no-store"
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert not re.search(r"\son\w+=|<script>|style=\"", page.text)


def test_under_tls_the_cookies_are_secure_and_the_browser_is_told_to_stay(tmp_path, hands, directory) -> None:
    with open_context(directory(tmp_path / "tls", "https://collector.example:8443"), hands) as context:
        with context.write() as conn:
            accounts.create(conn, "root", "Right-horse-7", "admin", must_change=False)
        client = create_app(context).test_client()
        page = client.get("/login", base_url="https://collector.example:8443")
        token = re.search(r'csrf_token" value="([^"]+)"', page.text).group(1)
        fields = {"name": "root", "password": "Right-horse-7", "csrf_token": token}
        headers = {"Referer": "https://collector.example:8443/login"}
        answer = client.post(
            "/login", base_url="https://collector.example:8443", data=fields, headers=headers
        )
        cookie = next(
            one for one in answer.headers.getlist("Set-Cookie") if one.startswith("__Host-roundseal=")
        )
        assert "Secure" in cookie and "Path=/" in cookie
        assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_errors_show_no_internals(app, admin) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.view_functions["pages.log"] = auth.needs(accounts.Role.VIEWER)(lambda: 1 // 0)
    answer = admin.get("/evidence")
    assert answer.status_code == 500 and "服务器出错" in answer.text
    assert "Traceback" not in answer.text and "ZeroDivision" not in answer.text
    assert admin.get("/no/such/page").status_code == 404
    assert admin.get("/evidence/99999999999999999999").status_code == 404


def test_the_last_admin_stays_and_every_change_of_an_account_is_an_entry(context, admin) -> None:
    page = "/settings"
    made = admin.post("/settings/accounts", page, name="neu", role="viewer")
    assert made.status_code == 302
    password = re.search(r"(\w{5}-\w{5}-\w{5}-\w{5})", admin.get(page).text).group(1)
    admin.post("/settings/accounts", page, name="neu", role="viewer")
    assert "账号名已被使用" in admin.get(page).text
    for what in ("operator", "disable", "enable", "reset"):
        admin.post("/settings/accounts/change", page, name="neu", what=what)
    admin.post("/settings/accounts/change", page, name="root", what="viewer")
    assert "最后一个管理员" in admin.get(page).text
    with context.read() as conn:
        assert accounts.verify(conn, "neu", password) is None
        assert accounts.get(conn, "neu").role == "operator"
    wanted = ["account_added", "role_changed", "account_disabled", "account_enabled", "password_reset"]
    assert [one["event"] for one in events(context)][1:] == wanted
    assert password not in json.dumps(events(context))


@pytest.mark.parametrize("path", ["/settings/accounts", "/settings/accounts/change"])
def test_a_name_of_any_length_is_refused_by_name_and_nothing_is_logged(context, admin, path) -> None:
    before = len(events(context))
    for fields in ({"name": "长" * 20_000, "role": "viewer"}, {"name": "root", "role": "长" * 20_000}):
        answer = admin.post(path, "/settings", what=fields["role"], **fields)
        assert answer.status_code == 302 and "notice-bad" in admin.get("/settings").text
    assert len(events(context)) == before


def test_the_language_is_chosen_and_kept(person) -> None:
    assert 'lang="zh-CN"' in person.get("/login").text
    answer = person.get("/language?to=en&next=/login")
    assert answer.headers["Location"] == "/login"
    assert 'lang="en"' in person.get("/login").text and "Log in" in person.get("/login").text
    person.get("/language?to=xx&next=/login")
    assert 'lang="en"' in person.get("/login").text


def test_the_buyer_sees_everything_and_does_nothing_of_the_vendors_work(context, app: Flask, person) -> None:
    with context.write() as conn:
        accounts.create(conn, "jia", "Right-horse-7", "buyer", must_change=False)
    person.login("jia", "Right-horse-7")
    token = re.search(r'csrf_token" value="([^"]+)"', person.get("/settings").text).group(1)
    for path in ("/rounds/run", "/agents/token", "/settings/accounts"):
        assert person.client.post(path, data={"csrf_token": token}).status_code == 403
    assert person.get("/tables/accounts.xlsx").status_code == 403
    assert person.get("/evidence").status_code == 200


def test_rights_are_sets_and_the_buyer_is_no_ladders_top() -> None:
    may = {role: {other for other in Role if role.includes(other)} for role in Role}
    assert may[Role.BUYER] == {Role.VIEWER, Role.BUYER}
    assert may[Role.ADMIN] == set(Role) - {Role.BUYER}
    assert may[Role.MANAGER] == {Role.VIEWER, Role.OPERATOR, Role.MANAGER}
