"""Which agreed queries are run, and which are refused before anything is sent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.sources.sql_guard import objection


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT count(*) FROM item WHERE rejected",
        "select 'insert; drop' as words, 1;",
        "WITH late AS (SELECT 1 AS n) SELECT sum(n) FROM late",
        'SELECT "update" FROM "delete"',
        "SELECT last_update, created_at FROM item",
        "SELECT name, count(*) FROM t GROUP BY name ORDER BY 2 DESC LIMIT 5",
    ],
)
def test_a_plain_select_is_taken(statement):
    assert objection(statement) == ""


@pytest.mark.parametrize(
    "statement",
    [
        "",
        ";",
        "INSERT INTO item VALUES (1)",
        "UPDATE item SET a = 1",
        "DELETE FROM item",
        "SELECT 1; DROP TABLE item",
        "SELECT 1 INTO copy FROM item",
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "WITH gone AS (DELETE FROM item RETURNING 1) SELECT count(*) FROM gone",
        "SELECT * FROM item FOR UPDATE",
        "SELECT 1 -- and; more",
        "SELECT 1 /*! ; DROP TABLE item */",
        "SELECT 1 # comment",
        "SELECT 'a\\'; DROP TABLE item; SELECT '",
        "SELECT $$a$$; DROP TABLE item",
        "SELECT 'open",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_sleep(100)",
        "SELECT sleep(100)",
        "SELECT nextval('s')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT load_file('/etc/passwd')",
        "SELECT * FROM dblink('x', 'DROP TABLE a') AS t(a int)",
        "CALL do_it()",
        "EXPLAIN ANALYZE DELETE FROM item",
        "COPY item TO '/tmp/x'",
        "SET ROLE postgres",
        "SELECT 1" + " " * 30_000,
    ],
)
def test_what_does_more_than_read_is_refused(statement):
    assert objection(statement)


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="selctfrom insedup'\"`;-/*#$\\ 1,()", max_size=60))
def test_no_second_statement_ever_passes(text):
    bare = "".join(text.split("'")[::2])  # what is surely outside single quotes
    if objection(text) == "" and '"' not in text and "`" not in text:
        assert ";" not in bare.strip().removesuffix(";").rstrip()
