"""Texts about what people inspect, in records and on pages: key -> (Chinese, English)."""

Words = dict[str, tuple[str, str]]

STATES: Words = {
    "not_done": ("未做", "Not done"),
    "arrived": ("已签到", "Checked in"),
    "signed_off": ("已签核", "Signed off"),
    "unsigned": ("未签核", "Not signed off"),
}

KINDS: Words = {
    # assets that people go to
    "ups": ("不间断电源", "UPS"),
    "room": ("机房", "Room"),
    "rack": ("机柜", "Rack"),
    "air_conditioner": ("空调", "Air conditioner"),
    "camera": ("摄像机", "Camera"),
    "recorder": ("录像机", "Recorder"),
    "door": ("门禁", "Door access"),
    "led": ("大屏", "LED wall"),
    "printer": ("打印机", "Printer"),
    "terminal": ("终端", "Terminal"),
    "load_balancer": ("负载均衡", "Load balancer"),
    "bastion": ("堡垒机", "Bastion"),
    # statements
    "arrival": ("到场签到", "Arrival"),
    "human": ("人工巡检填报", "Sheet of a person"),
    "sign_off": ("签核", "Sign-off"),
}

RECORD: Words = {
    "record.human.by_session": (
        "证据等级 D: 经下列账号的登录会话填报，由采集端签名，不是本人签名；未填报的项为“未做”，计入未巡检。",
        "Grade D: entered through the sessions of the accounts named and signed by the collector, not by the "
        "persons. What was not entered is 'not done' and counts as not inspected.",
    ),
    "record.human_corrected": ("七之二、已更正的填报", "7b. Answers that were corrected"),
    "record.human_stamps": ("七之三、签到与签核", "7c. Arrivals and sign-offs"),
    "record.human_photos": ("七之四、照片", "7d. Photographs"),
    "record.human.arrival": ("到场签到", "Arrival"),
    "record.human.sign_off": ("签核(截至条目 #{upto})", "Sign-off (up to entry #{upto})"),
    "record.human.signed": ("已签核", "signed off"),
    "record.human.unsigned": ("未签核", "not signed off"),
    "record.human.check": ("人工: {name}", "By a person: {name}"),
    "record.human.people": ("人工", "people"),
    "record.human.seen": ("人工查看", "Seen by a person"),
    "record.why.not_done": ("未做: 无人填报", "not done: nobody entered it"),
    "record.why.not_done.outstanding": ("待做: 尚未填报", "outstanding: not entered yet"),
    "record.fact.human": ("其中人工项", "of these by people"),
    "record.fact.human.of": (
        "应做 {due}，已填报 {done}，未做 {left}；{sign}",
        "due {due}, entered {done}, not done {left}; {sign}",
    ),
    "record.fact.method.human": (
        "；人工项: 经账号会话填报、采集端签名(等级 D)",
        "; what people saw: entered through accounts' sessions, signed by the collector (grade D)",
    ),
    "col.said": ("读数与说明", "Reading and note"),
    "col.who": ("填报账号", "Account"),
    "col.arrived": ("签到", "Arrived"),
    "col.signed": ("签核", "Signed off"),
    "col.replaced": ("更正为", "Corrected by"),
    "col.what": ("事项", "What"),
    "col.photo": ("照片摘要(SHA-256)", "Digest of the photograph (SHA-256)"),
}
