"""Every kind of statement that people make (contracts.md 7.6): one table, pure.

`?` behind a field's name: it may be left out.
"""

from collections.abc import Mapping

from collector.statements.kind import ANY, BOTH, BUYER, MANAGERS, ROWS, VENDOR, Kind, Paper
from collector.statements.lateness import Late, Rule
from collector.statements.named_fields import fields

_DAY = Late(Rule.AFTER, "at", 24)  # what happened is written down within a day
_THREE_DAYS = Late(Rule.AFTER, "at", 72)
_AHEAD = Late(Rule.BEFORE, "from")
_BY_PERIOD = Late(Rule.PERIOD_END, "period")
_MUST = Paper.MUST

_TABLE = (
    # Faults (故障).
    Kind("level", "故障级别认定", "level of a fault", fields("fault level class? text?"), BOTH),
    Kind("cause", "故障原因", "cause of a fault", fields("fault cause text?"), VENDOR | BUYER),
    Kind("impact", "故障影响认定", "effect of a fault", fields("fault serious major_impact? text?"), BOTH),
    Kind("vendor_cause", "故障责任认定", "whose cause a fault has", fields("fault vendor text?"), BOTH),
    Kind(
        "force_majeure_claimed",
        "不可抗力申报",
        "force majeure claimed",
        fields("fault? finding? reason text?"),
        MANAGERS,
        one_of=("fault", "finding"),
    ),
    Kind(
        "force_majeure_decided",
        "不可抗力认定",
        "force majeure decided",
        fields("entry approved text?"),
        BUYER,
    ),
    Kind(
        "fault_reported",
        "故障报告",
        "fault reported by people",
        fields("system? unit? at level? cause? vendor? fault? text"),
        ANY,
        when="at",
        late=_DAY,
        any_of=("system", "unit", "fault"),
    ),
    Kind(
        "fault_acknowledged",
        "故障响应",
        "fault acknowledged",
        fields("fault at"),
        VENDOR,
        when="at",
        late=_DAY,
    ),
    Kind(
        "fault_recovered", "故障恢复", "fault recovered", fields("fault at text?"), ANY, when="at", late=_DAY
    ),
    Kind(
        "arrived", "到达现场", "arrival on site", fields("fault at grade? text?"), ANY, when="at", late=_DAY
    ),
    Kind(
        "escalated",
        "故障升级上报",
        "fault escalated",
        fields("fault at whom? text?"),
        VENDOR,
        when="at",
        late=_DAY,
    ),
    Kind(
        "team_support",
        "团队支援",
        "team support sought",
        fields("fault at text?"),
        VENDOR,
        when="at",
        late=_DAY,
    ),
    Kind(
        "substituted",
        "替代方案",
        "substitute offered",
        fields("fault at text?"),
        VENDOR,
        when="at",
        late=_DAY,
    ),
    Kind("no_support", "未予技术支持", "no support given", fields("fault at? text?"), BUYER, when="at"),
    Kind("repeat", "重复故障认定", "whether a fault is a repeated one", fields("fault of same text?"), BOTH),
    Kind(
        "fault_report_filed",
        "故障分析报告提交",
        "fault report filed",
        fields("fault file? text?"),
        VENDOR,
        paper=_MUST,
    ),
    # Vulnerabilities, findings, security (漏洞、隐患、安全).
    Kind(
        "vulnerability_reported",
        "漏洞通报",
        "vulnerability found by others",
        fields("at system? asset? unit? found_by id? risk? class? level? text"),
        ANY,
        when="at",
        late=_DAY,
        any_of=("system", "asset", "unit"),
    ),
    Kind(
        "fix_plan",
        "整改方案提交",
        "plan for a flaw",
        fields("finding at plan check? asset?"),
        VENDOR,
        when="at",
    ),
    Kind(
        "fix_plan_approved",
        "整改方案批准",
        "plan for a flaw approved",
        fields("entry approved text?"),
        BUYER,
    ),
    Kind("mitigated", "缓解措施", "mitigation in place", fields("finding at text"), VENDOR, when="at"),
    Kind("finding_closed", "隐患销项", "finding closed by people", fields("finding reason"), BOTH, two=True),
    Kind("finding_assigned", "隐患责任人", "owner of a finding", fields("finding owner until?"), VENDOR),
    Kind(
        "security_event",
        "安全事件",
        "security event",
        fields("at severity found_by system? unit? id? text"),
        ANY,
        when="at",
        late=_DAY,
    ),
    Kind(
        "event_responded",
        "安全事件响应",
        "security event responded to",
        fields("entry at"),
        VENDOR,
        when="at",
    ),
    Kind(
        "event_closed", "安全事件处置完成", "security event closed", fields("entry at text?"), ANY, when="at"
    ),
    Kind("emergency", "应急事件", "emergency reported", fields("at system? text"), ANY, when="at", late=_DAY),
    Kind(
        "warning_received",
        "预警接收",
        "warning received",
        fields("at from_whom id? text"),
        ANY,
        when="at",
        late=_DAY,
    ),
    Kind("warning_acted", "预警处置", "warning acted on", fields("entry at text?"), VENDOR, when="at"),
    # Maintenance and change (维护与变更).
    Kind(
        "maintenance",
        "计划内维护申请",
        "maintenance window asked for",
        fields("system from to reason"),
        VENDOR,
        when="from",
        late=_AHEAD,
    ),
    Kind(
        "maintenance_approved",
        "计划内维护批准",
        "maintenance approved",
        fields("entry approved text?"),
        BUYER,
    ),
    Kind(
        "change_requested",
        "变更申请",
        "change asked for",
        fields("change system? asset? what from? to? plan?"),
        VENDOR,
        when="from",
        late=_AHEAD,
    ),
    Kind("change_approved", "变更批准", "change approved", fields("entry approved text?"), BOTH),
    Kind("baseline_accepted", "基线确认", "baseline accepted", fields("asset check digest"), BOTH, two=True),
    Kind(
        "shutdown_reported",
        "重大变更或停用报告",
        "change or shutdown reported",
        fields("system at text"),
        VENDOR,
        when="at",
    ),
    Kind(
        "migration",
        "云化迁移",
        "a system moves to the cloud",
        fields("system from to text?"),
        VENDOR,
        when="from",
        late=_AHEAD,
    ),
    Kind("consent", "用户同意", "the user's consent", fields("what system? asset? from? to?"), BUYER),
    Kind("restore_approved", "恢复审批", "restore approved", fields("object what from? to?"), BOTH, two=True),
    # Regular work (日常工作).
    Kind("visit", "上门回访", "visit", fields("unit at text?"), ANY, when="at", late=_THREE_DAYS),
    Kind(
        "site_check",
        "现场检查",
        "check on site",
        fields("unit? asset? at text?"),
        VENDOR,
        when="at",
        late=_THREE_DAYS,
    ),
    Kind(
        "emergency_drill",
        "应急演练",
        "emergency drill",
        fields("at scenario? text?"),
        ANY,
        when="at",
        late=_THREE_DAYS,
    ),
    Kind("training", "培训", "training", fields("at topic people? text?"), ANY, when="at", late=_THREE_DAYS),
    Kind(
        "activity", "安全服务活动", "security service rendered", fields("activity at text?"), ANY, when="at"
    ),
    Kind(
        "not_done",
        "未开展",
        "something was not done",
        fields("item? obligation? unit? system? period text?"),
        BOTH,
        one_of=("item", "obligation"),
    ),
    Kind(
        "defect_report",
        "缺陷分析报告",
        "defect analysis report",
        fields("period text?"),
        VENDOR,
        paper=_MUST,
        late=_BY_PERIOD,
    ),
    Kind("plan", "应急预案", "plan for a scenario", fields("scenario expires? text?"), VENDOR, paper=_MUST),
    Kind("plan_missing", "预案缺失", "scenario without a plan", fields("scenario period? text?"), BUYER),
    Kind("process_missing", "流程缺项", "missing item of the process", fields("item period? text?"), BUYER),
    Kind(
        "document_filed",
        "资料归档",
        "document filed",
        fields("item unit? system? fault? period? expires? file? text?"),
        ANY,
        paper=_MUST,
    ),
    Kind("report_signed", "报告签署", "report signed", fields("item period? entry? text?"), BUYER),
    Kind("roster", "值班安排", "roster", fields("from to people text?"), VENDOR, when="from", late=_AHEAD),
    Kind(
        "key_moment",
        "重要时刻保障",
        "key moment announced",
        fields("id from to days? text?"),
        ANY,
        when="from",
        late=_AHEAD,
    ),
    Kind(
        "owner",
        "系统责任人",
        "owner of a system or asset",
        fields("system? asset? owner since?"),
        BOTH,
        one_of=("system", "asset"),
    ),
    Kind(
        "waiver",
        "免责报备",
        "notice that something cannot be done",
        fields("obligation from to unit? system? asset? reason"),
        VENDOR,
        when="from",
        late=_AHEAD,
    ),
    Kind("waiver_decided", "免责报备认定", "waiver decided", fields("entry approved text?"), BUYER),
    # The buyer's judgement (使用单位评价).
    Kind(
        "satisfaction",
        "满意度",
        "satisfaction",
        fields(f"period unit? points? percent? {' '.join(f'{row}?' for row in ROWS)} text?"),
        BUYER,
        late=_BY_PERIOD,
        any_of=("points", "percent", "row1"),
    ),
    Kind(
        "complaint", "投诉", "complaint", fields("at unit? system? justified points? text"), BUYER, when="at"
    ),
    Kind("notice", "通报", "notice by a superior", fields("at from_whom text"), BOTH, when="at"),
    Kind("deduction", "扣分", "deduction", fields("item day points text entry?"), BUYER, when="day"),
    Kind(
        "fine",
        "罚款",
        "fine",
        fields("item day yuan? percent? text entry?"),
        BUYER,
        when="day",
        not_both=("yuan", "percent"),
    ),
    Kind("veto", "否决项", "veto", fields("item day period? text"), BUYER, when="day"),
    Kind("reprimand", "书面批评", "reprimand", fields("day text"), BUYER, when="day"),
    Kind("absence", "缺岗", "absence", fields("at count? text?"), BUYER, when="at"),
    Kind("refusal", "拒不整改或拒绝配合", "refusal", fields("at points? text"), BUYER, when="at"),
    Kind("unreachable", "无法联系", "unreachable", fields("at text?"), BUYER, when="at"),
    Kind("late_optimisation", "优化逾期", "optimisation late", fields("at text"), BUYER, when="at"),
    Kind("promise_given", "承诺", "promise given", fields("promise day until? text"), MANAGERS, when="day"),
    Kind(
        "promise_unfulfilled",
        "承诺未兑现",
        "promise unfulfilled",
        fields("promise day text?"),
        BUYER,
        when="day",
    ),
    Kind(
        "promise_fulfilled",
        "承诺已兑现",
        "promise fulfilled",
        fields("promise day text?"),
        BUYER,
        when="day",
    ),
    Kind("acceptance", "验收", "acceptance", fields("period accepted text?"), BUYER),
    Kind(
        "limit_started",
        "期限起算",
        "something that starts a limit",
        fields("starts at text"),
        ANY,
        when="at",
        late=_DAY,
    ),
    # What is operated (运维范围).
    Kind(
        "in_scope",
        "运维范围变更",
        "in scope",
        fields("system? asset? in_scope since until? text?"),
        BOTH,
        one_of=("system", "asset"),
    ),
    Kind(
        "in_service",
        "启用停用",
        "in service",
        fields("system? asset? in_service since until? text?"),
        BOTH,
        one_of=("system", "asset"),
    ),
    Kind(
        "unit_kind",
        "使用单位类别变更",
        "kind of a unit",
        fields("unit unit_kind since until? text?"),
        BUYER,
    ),
    # Of statements and keys themselves.
    Kind("second", "会签", "another account joins in", fields("entry"), ANY),
    Kind("key_revoked", "公钥吊销", "a person's key revoked", fields("account reason"), ANY),
    # From before there were schemas: their entries keep their form.
    Kind("approval", "维护窗口批准", "window approved", fields("window reason?"), ANY, older=True),
)

KINDS: Mapping[str, Kind] = {one.name: one for one in _TABLE}

# What the field `entry` of a kind must name: an earlier statement of one of these kinds (none here: of any).
TARGETS: Mapping[str, tuple[str, ...]] = {
    "force_majeure_decided": ("force_majeure_claimed",),
    "fix_plan_approved": ("fix_plan",),
    "event_responded": ("security_event", "emergency"),
    "event_closed": ("security_event", "emergency"),
    "warning_acted": ("warning_received",),
    "maintenance_approved": ("maintenance",),
    "change_approved": ("change_requested",),
    "waiver_decided": ("waiver",),
}
