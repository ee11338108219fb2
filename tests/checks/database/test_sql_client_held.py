"""What holds a command line client on the database's machine to one question that only reads, over a real
sshd; and what of its end, and of the machine's own words, is said of the database."""

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
from parts import loaded

from agent.sources import sql_guard
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.sql import open_sql
from checks.api import ErrorKind, ObservationError

_client = loaded("checks/database/test_sql_client.py")
machine, to, secret = _client.machine, _client.to, _client.secret
reach, source = _client.reach, _client.source
# To PostgreSQL a quotation begins at each `$€$`; to who takes that for a name it begins at the apostrophe.
BREAKS_OUT = "SELECT 1 AS b, $€$'$€$ AS a) r; COMMIT; SELECT count(*) FROM (SELECT 1 AS b, $€$'$€$ AS c"


@pytest.mark.parametrize(
    "statement",
    [
        BREAKS_OUT,
        "SELECT $a$'$a$) r \\! touch /tmp/never\n SELECT $a$'$a$",
        "SELECT E'\\' || ') r; COMMIT; SELECT (1) --'",
        "SELECT :'HOST'",
        'SELECT :"DBNAME"',
        "SELECT :DBNAME",
        "SELECT :{?DBNAME}",
    ],
)
def test_what_the_client_would_read_otherwise_is_not_sent(cluster, to, statement):
    with source(cluster)._session(reach(cluster, to)) as session:
        with pytest.raises(ObservationError, match="one plain statement"):
            session.run(statement, (), 5)
        assert session.run("SELECT current_setting('transaction_read_only')", (), 1) == [("on",)]
        assert session.rows("SELECT '{1,2,3}'::int[] AS v$a, (ARRAY[1,2,3])[2:3], ':x $$ E'") == [
            ([1, 2, 3], [2, 3], ":x $$ E")
        ]


@pytest.mark.parametrize("word", ["", "a", "数", "€", "。"])
def test_no_agreed_query_has_a_dollar_quote(word):
    assert "dollar quotes" in sql_guard.objection(f"SELECT ${word}$'${word}$, ${word}$'${word}$")


def test_an_agreed_query_that_breaks_out_is_refused(cluster, to):
    sql = open_sql(Transient(), Means(state=cluster.state, queries={"odd": BREAKS_OUT}))
    with pytest.raises(ObservationError, match="dollar quotes"):
        sql.query(reach(cluster, to), "odd", most_rows=5)


def test_each_answer_ends_with_a_word_of_its_own(cluster, to, secret, tmp_path):
    """Else the rest of an answer that was given up would be the next question's."""
    os.chmod(tmp_path, 0o777)
    held = secret(f'tee {tmp_path}/asked | {cluster.programs}/psql "$@"', _client._db.PASSWORD)
    found = []
    with source(cluster)._session(reach(cluster, to, held)) as session:
        with pytest.raises(ObservationError, match="garbled"):
            session.rows("SELECT repeat('x', 20000000)")
        for number in range(4):
            with suppress(ObservationError):  # the first may still meet the rest
                found.append(session.rows(f"SELECT {number}") == [(number,)])
    assert found and all(found)
    words = re.findall(r"^\\echo (\w+)", (tmp_path / "asked").read_text(), re.MULTILINE)
    assert len(set(words)) == len(words) > 6


@pytest.mark.parametrize("end", ["exit 0", "exit 1", "kill -9 $$", "echo 'unrecognized option' >&2; exit 1"])
def test_a_client_that_ends_by_itself_says_nothing_about_the_database(cluster, to, secret, end):
    with pytest.raises(ObservationError) as caught:
        source(cluster).login(reach(cluster, to, secret(end)))
    assert caught.value.kind is ErrorKind.UNSUPPORTED


def test_what_the_shell_complains_of_is_not_taken_for_the_clients_words(cluster, machine):
    noise = "echo /etc/profile.d/x.sh: Permission denied >&2; exec /bin/sh -c"
    to = machine(f'ForceCommand {noise} "$SSH_ORIGINAL_COMMAND"')
    closed = _client._ssh.free_port()
    assert source(cluster).login(reach(cluster, to, port=closed)).outcome == "refused"


def test_nothing_that_a_plan_says_stands_in_what_the_machines_shell_reads(cluster, machine, tmp_path):
    """Shells other than sh (fish, csh) read backslashes and `!` within quotes."""
    asked = '"$SSH_ORIGINAL_COMMAND"'
    to = machine(f"ForceCommand echo {asked} > {tmp_path}/line; exec /bin/sh -c {asked}")
    odd = "no\\' ; touch never #"
    with pytest.raises(ObservationError, match="no such database"):
        source(cluster).connections(reach(cluster, to, database=odd))
    line = (tmp_path / "line").read_text()
    assert "touch never" not in line and "dbname" not in line and re.search("-X -q -A", line)
    assert not Path("never").exists()


def test_a_database_of_two_lines_is_not_asked_for(cluster, to):
    with pytest.raises(ObservationError, match="one line") as caught:
        source(cluster).connections(reach(cluster, to, database="a\nb"))
    assert caught.value.kind is ErrorKind.DENIED
