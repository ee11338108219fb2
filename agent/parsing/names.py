"""The two names some fields go by: corpora of device outputs name the same thing differently.

Where they mean different things by one name, `naming` decides: `ntc` is ntc-templates, `fork` its fork.
"""

from collections.abc import Mapping

NTC, FORK = NAMINGS = ("ntc", "fork")

# (platform, command) -> further name -> the name the form gives.
_ALSO: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("huawei_vrp", "display interface"): {
        "hardware_address": "mac_address",
        "internet_protocol": "ip_status",
        "internet_address": "ip_address",
        "pvid": "vlan_id",
    },
    ("hp_comware", "display interface"): {"ip_address": "ip_address_text"},
    ("huawei_vrp", "display lldp neighbor"): {
        "manufacturer_name": "manufacturer",
        "neighbor": "neighbor_name",
        "system_description": "neighbor_description",
        "management_ip": "mgmt_address",
        "vlan": "vlan_id",
    },
    ("hp_comware", "display ip interface"): {"intf": "interface", "ipaddr": "ip_address"},
    ("hp_comware", "display lldp neighbor-information list"): {
        "port_id": "neighbor_interface",
        "system_name": "neighbor_name",
    },
    ("hp_comware", "display lldp neighbor-information verbose"): {
        "neighbor_port_id": "neighbor_interface",
        "neighbor": "neighbor_name",
        "management_ip": "mgmt_address",
        "vlan": "vlan_id",
    },
}


# The same of the fork's names that stand for something else in ntc-templates; the first that is told counts.
_FORK: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("hp_comware", "display interface"): {
        "ip_address": ("ip_address_text",),
        "input_drops": ("input_drops", "input_aborts"),
    },
    ("hp_comware", "display lldp neighbor-information verbose"): {
        "neighbor_interface": ("neighbor_interface_description",)
    },
}


def both(
    platform: str, command: str, row: dict[str, str | list[str]], naming: str = NTC
) -> dict[str, str | list[str]]:
    """The row with each field under every name it goes by."""
    also = _ALSO.get((platform, command), {})
    made = row | {new: row[old] for new, old in also.items() if old in row and new not in row}
    other = _FORK.get((platform, command), {}) if naming == FORK else {}
    return made | {
        name: next((made[one] for one in told if made.get(one)), "") for name, told in other.items()
    }
