"""Texts of the page part about messages to people. See `catalogue`."""

MESSAGES: dict[str, tuple[str, str]] = {
    "messages.title": ("通知", "Messages"),
    "messages.none": ("资产文件没有设置通知（notify）。", "The estate tells nobody anything (notify)."),
    "messages.failing": ("发不出去的通知", "Messages that do not go out"),
    "event.message": ("发出通知", "message sent"),
    "col.recipient": ("接收方", "Recipient"),
    "col.about": ("内容", "About"),
    "col.taken": ("已受理", "Taken"),
    "col.waiting": ("待发", "Waiting"),
    "col.given_up": ("已放弃", "Given up"),
    "col.last_taken": ("最近受理", "Last taken"),
    "col.trouble": ("问题", "Trouble"),
    "tells.fault": ("故障", "faults"),
    "tells.finding": ("隐患", "findings"),
    "tells.silent": ("代理失联", "silent agents"),
    "tells.missed": ("漏检", "missed rounds"),
    "tells.clock": ("时限", "limits"),
    "tells.backup": ("备份", "backups"),
}
