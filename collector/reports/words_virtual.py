"""Words of the checks in `checks/virtual`: code word -> (Chinese, English); `words` merges them."""

READINGS: dict[str, tuple[str, str]] = {
    "arrays": ("阵列数", "Arrays"),
    "working": ("可用成员数", "Working members"),
    "groups": ("卷组数", "Volume groups"),
    "disks_missing": ("缺少的磁盘数", "Missing disks"),
    "copied": ("已同步", "Copied"),
    "data": ("数据使用率", "Data used"),
    "metadata": ("元数据使用率", "Metadata used"),
    "maps": ("多路径设备数", "Multipath devices"),
    "paths": ("可用路径数", "Working paths"),
    "quorum": ("仲裁中的监视节点", "Monitors in quorum"),
    "osds_up": ("运行中的存储节点", "Storage daemons up"),
    "used": ("使用率", "Used"),
    "storage_pools": ("存储池数", "Pools"),
    "parts": ("部件数", "Parts"),
    "machines_running": ("运行中的虚拟机", "Machines running"),
    "power": ("电源状态", "Power state"),
    "snapshots": ("快照数", "Snapshots"),
}

REASONS: dict[str, tuple[str, str]] = {
    "nearly_full": ("空间将满", "nearly full"),
    "failed_member": ("有失效成员", "a member has failed"),
    "disks_missing": ("缺少磁盘", "disks are missing"),
    "volume_unhealthy": ("逻辑卷不健康", "volume is not healthy"),
    "paths_down": ("有路径中断", "paths are down"),
    "data_damaged": ("数据已损坏", "data is damaged"),
    "device_errors": ("设备有错误", "device errors"),
    "snapshots_left": ("遗留快照", "snapshots left behind"),
    "crashed": ("已崩溃", "crashed"),
    "not_running": ("未运行", "not running"),
    "paused": ("已暂停", "paused"),
}

OTHER: dict[str, tuple[str, str]] = {}
