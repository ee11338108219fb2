"""Pools of a real Tomcat whose driver is a stand-in: connections are taken by a page that gives none back."""

import shutil
import subprocess
import urllib.request

import pytest

from checks import registry
from checks.api import State
from checks.codec import FieldError, from_json
from checks.middleware.datasources import _pools

# A driver whose connections are never spoken through.
DRIVER = """import java.lang.reflect.*; import java.sql.*; import java.util.*;
import java.util.logging.Logger;
public class Held implements Driver {
    static {
        try { DriverManager.registerDriver(new Held()); } catch (SQLException e) { throw new Error(e); }
    }
    public boolean acceptsURL(String url) { return url.startsWith("jdbc:held:"); }
    public Connection connect(String url, Properties p) {
        if (!acceptsURL(url)) return null;
        return (Connection) Proxy.newProxyInstance(
            Held.class.getClassLoader(), new Class[] {Connection.class}, (self, method, words) -> {
                Class<?> kind = method.getReturnType();
                if (method.getName().equals("isValid")) return true;
                if (kind == boolean.class) return false;
                if (kind == int.class) return kind == int.class && method.getName().equals("hashCode")
                    ? System.identityHashCode(self) : 0;
                return kind == String.class ? "" : null;
            });
    }
    public DriverPropertyInfo[] getPropertyInfo(String url, Properties p) {
        return new DriverPropertyInfo[0];
    }
    public int getMajorVersion() { return 1; }
    public int getMinorVersion() { return 0; }
    public boolean jdbcCompliant() { return false; }
    public Logger getParentLogger() { return Logger.getGlobal(); }
}"""
PAGE = """<%@ page import="javax.naming.*,javax.sql.*,java.util.*" %><%!
static final List<Object> kept = new ArrayList<>(); %><%
DataSource from = (DataSource) new InitialContext().lookup("java:comp/env/" + request.getParameter("from"));
for (int i = Integer.parseInt(request.getParameter("count")); i > 0; i--) kept.add(from.getConnection());
%>taken"""
CONTEXT = """<Context>
<Resource name="jdbc/ledger" type="javax.sql.DataSource" driverClassName="Held" url="jdbc:held:a" maxTotal="4"
 testOnBorrow="false"/>
<Resource name="jdbc/portal" type="javax.sql.DataSource" driverClassName="Held" url="jdbc:held:b"
 maxActive="4" initialSize="0" minIdle="0" password="hunter2-db"
 factory="org.apache.tomcat.jdbc.pool.DataSourceFactory"/>
</Context>"""


@pytest.fixture
def tomcat_parts(tmp_path):
    """An application with two data sources, put where the Tomcat will find it."""
    if not shutil.which("javac"):
        pytest.skip("NOT TESTED: no JDK is installed")
    base = tmp_path / "tomcat"
    app = base / "webapps" / "held"
    (app / "META-INF").mkdir(parents=True)
    (app / "META-INF" / "context.xml").write_text(CONTEXT)
    (app / "take.jsp").write_text(PAGE)
    (base / "lib").mkdir()
    (tmp_path / "Held.java").write_text(DRIVER)
    words = ["javac", "-d", str(base / "lib"), str(tmp_path / "Held.java")]
    subprocess.run(words, check=True, timeout=120, capture_output=True)


@pytest.fixture
def page(tomcat_parts, tomcat):
    """Take so many connections; the address of the manager."""
    port, _ = tomcat

    def take(source, count):
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/held/take.jsp?from={source}&count={count}", timeout=120
        ) as answer:
            assert b"taken" in answer.read()

    return take, {"url": f"http://127.0.0.1:{port}/manager"}


def test_pools_of_a_real_tomcat_fill_up(page, web, looked, why):
    take, params = page
    params |= {"expected": ["/held jdbc/ledger"]}
    found = looked("middleware.datasources", {**params, "secret": "wrong"}, web, "crit_login", ("not-this",))
    assert found.state is not State.OK and why(found)["data_sources"] == "too_much"
    none = {"url": params["url"], "beans": ["*:type=NoSuchThing,*"]}
    assert why(looked("middleware.datasources", none, web, "unknown"))["data_sources"] == "no_parts"
    take("jdbc/portal", 1)
    take("jdbc/ledger", 1)
    hidden = ("hunter2-db", "jdbc:held")
    assert looked("middleware.datasources", params, web, "ok", hidden).state is State.OK
    take("jdbc/portal", 3)
    wanted = {**params, "expected": ["/held jdbc/ledger", "/held jdbc/gone"]}
    found = looked("middleware.datasources", wanted, web, "crit", hidden)
    assert why(found)["/held jdbc/portal:connections_used"] == "too_high"
    assert why(found)["/held jdbc/ledger:connections_used"] == "ok"
    assert why(found)["/held jdbc/portal:threads_waiting"] == "ok"
    assert why(found)["/held jdbc/gone:connections_used"] == "missing"


@pytest.mark.parametrize("beans", [[], ["a\nb"], ["x" * 300], ["a&get=b"]])
def test_beans_that_are_more_than_a_name_are_refused(beans):
    kind = registry.get("middleware.datasources").params
    with pytest.raises(FieldError):
        from_json(kind, {"url": "http://a/manager", "beans": beans}, "params")


def test_blocks_are_kept_apart_whatever_they_lack():
    lines = [
        "numActive: 9",
        'Name: Catalina:type=DataSource,context=/a,class=javax.sql.DataSource,name="jdbc/a"',
        "numActive: 1",
        "maxTotal: -1",
        "Name: something else",
        "Name: com.alibaba.druid:type=DruidDataSource,id=ledger",
        "ActiveCount: 3",
        "MaxActive: 20",
        "WaitThreadCount: 2",
    ]
    one, two = _pools(lines)
    assert (one.name, one.active, one.most, one.waiting) == ("/a jdbc/a", 1, -1, None)
    assert (two.name, two.active, two.most, two.waiting) == ("ledger", 3, 20, 2)
