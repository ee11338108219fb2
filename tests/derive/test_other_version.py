"""A data directory that another version of the program derived: refused with the way out, and made anew."""

import sqlite3

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.context import ConfigError, open_context
from collector.jobs.derive import catch_up
from collector.store import runs, series

ENDLESS = 2**62  # ms, past any run


def older(world, sql):
    """As another version would have left it."""
    world.context.close()
    with sqlite3.connect(world.directory / "collector.db") as db:
        db.execute(sql)
    db.close()


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE shape",
        "UPDATE shape SET digest = 'f00'",
        "DELETE FROM shape",
    ],
)
def test_what_another_version_derived_is_refused_with_the_command_that_mends_it(world, sight, sql):
    world.agent("a").send(sight("p", world.at))
    older(world, sql)
    with pytest.raises(ConfigError, match="roundseal-collector rebuild"):
        open_context(world.directory)


def test_rebuild_makes_tables_anew_even_where_their_columns_were_others(world, sight):
    agent = world.agent("a")
    for i in range(5):
        agent.send(sight("p", world.at + i))
    catch_up(world.context)
    older(world, "DROP TABLE run")
    older(world, "CREATE TABLE run (something_else TEXT)")
    older(world, "DELETE FROM shape")
    done = CliRunner().invoke(main, ["rebuild", str(world.directory)])
    assert (done.exit_code, done.output) == (0, "rebuilt\n")
    world.open()
    with world.context.read() as conn:
        assert [
            sum(run.n for run in runs.around(conn, [one.id], 0, ENDLESS)[one.id])
            for one in series.every(conn)
        ] == [5]


def test_if_needed_does_nothing_where_nothing_is_needed(world, sight):
    world.agent("a").send(sight("p", world.at))
    world.context.close()
    done = CliRunner().invoke(main, ["rebuild", str(world.directory), "--if-needed"])
    assert (done.exit_code, done.output) == (0, "")
