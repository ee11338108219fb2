"""Controllers: OpenIPMI's simulator, and a Redfish tree of a rack server."""

import importlib.util
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from demo_parts import PROBER, Asset, Part

_FILE = Path(__file__).resolve().parents[1] / "sources" / "bmc_parts.py"


def _bmc_parts():
    """The parts of the BMC tests: one simulator and one tree for both."""
    if "demo_bmc_parts" not in sys.modules:
        spec = importlib.util.spec_from_file_location("demo_bmc_parts", _FILE)
        sys.modules["demo_bmc_parts"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules["demo_bmc_parts"]


def _well(value):
    """Every health in a document says OK."""
    if isinstance(value, dict):
        status = value.get("Status")
        if isinstance(status, dict) and "Health" in status:
            status.update({key: "OK" for key in ("Health", "HealthRollup") if key in status})
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _well(one)


class Ipmi(Part):
    """ipmi_sim, polled by ipmitool as USER."""

    name = "ipmi"
    programs = ("ipmi_sim", "ipmitool")

    def __init__(self, place):
        super().__init__(place)
        self.simulator, self.stack = None, ExitStack()
        self.port = 1

    def assets(self):
        section = {"address": "127.0.0.1", "port": self.port, "protocol": "ipmi", "secret": "ipmi"}
        checks = ["server.temperature", "server.fans", "server.power", "server.drives", "server.processors"]
        params = {"server.*": {"timeout_ms": 20_000}}
        return [Asset("bmc-1", "server", {"via": PROBER, "redfish": section}, checks, params)]

    def secrets(self):
        parts = _bmc_parts()
        return {"ipmi": {"user": parts.USER, "password": parts.PASSWORD}}

    def start(self):
        self.simulator = self.stack.enter_context(_bmc_parts().simulator(self.place))
        self.port = self.simulator.port

    def stop(self):
        self.stack.close()

    def _set(self, number, value):
        self.simulator.set(number, value)

    # faults

    def heal(self):
        """Every sensor as at the start."""
        for number, sensor in _bmc_parts().SENSORS.items():
            self._set(number, sensor[-1])

    def overheats(self):
        """95 °C where 90 is critical."""
        self._set(1, 95)

    def warm(self):
        """85 °C where 80 is a warning."""
        self._set(1, 85)

    def fan_stops(self):
        """Its fan turns at 3 where 5 is critical."""
        self._set(2, 3)

    def supply_fails(self):
        """A power supply says that it failed."""
        self._set(3, 0x03)

    def drive_fails(self):
        """A drive says that it failed."""
        self._set(6, 0x03)

    def processor_error(self):
        """A processor says IERR."""
        self._set(7, 0x81)


class Redfish(Part):
    """A Redfish tree behind TLS with a certificate of its own."""

    name = "redfish"

    def __init__(self, place):
        super().__init__(place)
        self.tree, self.stack = None, ExitStack()
        self.port, self.pin = 1, ""

    def assets(self):
        section = {"address": "127.0.0.1", "port": self.port, "secret": "redfish", "pin": self.pin}
        checks = ["server.health", "server.drives", "server.power", "server.temperature", "server.fans",
                  "server.memory", "server.identity"]  # fmt: skip
        params = {"server.*": {"timeout_ms": 20_000}, "server.identity": {"serial": self._serial()}}
        return [Asset("bmc-2", "server", {"via": PROBER, "redfish": section}, checks, params)]

    def _serial(self):
        tree = json.loads(_bmc_parts().TREE.read_text("utf-8"))
        return str(self._system(tree).get("SerialNumber", ""))

    @staticmethod
    def _system(tree):
        return next(one for path, one in tree.items() if path.count("/") == 4 and "/Systems/" in path)

    def secrets(self):
        parts = _bmc_parts()
        return {"redfish": {"user": parts.USER, "password": parts.PASSWORD}}

    def start(self):
        self.tree = self.stack.enter_context(_bmc_parts().tree(self.place, tls=True))
        self.port, self.pin = self.tree.port, self.tree.pin
        # The tree of the mock-up has a power supply that warns; here nothing is wrong until it is made so.
        for one in self.tree.documents.values():
            _well(one)
        self.whole = json.dumps(self.tree.documents)

    def stop(self):
        self.stack.close()

    def _first(self, mark):
        return next(
            one for path, one in sorted(self.tree.documents.items()) if mark in path and "Status" in one
        )

    # faults

    def heal(self):
        """The tree as it was; sessions are kept."""
        self.tree.mode = ""
        self.tree.documents.update(json.loads(self.whole))

    def drive_critical(self):
        """A drive's health is critical."""
        self._first("/Drives/")["Status"] = {"State": "Enabled", "Health": "Critical"}

    def memory_warns(self):
        """A memory module's health is a warning."""
        self._first("/Memory/")["Status"] = {"State": "Enabled", "Health": "Warning"}

    def system_critical(self):
        """The system's own health is critical."""
        self._system(self.tree.documents)["Status"].update(Health="Critical", HealthRollup="Critical")

    def other_board(self):
        """Another server answers at its address."""
        self._system(self.tree.documents)["SerialNumber"] = "9999ZZ"

    def forbidden(self):
        """Its account loses its role."""
        self.tree.mode = "forbidden"

    def busy(self):
        """It answers 503 to everything."""
        self.tree.mode = "busy"


def parts(place):
    """All of them."""
    return [Ipmi(place), Redfish(place)]
