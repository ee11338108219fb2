"""The two names some fields go by: corpora of device outputs name the same thing differently."""

from collections.abc import Mapping

# (platform, command) -> further name -> the name the form gives.
_ALSO: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("huawei_vrp", "display interface"): {
        "hardware_address": "mac_address",
        "internet_protocol": "ip_status",
        "internet_address": "ip_address",
        "pvid": "vlan_id",
    },
    ("hp_comware", "display interface"): {"ip_address": "ip_address_text"},
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


def both(platform: str, command: str, row: dict[str, str | list[str]]) -> dict[str, str | list[str]]:
    """The row with each field under every name it goes by."""
    also = _ALSO.get((platform, command), {})
    return row | {new: row[old] for new, old in also.items() if old in row and new not in row}
