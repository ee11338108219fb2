"""An asset's section `sql` tells the database checks how it is reached."""

import pytest

from collector.estate.catalog import installed
from collector.estate.errors import EstateError
from collector.estate.loading import read_estate

ESTATE = """
estate: example
timezone: Asia/Shanghai
assets:
  - {id: probe, kind: server, agent: probe}
  - {id: ledger, kind: database, via: probe, sql: {address: db.example, platform: postgresql, secret: ledger}}
  - {id: cache, kind: database, via: probe, sql: {address: 10.0.0.9, platform: redis, secret: ""}}
checks:
  - {check: "database.*", assets: [ledger, cache], every: 300s}
"""


def test_each_product_is_asked_what_it_can_answer_and_told_apart():
    loaded = read_estate("e", lambda _: ESTATE.encode(), installed())
    looks = {(look.asset, look.check.id): look for look in loaded.regular}
    assert looks["ledger", "database.locks"].params["secret"] == "ledger"
    assert looks["ledger", "database.locks"].agent == "probe"
    by_asset = set(looks)
    assert ("cache", "database.redis") in by_asset and ("ledger", "database.redis") not in by_asset
    assert ("ledger", "database.locks") in by_asset and ("cache", "database.locks") not in by_asset
    # Which statement, and which log: nobody has said yet.
    assert not {check_id for _, check_id in by_asset} & {"database.query", "database.log"}


CLIENT = """  - id: kept
    kind: database
    via: probe
    sql: {address: 10.0.0.7, platform: kingbase, secret: kept, client: ksql}
    ssh: {address: 10.0.0.8, port: 2222, secret: kept-os, hop: 10.0.0.1}
checks:
"""
BY_CLIENT = ESTATE.replace("checks:\n", CLIENT).replace("[ledger, cache]", "[ledger, cache, kept]")


def test_a_client_on_the_databases_machine_is_reached_as_the_section_ssh_says():
    loaded = read_estate("e", lambda _: BY_CLIENT.encode(), installed())
    looks = {(look.asset, look.check.id): look for look in loaded.regular}
    told = looks["kept", "database.locks"].params
    assert (told["client"], told["secret"], looks["kept", "database.locks"].agent) == (
        "ksql",
        "kept",
        "probe",
    )
    assert told["ssh"] == {
        **{"address": "10.0.0.8", "port": 2222, "secret": "kept-os", "legacy": False},
        **{"hop": "10.0.0.1", "hop_secret": "bastion"},
    }
    plain = looks["ledger", "database.locks"].params
    assert (plain["client"], plain["ssh"]) == ("", None)


@pytest.mark.parametrize(
    ("was", "now", "why"),
    [
        ("    ssh: {", "    model: x\n    # ssh: {", "wants a section ssh"),
        ("platform: kingbase", "platform: mysql", "ksql asks kingbase only"),
        ("client: ksql}", "client: ksql, tls: verify}", "verify is a driver's"),
        ("client: ksql}", "client: sqlplus}", "client"),
    ],
)
def test_a_client_that_cannot_be_is_refused(was, now, why):
    with pytest.raises(EstateError) as caught:
        read_estate("e", lambda _: BY_CLIENT.replace(was, now).encode(), installed())
    assert why in str(caught.value)
