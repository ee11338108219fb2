"""The one collection of tables: every module of the store adds its own, `create_all` makes them all."""

import sqlalchemy

metadata = sqlalchemy.MetaData()
