"""10^5 mutated batches (`--mutations N`) against a live server."""

import pytest
from parts import loaded


@pytest.fixture
def hostile():
    return loaded("e2e/hostile.py")


def test_any_number_of_mutations_leaves_the_server_alive_and_its_memory_flat(
    site, hostile, e2e, pytestconfig, capsys
):
    count = pytestconfig.getoption("--mutations")
    site.serve()
    with site.context() as context:
        agent = hostile.enrolled(context, "web-01")
    line, good = hostile.Line(site.port), hostile.base(agent)
    try:
        hostile.storm(line, good, 500, seed=1)
        before, size = site.server.rss_kb(), site.size()
        found = hostile.storm(line, good, count, seed=2)
        grown = site.server.rss_kb() - before
    finally:
        line.close()
    assert grown < 24 * 1024, f"{grown} kB more than before"
    assert site.size() - size <= 1
    assert all([one.header for _, one in held] == [good.raw] for held in site.logged().values())
    assert site.server.alive and site.get("/healthz")[0] == 200
    e2e.check_log(site)
    with capsys.disabled():
        print(f"\n{count} mutated batches: memory {grown:+d} kB, answers {dict(sorted(found.items()))}")
