"""Which column is which field, and which word is which kind: what is well known, and what the owner says."""

from collections.abc import Mapping, Sequence

from collector.ledger.model import FIELDS, LedgerError

_HEADINGS: Mapping[str, Sequence[str]] = {
    "id": ("id", "asset id", "asset", "资产编号", "资产编码", "设备编号", "编号"),
    "name": ("name", "asset name", "名称", "资产名称", "设备名称"),
    "kind": ("kind", "type", "category", "类型", "资产类型", "设备类型", "类别", "资产类别"),
    "system": ("system", "业务系统", "所属系统", "系统"),
    "unit": ("unit", "department", "单位", "使用单位", "所属单位", "使用部门"),
    "agent": ("agent", "代理"),
    "via": ("via", "经由代理"),
    "model": ("model", "型号", "规格型号", "设备型号"),
    "serial": ("serial", "serial number", "sn", "s/n", "序列号", "出厂编号"),
    "location": ("location", "位置", "安装位置", "存放地点", "机柜位置"),
    "snmp": ("snmp", "snmp地址"),
    "ssh": ("ssh", "ssh地址"),
    "redfish": ("redfish", "bmc", "bmc地址", "带外地址", "带外管理地址"),
    "address": ("address", "ip", "ip address", "ip地址", "管理地址", "管理ip"),
    "version": ("version", "版本", "软件版本", "系统版本"),
}
_KINDS: Mapping[str, str] = {
    "服务器": "server",
    "物理服务器": "server",
    "主机": "host",
    "虚拟机": "vm",
    "交换机": "switch",
    "路由器": "router",
    "防火墙": "firewall",
    "存储": "storage",
    "存储设备": "storage",
    "数据库": "database",
    "中间件": "middleware",
    "负载均衡": "load_balancer",
    "堡垒机": "bastion",
    "打印机": "printer",
    "摄像机": "camera",
    "摄像头": "camera",
    "录像机": "recorder",
    "门禁": "door",
    "终端": "terminal",
    "电脑": "terminal",
    "计算机": "terminal",
    "ups": "ups",
    "不间断电源": "ups",
    "空调": "air_conditioner",
    "大屏": "led",
    "led屏": "led",
}


def columns(heading: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    """Field -> number of its column. `given`: heading -> field, before what is well known; LedgerError if a
    heading that was given is not there."""
    names = [cell.strip().lower() for cell in heading]
    found: dict[str, int] = {}
    for column, field in given.items():
        if column.strip().lower() not in names:
            raise LedgerError("no_column", f"no column {column} (for {field})")
        found[field] = names.index(column.strip().lower())
    for field in FIELDS:
        match = next((names.index(one) for one in _HEADINGS[field] if one in names), None)
        if field not in found and match is not None and match not in found.values():
            found[field] = match
    return found


def heading_row(rows: Sequence[Sequence[str]], given: Mapping[str, str]) -> int:
    """Which of the first rows holds the headings: the first with an id and a kind (a title may be above)."""
    first: LedgerError | None = None
    for number, row in enumerate(rows[:30]):
        try:
            if {"id", "kind"} <= columns(row, given).keys():
                return number
        except LedgerError as error:
            first = first or error
    detail = f" ({first})" if first else ""
    raise LedgerError(
        "no_column", f"no row names a column for the asset's id and its kind{detail}: give --map COLUMN=FIELD"
    )


def kind(word: str, given: Mapping[str, str]) -> str:
    """A kind in the estate's words; the word itself where none is known."""
    return given.get(word) or _KINDS.get(word.lower(), word)
