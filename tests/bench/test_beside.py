"""What the benches beside a peer are made of, without the peer (zabbix.py, bench_*_beside.py)."""

import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    return import_module


@pytest.fixture
def zabbix(bench):
    return bench("zabbix")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ZBXD\x01",
        b"ZBXD\x01\x02\0\0\0\0\0\0\0a",
        b"ZBXD\x01\x01\0\0\0\0\0\0\0ab",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_an_answer_that_is_cut_off_or_no_answer_ends_the_bench(zabbix, data):
    with pytest.raises(SystemExit):
        zabbix.answer(data)


def test_an_answer_with_a_length_in_its_reserved_bytes_is_read(zabbix):
    assert zabbix.answer(b"ZBXD\x01\x02\0\0\0\x02\0\0\0ok") == b"ok"
    assert zabbix.answer(zabbix.packet(b"ok")) == b"ok"


def test_no_item_has_two_values_of_one_instant_for_its_table_takes_one(zabbix):
    made = zabbix.batches(200, 150, 1000)
    sent = [one for data in made for one in json.loads(zabbix.answer(data))["data"]]
    assert len(sent) == 150 * 200
    assert max(Counter((one["host"], one["key"], one["clock"], one["ns"]) for one in sent).values()) == 1
    assert {one["host"] for one in sent} == {f"h{number}" for number in range(zabbix.HOSTS)}
    assert Counter(one["key"] for one in sent).keys() == {f"i{number}" for number in range(zabbix.ITEMS)}
    assert min(one["clock"] for one in sent) == 1000


def test_the_values_are_what_the_items_take(zabbix):
    data = json.loads(zabbix.answer(zabbix.batches(50, 1, 0)[0]))["data"]
    whole, decimal, text = (
        [one["value"] for one in data if int(one["key"][1:]) % 5 in kind] for kind in ((0, 1, 2), (3,), (4,))
    )
    assert (len(whole), len(decimal), len(text)) == (30, 10, 10)
    assert all(value.isdigit() for value in whole)
    assert all("." in value and float(value) >= 0 for value in decimal)
    assert not any(value.replace(".", "").isdigit() for value in text)


def test_the_bill_of_a_process_tree_has_those_that_have_ended_in_it(zabbix):
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    program = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]]);"
        "print('done', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", program, burn]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as one:
        assert one.stdout.readline() == b"done\n"
        assert zabbix.tree(one.pid) == [one.pid]
        assert zabbix.cpu_seconds(one.pid) >= 0.25
        one.stdin.close()


def test_a_port_is_one_that_the_peer_takes(zabbix):
    assert 1024 <= zabbix.free_port() <= 32_767


def test_who_lacks_a_package_is_told_its_name(zabbix, monkeypatch, tmp_path):
    monkeypatch.setattr(zabbix, "SERVER", tmp_path / "none")
    monkeypatch.setattr(zabbix, "AGENT", tmp_path / "none")
    assert "zabbix-server-pgsql" in zabbix.missing()
    assert zabbix.missing(agent=True) == ["zabbix-agent2"]
    assert "apt-get install zabbix-agent2" in zabbix.not_measured(["zabbix-agent2"])


def run(rate, cpu, others=0.1):
    return SimpleNamespace(
        rate=rate, cpu=cpu, cpu_all=cpu, others=others, moment=SimpleNamespace(others=others)
    )


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        ([0.9, 0.9, 3.0], "HELD"),  # one bad moment is not the median
        ([0.9, 1.3, 1.3], "MISSED"),
    ],
)
def test_the_median_of_the_rounds_is_held_against_the_ratio_of_the_bars(bench, ours, said):
    beside = bench("bench_intake_beside")
    case = bench("bench_intake").CASES[0]
    runs = [run(100_000, cpu) for cpu in ours]
    rate, cpu = beside.judged(SimpleNamespace(case=case, runs=runs), [run(131_000, 1.15)] * 3)
    assert "0.763 = 100000 / 131000" in rate
    assert rate.endswith(": HELD")
    assert "0.957 = 1.1 / 1.15" in cpu
    assert cpu.endswith(f": {said}")
    slow = replace(case, rate=100_001)
    missed, _ = beside.judged(SimpleNamespace(case=slow, runs=runs), [run(131_000, 1.15)] * 3)
    assert missed.endswith(": MISSED")


def test_rates_of_rounds_in_which_others_worked_are_neither_held_nor_missed(bench):
    beside = bench("bench_intake_beside")
    case = bench("bench_intake").CASES[0]
    busy, calm = run(1, 1.0, others=1.5), run(100_000, 1.0)
    theirs = [run(131_000, 1.15)] * 2
    none, _ = beside.judged(SimpleNamespace(case=case, runs=[busy, busy]), theirs)
    assert "HELD" not in none.replace("NOT HELD AGAINST ITS BAR", "")
    assert "MISSED" not in none
    some, _ = beside.judged(SimpleNamespace(case=case, runs=[busy, calm]), theirs)
    assert some.endswith(": HELD")
    assert some.count("0.763") == 3  # the round, the median, the bar


def test_a_case_without_a_bar_on_cpu_has_its_ratio_told_and_no_verdict(bench):
    beside = bench("bench_intake_beside")
    case = bench("bench_intake").CASES[1]
    _, cpu = beside.judged(SimpleNamespace(case=case, runs=[run(1, 2.0)]), [run(1, 1.0)])
    assert cpu.endswith("2.000; median 2.000 (no bar)")


@pytest.mark.parametrize(("ours", "code", "word"), [(0.229, 0, "HELD"), (0.24, 1, "MISSED")])
def test_the_agents_bar_is_held_against_the_peer_asked_in_a_burst(bench, capsys, ours, code, word):
    beside = bench("bench_agent_beside")
    rounds = [(0.21, 0.5, None, None, None)] * 3
    assert beside.said([ours] * 3, rounds, (1024, 2048, 4096), simple=False) == code
    memory, paced, last = capsys.readouterr().out.splitlines()
    assert "ours 4.0 MiB, peer 1.0 before it was asked, 2.0 after" in memory
    assert paced.endswith("(no bar)")
    assert last.endswith(word)
    assert beside.said([ours] * 3, rounds, (1024, 2048, 4096), simple=True) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts them as somebody else")
def test_root_runs_neither_cluster_nor_server(zabbix):
    assert zabbix._as("postgres")["user"] == "postgres"


def test_the_stages_of_a_prover_are_told_with_those_that_are_mostly_libraries(bench):
    stages = bench("bench_intake_stages")
    told = stages.Stages()
    stages.proven(told, stages.pieces(1))
    assert {name for name in told.least if name.endswith("*")} == {
        "signature *", "inflate *", "salts and leaves *", "root of the leaves *"
    }  # fmt: skip
    assert list(told.least)[-1] == "all of it"
    assert all(took > 0 for took in told.least.values())
