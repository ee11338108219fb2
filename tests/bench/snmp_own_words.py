"""Where a device says of itself that nothing is wrong, beside the bad states that others expect of it.

Makers' MIBs have objects that sum a whole device up, or count its active alarms, and some a condition of each
part. Where these are held and all of them calm, a state that another system calls warning or critical at the
same moment is contradicted by the device itself. No recording and no family is named here: objects and their
codes stand in MIBs.
"""

from pathlib import Path

from snmp_left_out import Held

from agent.sources.snmp_responder import read

# Object (a scalar, or a column of which each row counts): what it holds while nothing is wrong.
WHOLE = {
    "1.3.6.1.2.1.33.1.6.1.0": {"0"},  # upsAlarmsPresent
    "1.3.6.1.4.1.534.1.7.1.0": {"0"},  # xupsAlarms
    "1.3.6.1.4.1.476.1.42.3.2.2.0": {"0"},  # lgpConditionsPresent
    "1.3.6.1.4.1.476.1.42.3.8.20.1.25": {"1"},  # lgpPduEntrySysStatus: normalOperation
    "1.3.6.1.4.1.6302.2.1.2.1.0": {"2"},  # systemStatus of EES-POWER-MIB: normal
    "1.3.6.1.4.1.12148.10.2.2.0": {"1"},  # powerSystemStatus of SP2-MIB: normal
    "1.3.6.1.4.1.674.10892.5.2.1.0": {"3"},  # globalSystemStatus: ok
    "1.3.6.1.4.1.674.10892.2.2.1.0": {"3"},  # drsGlobalSystemStatus: ok
    "1.3.6.1.4.1.674.10892.1.200.10.1.2": {"3"},  # systemStateGlobalSystemStatus: ok
    "1.3.6.1.4.1.2.3.51.3.1.4.1.0": {"255"},  # systemHealthStat: normal
    "1.3.6.1.4.1.19046.11.1.1.4.1.0": {"255"},  # the same of Lenovo
    "1.3.6.1.4.1.2011.2.235.1.1.1.1.0": {"1"},  # systemHealth: ok
    "1.3.6.1.4.1.232.6.1.3.0": {"2"},  # cpqHeMibCondition: ok
    "1.3.6.1.4.1.2636.3.4.2.3.1.0": {"2"},  # jnxRedAlarmState: off
    "1.3.6.1.4.1.2636.3.4.2.2.1.0": {"2"},  # jnxYellowAlarmState: off
}
# Rows of a table: the column with their condition, and what it holds while nothing is wrong with the part.
PARTS = {
    # lgpPduRcpTable: lgpPduRcpEntryOperationCondition: normalOperation
    "1.3.6.1.4.1.476.1.42.3.8.50.20.1": ("1.3.6.1.4.1.476.1.42.3.8.50.20.1.210", {"1"}),
}


class OwnWords:
    """What one recorded device says of itself."""

    def __init__(self, path: Path) -> None:
        self._held = Held(read(path))

    def calm(self, oid: str) -> bool:
        """Whether the device says that nothing is wrong with the part behind this OID, or with all of it."""
        return self._part(oid) or self._whole()

    def _whole(self) -> bool:
        said = [(set(self._held.column(oid)), calm) for oid, calm in WHOLE.items()]
        return any(found for found, _ in said) and all(found <= calm for found, calm in said)

    def _part(self, oid: str) -> bool:
        for table, (column, calm) in PARTS.items():
            if oid.startswith(table + "."):
                index = oid.removeprefix(table + ".").partition(".")[2]
                return self._held.text(f"{column}.{index}") in calm
        return False
