"""Why points of a line are as they are: a sentence for each code of a cause, in both languages."""

CAUSES: dict[str, tuple[str, str]] = {
    "earned": (
        "每次 {each} 分，最多计 {most} 次，实计 {counted} 次",
        "{each} each, at most {most}, counted {counted}",
    ),
    "given": ("填报 {points}", "stated: {points}"),
    "nobody_said": ("没有人填报", "nobody has stated it"),
    "deemed": ("逾期未报，视为 {points}", "not filed in time, deemed {points}"),
    "reached": ("已达要求({counted}/{at_least})", "reached ({counted} of {at_least})"),
    "not_reached": ("未达要求({counted}/{at_least})", "not reached ({counted} of {at_least})"),
    "not_judged": ("第 {number} 期不考核此项", "not judged in period {number}"),
    "deducted": ("{title} {counted} 次，扣 {points} 分", "{title}: {counted}, {points} points off"),
    "share": ("已有 {present} / 应有 {required}", "{present} of {required} present"),
    "nothing_required": ("没有应归档的资料", "nothing is required"),
    "silence": ("没有人填报，按未发生计", "nobody stated any: counts as none"),
    "accepted": (
        "甲方验收，无人观测的部分按未发生计",
        "the buyer accepted it: what nobody saw counts as none",
    ),
    "list_unknown": ("应有数量未知", "what is required is not known"),
    "steps": ("实际 {value}，目标 {target}，扣 {points} 分", "{value} against {target}, {points} points off"),
    "tier": ("实际 {value}，得 {points} 分", "{value}: {points} points"),
    "no_value": ("没有数值", "no value"),
    "full_by_rule": ("按条款计满分", "full by rule"),
    "no_system": ("该单位没有业务系统", "the unit has no system"),
    "off": ("{counted} 次", "{counted} times"),
    "fined": ("{counted} 次", "{counted} times"),
    "vetoed_line": ("{line} 得 {points} 分，低于 {limit} 分", "{line} has {points} points, below {limit}"),
    "vetoed": ("{counted} 次", "{counted} times"),
}
