"""Words of judging's documents: key -> (Chinese, English)."""

Words = dict[str, tuple[str, str]]

TITLES: Words = {
    "doc.title.scorecard": ("考核评分表", "Scorecard"),
    "doc.title.fault": ("故障处理及分析报告", "Fault handling and analysis report"),
    "doc.title.major-fault": ("重大故障专门报告", "Report on a major fault"),
    "doc.title.monthly-inspection": ("月度巡检报告", "Monthly inspection report"),
    "doc.title.special-inspection": ("特巡特维报告", "Special inspection report"),
    "doc.title.defects": ("缺陷分析报告", "Defect analysis report"),
    "doc.title.quarterly-operation": ("季度运行分析", "Quarterly operation analysis"),
    "doc.title.performance": ("性能诊断报告", "Performance diagnosis report"),
    "doc.title.rectification": ("整改方案和建议", "Rectification plan and advice"),
    "doc.title.device-year": ("年度设备使用报告", "Yearly device report"),
    "doc.title.service-year": ("服务年报", "Service year report"),
    "doc.title.fault-statistics": ("故障分类分级统计", "Fault statistics by type and level"),
    "doc.title.tool-usage": ("运维工具使用日志记录", "Usage log of the tools"),
    "doc.title.self-assessment": ("运维服务自评估报告", "Self-assessment report"),
}

_PARTS: Words = {
    "lines": ("考核子项得分", "Points by line"),
    "rounds": ("巡检情况", "Inspection rounds"),
    "problems": ("发现的问题", "Problems found"),
    "missing": ("未巡检的项", "Not inspected"),
    "devices": ("设备运行情况", "Devices"),
    "availability": ("业务系统可用情况", "Availability of systems"),
    "capacity": ("容量", "Capacity"),
    "backups": ("数据备份", "Backups"),
    "scans": ("漏洞扫描", "Vulnerability scans"),
    "faults": ("故障清单", "Faults"),
    "fault-sum": ("故障分类分级统计", "Faults by level and cause"),
    "nine": ("故障记录", "Record of the fault"),
    "timeline": ("处置过程", "Timeline"),
    "clocks": ("各项时限", "Clocks"),
    "vulnerabilities": ("漏洞处置", "Vulnerabilities"),
    "findings": ("隐患台账", "Findings"),
    "ledger": ("义务履行情况", "Obligations"),
    "usage": ("工具使用记录", "Use of the tool"),
    "log": ("存证日志收录情况", "What the evidence log took in"),
    "hands": ("人工填写(非机器测量)", "Filled in by people (not measured by machine)"),
}

_NONE: Words = {
    "lines": ("没有考核子项。", "There are no lines."),
    "rounds": ("本期没有巡检。", "There was no round in this period."),
    "problems": ("已结案的巡检记录中没有问题。", "The closed records show no problem."),
    "missing": ("已结案的巡检没有漏检项。", "The closed rounds left nothing out."),
    "devices": ("资产配置中没有设备。", "The estate has no devices."),
    "availability": ("资产配置中没有业务系统。", "The estate has no systems."),
    "capacity": ("没有容量数据(非机器测量)。", "No amounts (not measured by machine)."),
    "backups": ("没有约定备份。", "No backups are promised."),
    "scans": ("本期没有导入漏洞扫描报告。", "No scan was imported in this period."),
    "faults": ("本期没有记录到故障。", "No fault is on record in this period."),
    "fault-sum": ("本期没有记录到故障。", "No fault is on record in this period."),
    "nine": ("没有故障。", "There is no fault."),
    "timeline": ("没有事件。", "There are no events."),
    "clocks": ("没有时限。", "There are no clocks."),
    "vulnerabilities": ("本期没有未修复的漏洞记录。", "No vulnerability was open in this period."),
    "findings": ("本期没有未结隐患。", "No finding was open in this period."),
    "ledger": ("本期没有到期的义务。", "Nothing was due in this period."),
    "usage": ("本期没有操作记录。", "Nobody used the tool in this period."),
    "log": ("本期没有存证条目。", "The log took in nothing in this period."),
}

_HANDS: Words = {
    "conclusion": ("结论", "Conclusion"),
    "advice": ("意见和建议", "Advice"),
    "analysis": ("分析", "Analysis"),
    "plan": ("整改措施", "Measures"),
    "due": ("完成期限与责任人", "Until when, and who"),
    "risk": ("风险分析", "Risks"),
    "cleaning": ("清洁、线缆、标签、指示灯等现场检查", "Cleaning, cables, labels, lamps on site"),
    "solution": ("解决方法", "Solution"),
    "prevention": ("防范措施", "Prevention"),
    "impact": ("影响范围和后果", "Effect and consequences"),
    "forecast": ("趋势预测与更换建议", "Forecast and replacements"),
    "training": ("培训与演练情况", "Training and drills"),
    "security": ("安全事件与安全服务情况", "Security events and services"),
    "change": ("变更与发布情况", "Changes and releases"),
    "occasion": ("保障事由与时段", "Occasion and time"),
    "duty": ("值守安排", "Duty"),
    "tuning": ("调优内容与用户同意情况", "Tuning and the user's consent"),
    "opinion": ("考核意见", "Assessor's opinion"),
}

_CLOCKS: Words = {
    "response": ("响应", "Response"),
    "respond": ("响应", "Response"),
    "recovery": ("恢复", "Recovery"),
    "restore": ("恢复", "Recovery"),
    "arrival": ("到场", "On site"),
    "on_site": ("到场", "On site"),
    "solve": ("解决", "Solved"),
    "substitute": ("替代方案", "Substitute"),
    "escalate": ("升级", "Escalation"),
    "report": ("故障报告", "Fault report"),
    "fix": ("修复", "Fixed"),
    "plan": ("方案", "Plan"),
}

_EVENTS: Words = {
    "onset": ("故障发生", "onset"),
    "detected": ("监测发现", "detected"),
    "announced": ("发出通知", "announced"),
    "reported": ("用户报告", "reported"),
    "acknowledged": ("响应", "acknowledged"),
    "arrived": ("到达现场", "arrived"),
    "recovered": ("恢复", "recovered"),
    "escalate": ("升级时点", "escalation due"),
    "escalated": ("升级上报", "escalated"),
    "report": ("提交报告", "report filed"),
    "level": ("级别认定", "level stated"),
    "cause": ("原因说明", "cause stated"),
    "impact": ("影响认定", "effect stated"),
    "vendor_cause": ("责任认定", "responsibility stated"),
    "fault_acknowledged": ("响应", "acknowledged"),
    "fault_recovered": ("人工报告恢复", "recovery stated"),
    "fault_reported": ("用户报告", "reported"),
    "fault_report_filed": ("提交故障报告", "report filed"),
    "force_majeure_claimed": ("申报不可抗力", "force majeure claimed"),
    "force_majeure_decided": ("认定不可抗力", "force majeure decided"),
    "repeat": ("重复故障认定", "repeat stated"),
    "team_support": ("寻求团队支持", "team support"),
    "substituted": ("提出替代方案", "substitute offered"),
    "no_support": ("未予支持", "no support"),
}

_ASKS: Words = {
    "level": ("级别认定", "level"),
    "cause": ("原因", "cause"),
    "impact": ("影响认定", "effect"),
    "vendor_cause": ("责任认定", "responsibility"),
    "fault_acknowledged": ("响应时间", "acknowledgement"),
    "fault_recovered": ("恢复时间", "recovery"),
    "arrived": ("到场时间", "arrival"),
    "repeat": ("是否重复故障", "whether repeated"),
    "fault_report_filed": ("故障报告", "fault report"),
    "force_majeure_decided": ("不可抗力认定", "decision on force majeure"),
}

STATES: Words = {
    "j_c_running": ("计时中", "running"),
    "j_c_kept": ("按时", "kept"),
    "j_c_late": ("超时", "too late"),
    "j_c_unknown": ("无法判定", "cannot be told"),
    "j_c_suspended": ("待认定", "suspended"),
    "j_c_void": ("不计", "void"),
    "j_s_open": ("未整改", "open"),
    "j_s_fixed": ("已复核关闭", "fixed"),
    "j_s_mitigated": ("已缓解", "mitigated"),
    "j_s_claimed": ("自称已修复，待复核", "claimed, not shown"),
    "j_l_open": ("未到期", "open"),
    "j_l_done": ("已完成", "done"),
    "j_l_late": ("逾期完成", "done late"),
    "j_l_missed": ("漏做", "missed"),
    "j_l_excused": ("免责", "excused"),
    "j_l_not_proven": ("未证实", "not proven"),
}

DOCUMENT: Words = {
    **TITLES,
    **{f"doc.part.{key}": words for key, words in _PARTS.items()},
    **{f"doc.none.{key}": words for key, words in _NONE.items()},
    **{f"doc.hand.{key}": words for key, words in _HANDS.items()},
    **{f"doc.clock.{key}": words for key, words in _CLOCKS.items()},
    **{f"doc.event.{key}": words for key, words in _EVENTS.items()},
    **{f"doc.ask.{key}": words for key, words in _ASKS.items()},
    **{f"col.j_n_{key[4:]}": words for key, words in STATES.items() if key.startswith("j_l_")},
    "col.j_standard": ("考核依据与口径", "Counted, and options"),
    "doc.nine.symptom": ("故障现象", "Symptom"),
    "doc.nine.type": ("故障类型", "Type"),
    "doc.nine.start": ("开始时间", "Start"),
    "doc.nine.repaired": ("修复时间", "Repaired"),
    "doc.nine.duration": ("持续时间", "Duration"),
    "doc.nine.cause": ("故障原因和解决方法", "Cause and solution"),
    "doc.nine.handling": ("处理过程", "Handling"),
    "doc.nine.responsibility": ("责任", "Responsibility"),
    "doc.nine.level": ("级别与影响", "Level and effect"),
    "doc.symptom": (
        "{name}服务不可用 {down}，服务降级 {degraded}",
        "{name} was down for {down} and degraded for {degraded}",
    ),
    "doc.level": ("{n} 级", "level {n}"),
    "doc.still": ("尚未恢复", "not restored yet"),
    "doc.vendor": ("运维服务单位原因", "the vendor's cause"),
    "doc.not_vendor": ("非运维服务单位原因", "not the vendor's cause"),
    "doc.serious": ("造成严重影响", "serious effect"),
    "doc.not_serious": ("未造成严重影响", "no serious effect"),
    "doc.by_machine": ("机器测量", "measured"),
    "doc.by_people": ("人工(非机器测量)", "people (not measured by machine)"),
    "doc.blank": ("(待填写)", "(to be filled in)"),
    "doc.not_stated": ("未填报", "not stated"),
    "doc.not_measured": ("非机器测量", "not measured by machine"),
    "doc.no_late": ("未见超时", "none exceeded"),
    "doc.late_of": ("超时: {what}", "exceeded: {what}"),
    "doc.days_late": ("逾期 {n} 天", "{n} days late"),
    "doc.required": ("应 {n}", "required {n}"),
    "doc.counted": ("实 {n}", "counted {n}"),
    "doc.missing": ("缺 {n}", "missing {n}"),
    "doc.sum": ("小计", "Sum"),
    "doc.left_out": ("另有 {n} 行，见 xlsx 或 json", "{n} more rows are in the log"),
    "doc.why.missing": ("漏检", "missed"),
    "doc.why.not_enrolled": ("代理未登记", "agent not enrolled"),
    "doc.why.not_done": ("人工项未填", "people's item not done"),
    "doc.why.no_service": ("没有配置服务", "no service is configured"),
    "doc.outlook.steady": ("没有增长趋势", "no growth"),
    "doc.outlook.shrinking": ("减少", "shrinking"),
    "doc.outlook.far": ("较远", "far off"),
    "doc.outlook.full": ("已满", "full"),
    "doc.outlook.filling": ("增长中", "filling"),
    "doc.outlook.no_claim": ("数据不足，不作预测", "too little data for a claim"),
    "doc.hands.note": (
        "本节不由机器测量，由人工填写。",
        "Nothing in this part is measured by a machine; people fill it in.",
    ),
    "doc.overview": ("概况", "Overview"),
    "doc.proof": ("证据与签字", "Evidence and signatures"),
    "doc.fact.period": ("考核周期", "Period"),
    "doc.fact.days": ("起止", "From – to"),
    "doc.fact.scheme": ("考核办法", "Scheme"),
    "doc.fact.status": ("状态", "Status"),
    "doc.fact.asof": ("数据截至", "As of"),
    "doc.fact.total": ("总分", "Total"),
    "doc.fact.grade": ("等次", "Grade"),
    "doc.fact.payable": ("应付/扣减(元)", "Payable / deducted (yuan)"),
    "doc.fact.veto": ("否决项", "Vetoes"),
    "doc.fact.subject": ("故障编号", "Fault"),
    "doc.fact.rounds": ("巡检轮次(已结案/全部)", "Rounds (closed / all)"),
    "doc.fact.problems": ("问题数", "Problems"),
    "doc.fact.faults": ("故障数", "Faults"),
    "doc.fact.clause": ("条款", "Clause"),
    "doc.fact.draft": ("性质", "Nature"),
    "doc.draft": ("草稿，待人工补充并签字", "draft, to be completed and signed by people"),
    "doc.provisional": ("暂定(考核期未结束或未封存)", "provisional (not sealed)"),
    "doc.not_proven": ("未证实", "not proven"),
    "doc.none": ("无", "none"),
    "doc.fact.method": ("方法", "Method"),
    "doc.method": (
        "judging-document/{version}；考核办法 {pack}(摘要 {digest})；证据均在存证日志中",
        "judging-document/{version}; scheme {pack} (digest {digest}); all evidence stands in the log",
    ),
    "record.sign.vendor": ("运维单位", "Vendor"),
    "record.sign.manager": ("项目经理", "Project manager"),
    "record.sign.unit": ("使用单位", "User unit"),
    "record.sign.assessor": ("考核单位", "Assessor"),
    "record.sign.author": ("编制人", "Written by"),
}
_NUMBERS = "一二三四五六七八九十"


def doc(key: str, lang: str, /, **fields: object) -> str:
    """A text of a document in this language."""
    words = DOCUMENT[key][0 if lang == "zh" else 1]
    return words.format(**fields) if fields else words


def doc_or(key: str, other: str, lang: str) -> str:
    """The same, or `other` where there is none."""
    return doc(key, lang) if key in DOCUMENT else other


def numbered(number: int, title: str, lang: str) -> str:
    """A heading with its number, from 1."""
    if lang != "zh":
        return f"{number}. {title}"
    tens, ones = divmod(number, 10)
    lead = "" if tens == 0 else ("" if tens == 1 else _NUMBERS[tens - 1]) + "十"
    return f"{lead}{_NUMBERS[ones - 1] if ones else ''}、{title}"
