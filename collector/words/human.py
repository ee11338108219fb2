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
    "record.human_corrected": ("七(续)、已更正的填报", "7. (continued) Answers that were corrected"),
    "record.human_stamps": ("七(续)、签到与签核", "7. (continued) Arrivals and sign-offs"),
    "record.human_photos": ("七(续)、照片", "7. (continued) Photographs"),
    "record.human_after": (
        "结案后的更正(记录本身不变)",
        "Corrected after the round was closed (the record stays as it was)",
    ),
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

PAGES: Words = {
    "error.413": ("文件过大", "Too large"),
    "error.413.what": (
        "表单、照片或附件过大，没有保存任何内容。照片每张至多 12 MB，附件每个至多 4 MB。请减少后重试。",
        "The form, its pictures or its document are too large: nothing was kept. "
        "A picture has at most 12 MB, a document 4 MB. Send less.",
    ),
    "rounds.human": ("人工: {items}", "by people: {items}"),
    "human.title": ("人工巡检", "Inspection by people"),
    "human.go": ("人工填报", "Enter what people saw"),
    "human.grade": (
        "填报经您的账号会话提交，由采集端签名并存证，不是您本人的签名(证据等级 D)。"
        "填报不可修改，只能更正；原填报保留可见。",
        "What you enter goes through your account's session and is signed and logged by the collector: it "
        "is not your own signature (grade D). It is never changed, only corrected; the old answer stays.",
    ),
    "human.late": (
        "巡检时段已过: 现在填报将标记为“逾期”。",
        "The window is over: what is entered now is marked late.",
    ),
    "human.planned": ("巡检尚未开始，还不能填报。", "The round has not begun: nothing can be entered yet."),
    "human.closed": (
        "巡检已结案: 只能更正已填报的项，记录本身不变。",
        "The round is closed: answers can be corrected, nothing else entered; the record stays as it was.",
    ),
    "human.arrive": ("到场签到", "Check in"),
    "human.arrive.what": (
        "填报前请先签到；时间以服务器时钟为准。",
        "Check in before you enter anything; the server's clock says when.",
    ),
    "human.arrived": ("已签到。", "Checked in."),
    "human.arrivals": ("签到", "Arrivals"),
    "human.assets": ("巡检对象", "What to go to"),
    "human.of": ("{done}/{due} 项", "{done} of {due}"),
    "human.entered": ("已存证 {n} 项。", "{n} items are logged."),
    "human.next": ("下一个: {asset}", "Next: {asset}"),
    "human.list": ("返回清单", "Back to the list"),
    "human.save": ("提交存证", "Log these answers"),
    "human.state": ("结果", "Outcome"),
    "human.state.ok": ("正常", "OK"),
    "human.state.crit": ("异常", "Not OK"),
    "human.state.unknown": ("无法判定", "Could not tell"),
    "human.note": ("说明", "Note"),
    "human.value": ("读数({unit})", "Reading ({unit})"),
    "human.photo": (
        "照片(JPEG、PNG、WebP，每张至多 12 MB)",
        "Pictures (JPEG, PNG, WebP; at most 12 MB each)",
    ),
    "human.photo.what": (
        "照片原样保存，摘要(SHA-256)按原文件计算；照片中的拍摄位置等信息(EXIF)不会被删除，"
        "如不愿保留请先在手机上关闭。",
        "Pictures are kept exactly as sent, and the digest is of those bytes. What the camera wrote into "
        "them (EXIF, such as the place) is not removed: turn it off on the phone if it should not be kept.",
    ),
    "human.photo.again": (
        "照片没有保存，须重新选择。",
        "The pictures were not kept: choose them again.",
    ),
    "human.photo.one": ("照片 {n}", "Picture {n}"),
    "human.correct": ("更正", "Correct"),
    "human.correct.what": (
        "更正会新增一条声明，原填报仍然可见。",
        "A correction is a new statement; the old answer stays visible.",
    ),
    "human.entered.by": ("{who} 填报于", "Entered by {who},"),
    "human.sign": ("签核", "Sign off"),
    "human.sign.what": (
        "应做 {due} 项，已填报 {done} 项，未做 {left} 项。"
        "签核表示已核对截至条目 #{upto} 的全部填报；未做的项仍为“未做”。",
        "{due} due, {done} entered, {left} not done. By signing off you have looked at everything entered up "
        "to entry #{upto}; what is not done stays not done.",
    ),
    "human.sign.nothing": ("尚无填报，不能签核。", "Nothing was entered yet: there is nothing to sign off."),
    "human.sign.done": ("已由 {who} 签核，截至条目 #{upto}", "Signed off by {who} up to entry #{upto}"),
    "human.record.left": (
        "还有 {left} 项未做，下次巡检开始前仍可补填(标记逾期)。"
        "因此巡检记录最迟此时生成，届时未做的项记为“未做”:",
        "{left} items are not done and can still be entered, marked late, until the next window opens. "
        "So the record waits for them until then, and says 'not done' of what is left:",
    ),
    "human.record.done": (
        "应检项全部查看并签核后即生成巡检记录；有缺项或未签核时，最迟此时生成:",
        "The record is made as soon as everything due was looked at and is signed off; "
        "otherwise at the latest:",
    ),
    "human.old": ("原填报(已更正):", "Old answer, corrected:"),
    "human.signed": ("已签核。", "Signed off."),
    "human.error.not_arrived": ("请先签到。", "Check in first."),
    "human.error.nothing": ("没有填写任何一项。", "No item has an answer."),
    "human.error.not_asked": ("此项不在本轮巡检之内。", "That is not due in this round."),
    "human.error.too_long": ("说明过长(至多 500 字)。", "A note has at most 500 characters."),
    "human.error.not_corrected": (
        "有的项在此期间已有填报（他人填报，或您自己在另一页面填报）。请查看后再更正。",
        "One of these was entered meanwhile, by others or on another page of yours. Look, then correct it.",
    ),
    "human.error.same": (
        "更正与原填报相同，没有存证任何内容。请改动后再提交。",
        "A correction says the same as the answer it replaces. Nothing was logged: change it, then send it.",
    ),
    "human.error.changed": (
        "其间又有新的填报。请查看后再签核。",
        "Something was entered meanwhile. Look at it, then sign off.",
    ),
    "human.error.planned": ("巡检尚未开始。", "The round has not begun."),
    "human.error.closed": ("巡检已结案。", "The round is closed."),
    "human.error.no_photo": (
        "只能保存 JPEG、PNG、WebP 照片，没有存证任何内容。",
        "Only JPEG, PNG and WebP pictures can be kept. Nothing was logged.",
    ),
    "human.error.broken_photo": (
        "照片文件不完整或已损坏，没有存证任何内容。请重新选择或重新拍摄。",
        "A picture is cut off or damaged. Nothing was logged: choose it again, or take it again.",
    ),
    "human.error.hidden": (
        "说明中含有改变文字方向的不可见字符，没有存证任何内容。请删去后再提交。",
        "A note holds invisible characters that change the direction of text: take them out. "
        "Nothing was logged.",
    ),
    "human.error.too_large": (
        "照片超过 12 MB，没有存证任何内容。",
        "A picture is larger than 12 MB. Nothing was logged.",
    ),
    "human.error.no_state": ("“{item}”: 请选择结果。", "{item}: choose an outcome."),
    "human.error.no_value": ("“{item}”: 请填写读数。", "{item}: enter the reading."),
    "human.error.no_number": ("“{item}”: 读数不是数字。", "{item}: the reading is no number."),
    "human.error.many_photos": ("“{item}”: 至多 {n} 张照片。", "{item}: at most {n} pictures."),
}
