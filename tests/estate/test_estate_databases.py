"""An asset's section `sql` tells the database checks how it is reached."""

from collector.estate.catalog import installed
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
