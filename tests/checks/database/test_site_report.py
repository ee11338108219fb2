"""What a site report asks a database: its version and the columns of its own views, no row of a table."""

from dataclasses import fields

from agent import site_asks
from agent.sources.means import Means
from checks.sql import Reach


def asked(place):
    given = place.params()
    params = {each.name: given[each.name] for each in fields(Reach) if each.name in given}
    return site_asks._sql(params, Means(state=place.state))


def test_postgresql_tells_its_version_and_the_columns_of_its_statistics(postgres):
    version, columns = asked(postgres)["answers"]
    assert version["rows"][0][0].startswith("PostgreSQL")
    assert ["pg_catalog", "pg_stat_activity", "state", "text"] in columns["rows"]
    assert not any(row[1] == "item" for row in columns["rows"])
