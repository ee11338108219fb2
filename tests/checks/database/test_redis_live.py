"""A real Redis, its replica, sentinel and cluster, and the faults made for real."""

import signal

import pytest
from ports import free_port

from checks.api import ErrorKind


def test_a_healthy_redis(redis_server):
    assert redis_server().at().look("database.redis").kept("ok").state == "ok"


def test_a_wrong_password_and_none_are_denied(redis_server):
    server = redis_server().at()
    assert server.fails("database.redis", secret="wrong").kind is ErrorKind.DENIED
    assert server.fails("database.redis", secret="").kind is ErrorKind.DENIED


def test_the_rights_that_the_page_names_are_enough(redis_server, password):
    server = redis_server("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    rights = ("+ping", "+info", "+cluster|info", "+cluster|nodes")
    assert server.ask("ACL", "SETUSER", "inspector", "on", f">{password}", *rights) == "OK"
    assert server.ask("ACL", "SETUSER", "poor", "on", f">{password}", "+ping") == "OK"
    place = server.at()
    (server.state / "secrets.yaml").write_text(
        f"database: {{user: inspector, password: {password}}}\npoor: {{user: poor, password: {password}}}\n"
    )
    assert place.look("database.redis").facts.cache.cluster is not None
    assert "right" in place.fails("database.redis", secret="poor").detail


def test_a_redis_without_a_password_is_looked_at_without_a_secret(redis_server):
    assert redis_server(password="").at().look("database.redis", secret="").state == "ok"


def test_a_stopped_redis_times_out_and_a_killed_one_refuses(redis_server):
    server = redis_server()
    server.process.send_signal(signal.SIGSTOP)
    assert server.at().fails("database.redis", timeout_ms=400).kind is ErrorKind.TIMEOUT
    server.process.kill()
    server.process.wait(60)
    assert server.at().fails("database.redis").kind is ErrorKind.REFUSED


def test_full_memory_and_evictions_are_found(redis_server):
    server = redis_server("--maxmemory", "3mb", "--maxmemory-policy", "allkeys-random")
    place = server.at()
    place.look("database.redis")
    for index in range(300):
        server.ask("SET", f"key{index}", "x" * 20_000)
    found = place.look("database.redis", evicted={"warn": 1, "crit": 10}).kept("crit_evicting")
    assert found["memory"].state != "ok" and found["evicted"].state == "crit"


def test_the_connection_limit_is_refused(redis_server):
    server = redis_server("--maxclients", "1")
    import socket

    with socket.create_connection(("127.0.0.1", server.port)) as held:
        held.sendall(b"PING\r\n")
        held.recv(100)
        problem = server.at().fails("database.redis")
    assert problem.kind is ErrorKind.REFUSED and "too many" in problem.detail


def test_a_replica_and_its_loss_are_seen_from_both_ends(redis_server, eventually):
    master = redis_server()
    replica = redis_server("--replicaof", "127.0.0.1", str(master.port))
    eventually(lambda: replica.at().look("database.redis").state == "ok")
    eventually(lambda: master.at().look("database.redis", replicas=1).state == "ok")
    master.at().look("database.redis", replicas=1).kept("ok_replica")
    replica.process.kill()
    replica.process.wait(60)
    eventually(lambda: master.at().look("database.redis", replicas=1).state == "crit")
    assert master.at().look("database.redis", replicas=1).kept("crit_replicas")["members"].reason == "too_few"
    other = redis_server("--replicaof", "127.0.0.1", str(free_port()))
    assert other.at().look("database.redis").kept("crit_upstream")["upstream"].reason == "has_stopped"


def test_a_failed_snapshot_is_found(redis_server, eventually):
    server = redis_server("--rdbcompression", "no")
    server.ask("SET", "a", "b")
    place = server.place
    server.ask("BGSAVE")
    eventually(lambda: server.at().look("database.redis").facts.cache.unsaved == 0)
    (place / "dump.rdb").unlink()
    (place / "dump.rdb").mkdir()
    (place / "dump.rdb" / "x").touch()
    server.ask("SET", "a", "c")
    server.ask("BGSAVE")
    found = eventually(lambda: f if (f := server.at().look("database.redis")).state == "crit" else None)
    assert found.kept("crit_snapshot")["snapshot"].reason == "failed"


def test_a_cluster_without_slots_is_critical_and_with_all_ok(redis_server, eventually):
    bus = str(free_port())  # else its port plus 10000, which may be none
    server = redis_server("--cluster-enabled", "yes", "--cluster-port", bus)
    assert server.at().look("database.redis").kept("crit_slots")["slots"].reason == "slots_missing"
    server.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
    eventually(lambda: server.at().look("database.redis").state == "ok")
    server.at().look("database.redis").kept("ok_cluster")


def test_a_sentinel_tells_that_its_master_is_down(redis_server, eventually):
    master = redis_server(password="")
    sentinel = redis_server(
        sentinel=f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
        "sentinel down-after-milliseconds mymaster 300"
    )
    place = sentinel.at()
    eventually(lambda: place.look("database.redis", secret="").state == "ok")
    assert place.look("database.redis", secret="").kept("ok_sentinel")["mymaster:sentinels"].value == 1
    assert place.look("database.redis", secret="", sentinels=3)["mymaster:sentinels"].reason == "too_few"
    master.process.kill()
    master.process.wait(60)
    eventually(lambda: place.look("database.redis", secret="")["mymaster:master"].state == "crit")
    place.look("database.redis", secret="").kept("crit_sentinel")


@pytest.mark.parametrize("name", ["alive", "locks", "query"])
def test_what_is_no_redis_question_is_refused_before_anything_is_asked(name):
    from checks import registry

    check = registry.get(f"database.{name}")
    more = {"query": "x"} if name == "query" else {}
    with pytest.raises(ValueError, match="platform"):
        check.params("127.0.0.1", platform="redis", **more)
