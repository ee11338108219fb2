"""Words of the end-of-term sheet (LH-23): key -> (Chinese, English)."""

TERM: dict[str, tuple[str, str]] = {
    "doc.title.term": ("服务期末运维情况复核表", "End-of-term sheet of what was operated"),
    "doc.part.term-sums": ("各系统、设备运维天数", "Days operated, by system and asset"),
    "doc.part.term-spans": ("未运维及无人查看的时段", "Stretches not operated, or that nobody saw"),
    "doc.none.term-sums": ("服务期内还没有整天可列。", "No day of the term is over."),
    "doc.none.term-spans": ("每天均有查看记录。", "Every day was looked at."),
    "doc.hand.objection": ("运维单位异议(一周内)", "The vendor's objection (within a week)"),
    "doc.hand.answer": ("复核答复(15 个工作日内)", "Answer to it (within 15 working days)"),
    "doc.hand.cause": ("未运维原因(是否运维单位原因)", "Why not (by the vendor's fault or not)"),
    "doc.term.system": ("业务系统", "system"),
    "doc.term.asset": ("资产", "asset"),
    "doc.term.no_owner": ("无责任人", "nobody"),
    "doc.term.nobody": ("无人查看", "nobody looked"),
    "doc.term.nobody.of": (
        "无人查看: 共 {n} 段，最长 {days} 天({first} 至 {last})",
        "nobody looked: {n} stretches, the longest {days} days ({first} to {last})",
    ),
    "col.j_t_kind": ("类别", "Kind"),
    "col.j_t_thing": ("系统、设备", "System or asset"),
    "col.j_t_owner": ("责任人", "Owner"),
    "col.j_t_all": ("合计(天)", "Days in all"),
    "col.j_t_operated": ("有运维(天)", "Operated (days)"),
    "col.j_t_unseen": ("无人查看(天)", "Nobody looked (days)"),
    "col.j_t_out_of_service": ("停用(天)", "Out of service (days)"),
    "col.j_t_out_of_scope": ("不在运维范围(天)", "Out of scope (days)"),
    "col.j_t_share": ("停用、不在范围占比", "Share out of service or scope"),
    "doc.fact.term": ("所列整天(服务期)", "Days listed (of the term)"),
    "col.j_t_days": ("天数", "Days"),
    "col.j_t_first": ("首日", "First day"),
    "col.j_t_last": ("末日", "Last day"),
}

STATES: dict[str, tuple[str, str]] = {
    "j_t_unseen": ("无人查看", "nobody looked"),
    "j_t_out_of_service": ("停用", "out of service"),
    "j_t_out_of_scope": ("不在运维范围", "out of scope"),
}
"""Of days."""
