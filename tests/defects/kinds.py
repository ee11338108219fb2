"""Which maker makes which kind."""

from functools import partial

import databases
import files
import mariadb
import physical
import repositories
import small


def _of(make, *names):
    return {name: partial(_call, make, name) for name in names}


def _call(make, name, world, _):
    return make(world, name)


def _drill(world, kind):
    import sys

    return sys.modules["plant_drills"].make(world, kind)


MAKERS = {
    **_of(_drill, "drill"),
    **_of(databases.make, *databases.FORMATS),
    **_of(files.make_archive, "tar.gz", "zip", "7z"),
    **_of(files.make_sealed, "age", "gpg", "openssl"),
    **_of(files.make_tree, "tree"),
    **_of(mariadb.make, "mariadb"),
    **_of(mariadb.make_physical, "mariabackup"),
    **_of(physical.make_base, "pg-basebackup"),
    **_of(physical.make_chain, "pg-incremental"),
    **_of(physical.make_wal, "wal"),
    **_of(physical.make_pgbackrest, "pgbackrest"),
    **_of(repositories.make_restic, "restic"),
    **_of(repositories.make_borg, "borg"),
    **_of(small.make_redis, "redis"),
    **_of(small.make_config, "device-config"),
}
