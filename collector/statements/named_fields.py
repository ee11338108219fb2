"""Every field that a statement of some kind has: one table, so that a name means the same in all of them."""

from collections.abc import Mapping

from collector.statements.fields import Field, Type
from collector.statements.kind import ROWS

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
            "activity",
            _T.WORD,
            "活动",
            "activity",
            "vulnerability_scan",
            "penetration_test",
            "code_audit",
            "app_test",
            "system_assessment",
            "risk_assessment",
            "emergency_support",
            "security_training",
            "security_drill",
        ),
        _f("outcome", _T.WORD, "结果", "outcome", "good", "bad", "could_not_tell"),
        *(
            _f(name, _T.WORD, f"第{number}项评价", f"row {number}", "satisfied", "mostly", "not_satisfied")
            for number, name in enumerate(ROWS, 1)
        ),
        _f(
            "starts",
            _T.WORD,
            "起算事项",
            "what it starts",
            "acceptance_requested",
            "fee_cut",
            "policy_change",
        ),
    )
}


def _field(word: str) -> Field:
    name = word.rstrip("?")
    one = _FIELDS[name]
    if word == name:
        return one
    return Field(name, one.type, one.zh, one.en, False, one.choices, one.unit, one.least, one.most)


def fields(words: str) -> tuple[Field, ...]:
    """The fields of a kind, by their names; `?` behind one: it may be left out."""
    return tuple(_field(word) for word in words.split())
