"""The one collection of tables: every module of the store adds its own, `create_all` makes them all."""

import sqlalchemy

metadata = sqlalchemy.MetaData()
BIG = sqlalchemy.BigInteger().with_variant(sqlalchemy.Integer, "sqlite")
"""Of a key: SQLite's INTEGER PRIMARY KEY is the row id itself."""
