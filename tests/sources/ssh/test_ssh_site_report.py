"""What a site report brings from devices and machines reached by SSH: outputs that the parsers read."""

from dataclasses import asdict

from agent import site_asks, site_report
from agent.parsing.parse import parse
from agent.sources import device_cli
from agent.sources.means import Means

VERSION = (
    b"Huawei Versatile Routing Platform Software\r\n"
    b"VRP (R) software, Version 5.170 (S5720 V200R011C10SPC600)\r\n"
    b"Copyright (C) 2000-2018 HUAWEI TECH CO., LTD\r\n"
    b"HUAWEI S5720-36C-EI-AC Routing Switch uptime is 12 weeks, 3 days, 4 hours, 5 minutes\r\n"
)


def test_a_device_gives_the_outputs_that_looks_ask_for_and_no_configuration(device, means):
    to, _ = device(screens={"display version": VERSION})
    made = site_asks._ssh({**asdict(to), "platform": "huawei_vrp"}, means)
    asked = [one["command"] for one in made["outputs"]]
    assert asked[0] == "display version" and not any("configuration" in one for one in asked)
    assert set(device_cli.IDENTITY["huawei_vrp"]) <= set(asked)
    report = {"targets": [{"source": "ssh", "target": "sw", **made}]}
    platform, outputs = site_report.outputs(report, "sw")
    (row,) = parse(platform, "display version", outputs["display version"])
    assert "V200R011C10SPC600" in str(row)


def test_a_machine_says_what_system_it_is(sshd, pin, state):
    from checks.remote import Login

    to = pin(Login("127.0.0.1", sshd.port), sshd.key)
    made = site_asks._ssh({**asdict(to)}, Means(state=state))
    assert made["server"].startswith("SSH-2.0-OpenSSH")
    assert "Linux" in made["outputs"][0]["text"] and "ID=" in made["outputs"][1]["text"]
