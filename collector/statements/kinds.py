"""Every kind of statement that people make (contracts.md 7.6): one table, pure.

`?` behind a field's name: it may be left out. Titles of fields are made once, in `_FIELDS`.
"""

from collections.abc import Mapping

from collector.statements.fields import Field, Type
from collector.statements.kind import ANY, BOTH, BUYER, MANAGERS, ROWS, VENDOR, Kind, Paper
from collector.statements.lateness import NEVER, Late, Rule

_T = Type


def _f(name: str, kind: Type, zh: str, en: str, *choices: str, unit: str = "") -> Field:
    return Field(name, kind, zh, en, True, choices, unit)


_FIELDS: Mapping[str, Field] = {
    one.name: one
    for one in (
        _f("fault", _T.FAULT, "故障", "fault"),
        _f("of", _T.FAULT, "此前的故障", "the earlier fault"),
        _f("finding", _T.FINDING, "隐患或漏洞", "finding or vulnerability"),
        _f("unit", _T.UNIT, "使用单位", "unit"),
        _f("system", _T.SYSTEM, "业务系统", "system"),
        _f("asset", _T.ASSET, "资产", "asset"),
        _f("object", _T.OBJECT, "备份对象", "backup object"),
        _f("window", _T.WINDOW, "计划内维护窗口", "maintenance window"),
        _f("period", _T.PERIOD, "考核周期", "period"),
        _f("at", _T.INSTANT, "时间", "time"),
        _f("from", _T.INSTANT, "开始时间", "from"),
        _f("to", _T.INSTANT, "结束时间", "to"),
        _f("day", _T.DAY, "日期", "day"),
        _f("since", _T.DAY, "起始日期", "since"),
        _f("until", _T.DAY, "截止日期", "until"),
        _f("expires", _T.DAY, "有效期至", "expires"),
        Field("level", _T.COUNT, "级别", "level", least=1, most=4),
        _f("class", _T.WORD, "类别", "class", "ordinary", "larger", "major", "largest"),
        _f("severity", _T.WORD, "严重程度", "severity", "major", "notified", "reminded", "hazard"),
        _f("risk", _T.WORD, "漏洞等级", "risk", "critical", "high", "medium", "low"),
        _f("found_by", _T.WORD, "发现方", "found by", "buyer", "superior", "vendor"),
        _f("from_whom", _T.WORD, "来源", "from", "country", "province", "city", "centre"),
        _f("what", _T.TEXT, "事项", "what"),
        _f("text", _T.TEXT, "说明", "in words"),
        _f("reason", _T.TEXT, "原因", "reason"),
        _f("cause", _T.ID, "原因代码", "code of the cause"),
        _f("item", _T.ID, "项目", "item"),
        _f("id", _T.ID, "编号", "its id"),
        _f("change", _T.ID, "变更编号", "id of the change"),
        _f("promise", _T.ID, "承诺编号", "id of the promise"),
        _f("obligation", _T.ID, "义务编号", "id of the obligation"),
        _f("check", _T.ID, "巡检项", "check"),
        _f("medium", _T.TEXT, "介质", "medium"),
        _f("topic", _T.TEXT, "主题", "topic"),
        _f("scenario", _T.ID, "预案场景", "scenario"),
        _f("owner", _T.ID, "责任人", "owner"),
        _f("file", _T.TEXT, "文件名", "name of the file"),
        _f("digest", _T.ID, "摘要", "digest"),
        _f("key", _T.ID, "公钥", "public key"),
        _f("account", _T.ACCOUNT, "账号", "account"),
        _f("plan", _T.TEXT, "方案", "plan"),
        _f("entry", _T.ENTRY, "条目", "entry"),
        Field("count", _T.COUNT, "数量", "how many", unit="1", most=1000),
        _f("people", _T.COUNT, "人数", "people", unit="1"),
        _f("days", _T.COUNT, "提前天数", "days ahead", unit="d"),
        _f("points", _T.DECIMAL, "分值", "points", unit="points"),
        _f("percent", _T.DECIMAL, "百分比", "per cent", unit="%"),
        _f("yuan", _T.DECIMAL, "金额", "yuan", unit="yuan"),
        _f("serious", _T.FLAG, "造成严重影响", "serious effect"),
        _f("major_impact", _T.FLAG, "已造成重大影响", "major impact"),
        _f("vendor", _T.FLAG, "因运维服务单位原因", "the vendor's cause"),
        _f("approved", _T.FLAG, "是否批准", "approved"),
        _f("accepted", _T.FLAG, "是否通过", "accepted"),
        _f("justified", _T.FLAG, "是否属实", "justified"),
        _f("effect", _T.FLAG, "影响运行", "with effect on running"),
        _f("same", _T.FLAG, "同一故障", "the same fault"),
        _f("in_scope", _T.FLAG, "在运维范围", "in scope"),
        _f("in_service", _T.FLAG, "在用", "in service"),
        _f("unit_kind", _T.ID, "单位类别", "kind of the unit"),
        _f("whom", _T.WORD, "报告对象", "told whom", "buyer", "user", "both"),
        _f("grade", _T.WORD, "到场人员", "who came", "technician", "engineer", "expert", "manager"),
        _f(
            *("activity", _T.WORD, "活动", "activity"),
            *("vulnerability_scan", "penetration_test", "code_audit", "app_test", "system_assessment"),
            *("risk_assessment", "emergency_support", "security_training", "security_drill"),
        ),
        _f("outcome", _T.WORD, "结果", "outcome", "good", "bad", "could_not_tell"),
        *(
            _f(name, _T.WORD, f"第{number}项评价", f"row {number}", "satisfied", "mostly", "not_satisfied")
            for number, name in enumerate(ROWS, 1)
        ),
        _f(
            *("starts", _T.WORD, "起算事项", "what it starts"),
            *("acceptance_requested", "fee_cut", "policy_change"),
        ),
    )
}


def _field(word: str) -> Field:
    name = word.rstrip("?")
    one = _FIELDS[name]
    if word == name:
        return one
    return Field(name, one.type, one.zh, one.en, False, one.choices, one.unit, one.least, one.most)


def _kind(
    name: str,
    zh: str,
    en: str,
    who: frozenset[str],
    fields: str,
    *,
    when: str = "",
    late: Late = NEVER,
    two: bool = False,
    paper: Paper = Paper.MAY,
    one_of: tuple[str, ...] = (),
    not_both: tuple[str, ...] = (),
    any_of: tuple[str, ...] = (),
    older: bool = False,
) -> Kind:
    made = tuple(_field(word) for word in fields.split())
    return Kind(name, zh, en, made, who, when, late, two, paper, one_of, any_of, older, not_both)


_DAY = Late(Rule.AFTER, "at", 24)  # what happened is written down within a day
_THREE_DAYS = Late(Rule.AFTER, "at", 72)
_AHEAD = Late(Rule.BEFORE, "from")
_BY_PERIOD = Late(Rule.PERIOD_END, "period")
_MUST = Paper.MUST

_TABLE = (
    # Faults (故障).
    _kind("level", "故障级别认定", "level of a fault", BOTH, "fault level class? text?"),
    _kind("cause", "故障原因", "cause of a fault", VENDOR | BUYER, "fault cause text?"),
    _kind("impact", "故障影响认定", "effect of a fault", BOTH, "fault serious major_impact? text?"),
    _kind("vendor_cause", "故障责任认定", "whose cause a fault has", BOTH, "fault vendor text?"),
    _kind(
        "force_majeure_claimed",
        "不可抗力申报",
        "force majeure claimed",
        MANAGERS,
        "fault? finding? reason text?",
        one_of=("fault", "finding"),
    ),
    _kind("force_majeure_decided", "不可抗力认定", "force majeure decided", BUYER, "entry approved text?"),
    _kind(
        "fault_reported",
        "故障报告",
        "fault reported by people",
        ANY,
        "system? unit? at level? cause? vendor? fault? text",
        when="at",
        late=_DAY,
        any_of=("system", "unit", "fault"),
    ),
    _kind("fault_acknowledged", "故障响应", "fault acknowledged", VENDOR, "fault at", when="at", late=_DAY),
    _kind("fault_recovered", "故障恢复", "fault recovered", ANY, "fault at text?", when="at", late=_DAY),
    _kind("arrived", "到达现场", "arrival on site", ANY, "fault at grade? text?", when="at", late=_DAY),
    _kind(
        *("escalated", "故障升级上报", "fault escalated", VENDOR, "fault at whom? text?"),
        when="at",
        late=_DAY,
    ),
    _kind("team_support", "团队支援", "team support sought", VENDOR, "fault at text?", when="at", late=_DAY),
    _kind("substituted", "替代方案", "substitute offered", VENDOR, "fault at text?", when="at", late=_DAY),
    _kind("no_support", "未予技术支持", "no support given", BUYER, "fault at? text?", when="at"),
    _kind("repeat", "重复故障认定", "whether a fault is a repeated one", BOTH, "fault of same text?"),
    _kind(
        "fault_report_filed",
        "故障分析报告提交",
        "fault report filed",
        VENDOR,
        "fault file? text?",
        paper=_MUST,
    ),
    # Vulnerabilities, findings, security (漏洞、隐患、安全).
    _kind(
        "vulnerability_reported",
        "漏洞通报",
        "vulnerability found by others",
        ANY,
        "at system? asset? unit? found_by id? risk? class? level? text",
        when="at",
        late=_DAY,
        any_of=("system", "asset", "unit"),
    ),
    _kind("fix_plan", "整改方案提交", "plan for a flaw", VENDOR, "finding at plan check? asset?", when="at"),
    _kind("fix_plan_approved", "整改方案批准", "plan for a flaw approved", BUYER, "entry approved text?"),
    _kind("mitigated", "缓解措施", "mitigation in place", VENDOR, "finding at text", when="at"),
    _kind("finding_closed", "隐患销项", "finding closed by people", BOTH, "finding reason", two=True),
    _kind("finding_assigned", "隐患责任人", "owner of a finding", VENDOR, "finding owner until?"),
    _kind(
        "security_event",
        "安全事件",
        "security event",
        ANY,
        "at severity found_by system? unit? id? text",
        when="at",
        late=_DAY,
    ),
    _kind("event_responded", "安全事件响应", "security event responded to", VENDOR, "entry at", when="at"),
    _kind("event_closed", "安全事件处置完成", "security event closed", ANY, "entry at text?", when="at"),
    _kind("emergency", "应急事件", "emergency reported", ANY, "at system? text", when="at", late=_DAY),
    _kind(
        "warning_received", "预警接收", "warning received", ANY, "at from_whom id? text", when="at", late=_DAY
    ),
    _kind("warning_acted", "预警处置", "warning acted on", VENDOR, "entry at text?", when="at"),
    # Maintenance and change (维护与变更).
    _kind(
        "maintenance",
        "计划内维护申请",
        "maintenance window asked for",
        VENDOR,
        "system from to reason",
        when="from",
        late=_AHEAD,
    ),
    _kind("maintenance_approved", "计划内维护批准", "maintenance approved", BUYER, "entry approved text?"),
    _kind(
        "change_requested",
        "变更申请",
        "change asked for",
        VENDOR,
        "change system? asset? what from? to? plan?",
        when="from",
        late=_AHEAD,
    ),
    _kind("change_approved", "变更批准", "change approved", BOTH, "entry approved text?"),
    _kind("baseline_accepted", "基线确认", "baseline accepted", BOTH, "asset check digest", two=True),
    _kind(
        "shutdown_reported",
        "重大变更或停用报告",
        "change or shutdown reported",
        VENDOR,
        "system at text",
        when="at",
    ),
    _kind(
        "migration",
        "云化迁移",
        "a system moves to the cloud",
        VENDOR,
        "system from to text?",
        when="from",
        late=_AHEAD,
    ),
    _kind("consent", "用户同意", "the user's consent", BUYER, "what system? asset? from? to?"),
    _kind("restore_approved", "恢复审批", "restore approved", BOTH, "object what from? to?", two=True),
    # Regular work (日常工作).
    _kind("visit", "上门回访", "visit", ANY, "unit at text?", when="at", late=_THREE_DAYS),
    _kind(
        "site_check",
        "现场检查",
        "check on site",
        VENDOR,
        "unit? asset? at text?",
        when="at",
        late=_THREE_DAYS,
    ),
    _kind(
        "emergency_drill",
        "应急演练",
        "emergency drill",
        ANY,
        "at scenario? text?",
        when="at",
        late=_THREE_DAYS,
    ),
    _kind("training", "培训", "training", ANY, "at topic people? text?", when="at", late=_THREE_DAYS),
    _kind("activity", "安全服务活动", "security service rendered", ANY, "activity at text?", when="at"),
    _kind(
        "not_done",
        "未开展",
        "something was not done",
        BOTH,
        "item? obligation? unit? system? period text?",
        one_of=("item", "obligation"),
    ),
    _kind(
        "defect_report",
        "缺陷分析报告",
        "defect analysis report",
        VENDOR,
        "period text?",
        paper=_MUST,
        late=_BY_PERIOD,
    ),
    _kind("plan", "应急预案", "plan for a scenario", VENDOR, "scenario expires? text?", paper=_MUST),
    _kind("plan_missing", "预案缺失", "scenario without a plan", BUYER, "scenario period? text?"),
    _kind("process_missing", "流程缺项", "missing item of the process", BUYER, "item period? text?"),
    _kind(
        "document_filed",
        "资料归档",
        "document filed",
        ANY,
        "item unit? system? fault? period? expires? file? text?",
        paper=_MUST,
    ),
    _kind("report_signed", "报告签署", "report signed", BUYER, "item period? entry? text?"),
    _kind("roster", "值班安排", "roster", VENDOR, "from to people text?", when="from", late=_AHEAD),
    _kind(
        "key_moment",
        "重要时刻保障",
        "key moment announced",
        ANY,
        "id from to days? text?",
        when="from",
        late=_AHEAD,
    ),
    _kind(
        "owner",
        "系统责任人",
        "owner of a system or asset",
        BOTH,
        "system? asset? owner since?",
        one_of=("system", "asset"),
    ),
    _kind(
        "waiver",
        "免责报备",
        "notice that something cannot be done",
        VENDOR,
        "obligation from to unit? system? asset? reason",
        when="from",
        late=_AHEAD,
    ),
    _kind("waiver_decided", "免责报备认定", "waiver decided", BUYER, "entry approved text?"),
    # The buyer's judgement (使用单位评价).
    _kind(
        "satisfaction",
        "满意度",
        "satisfaction",
        BUYER,
        f"period unit? points? percent? {' '.join(f'{row}?' for row in ROWS)} text?",
        late=_BY_PERIOD,
        any_of=("points", "percent", "row1"),
    ),
    _kind("complaint", "投诉", "complaint", BUYER, "at unit? system? justified points? text", when="at"),
    _kind("notice", "通报", "notice by a superior", BOTH, "at from_whom text", when="at"),
    _kind("deduction", "扣分", "deduction", BUYER, "item day points text entry?", when="day"),
    _kind(
        "fine",
        "罚款",
        "fine",
        BUYER,
        "item day yuan? percent? text entry?",
        when="day",
        not_both=("yuan", "percent"),
    ),
    _kind("veto", "否决项", "veto", BUYER, "item day period? text", when="day"),
    _kind("reprimand", "书面批评", "reprimand", BUYER, "day text", when="day"),
    _kind("absence", "缺岗", "absence", BUYER, "at count? text?", when="at"),
    _kind("refusal", "拒不整改或拒绝配合", "refusal", BUYER, "at points? text", when="at"),
    _kind("unreachable", "无法联系", "unreachable", BUYER, "at text?", when="at"),
    _kind("late_optimisation", "优化逾期", "optimisation late", BUYER, "at text", when="at"),
    _kind("promise_given", "承诺", "promise given", MANAGERS, "promise day until? text", when="day"),
    _kind("promise_unfulfilled", "承诺未兑现", "promise unfulfilled", BUYER, "promise day text?", when="day"),
    _kind("promise_fulfilled", "承诺已兑现", "promise fulfilled", BUYER, "promise day text?", when="day"),
    _kind("acceptance", "验收", "acceptance", BUYER, "period accepted text?"),
    _kind(
        "limit_started",
        "期限起算",
        "something that starts a limit",
        ANY,
        "starts at text",
        when="at",
        late=_DAY,
    ),
    # What is operated (运维范围).
    _kind(
        "in_scope",
        "运维范围变更",
        "in scope",
        BOTH,
        "system? asset? in_scope since until? text?",
        one_of=("system", "asset"),
    ),
    _kind(
        "in_service",
        "启用停用",
        "in service",
        BOTH,
        "system? asset? in_service since until? text?",
        one_of=("system", "asset"),
    ),
    _kind(
        "unit_kind",
        "使用单位类别变更",
        "kind of a unit",
        BUYER,
        "unit unit_kind since until? text?",
    ),
    # Of statements and keys themselves.
    _kind("second", "会签", "another account joins in", ANY, "entry"),
    _kind("key_revoked", "公钥吊销", "a person's key revoked", ANY, "account reason"),
    # From before there were schemas: their entries keep their form.
    _kind("approval", "维护窗口批准", "window approved", ANY, "window reason?", older=True),
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

RECORDED: Mapping[str, tuple[str, str]] = {
    "owner": ("责任人以资产台账为准", "owners are counted as the estate names them"),
    "consent": ("调优前须征得用户同意，合同未定价", "tuning wants consent; no clause prices it"),
    "baseline_accepted": ("基线变更的依据，合同未定价", "why a baseline changed; no clause prices it"),
    "restore_approved": ("恢复须经批准，合同未定价", "a restore wants approval; no clause prices it"),
    "promise_given": ("承诺登记，未兑现的才扣", "the register of promises: only unfulfilled ones cost"),
    "promise_fulfilled": ("承诺登记，未兑现的才扣", "the register of promises: only unfulfilled ones cost"),
}
"""Kinds that stand in the log and its lists and that no rule of the shipped packs counts: why."""
