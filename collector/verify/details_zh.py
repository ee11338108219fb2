"""Details of the report in Chinese: what follows a claim, a problem, a notice, sentence by sentence.

`{0}`, `{1}` … stand for what is put in: names, numbers, entries and codes stay as the program has them. A
sentence that is not here stays English rather than being lost.
"""

import re
from functools import cache

from collector.inspection.due import when_of
from collector.statements.kinds import KINDS
from collector.verify.problems_zh import PROBLEMS

_COUNTED = re.compile(r"[0-9]+ [a-z_]+(?:, [0-9]+ [a-z_]+)*")
_SESSION = re.compile(r"entered through ([^']++)'s session")

DETAILS: dict[str, str] = {
    **PROBLEMS,
    "known {0}, low {1}, high {2}, coverage {3}, grade {4}, vantages disagreed {5} times, "
    "evaluated to {6} only": (
        "有证据时间内 {0}，下限 {1}，上限 {2}，覆盖率 {3}，等级 {4}，观测点不一致 {5} 次，只算到 {6}"
    ),
    "known {0}, low {1}, high {2}, coverage {3}, grade {4}, vantages disagreed {5} times": (
        "有证据时间内 {0}，下限 {1}，上限 {2}，覆盖率 {3}，等级 {4}，观测点不一致 {5} 次"
    ),
    "known {0}, low {1}, high {2}, coverage {3}, grade {4}, evaluated to {5} only": (
        "有证据时间内 {0}，下限 {1}，上限 {2}，覆盖率 {3}，等级 {4}，只算到 {5}"
    ),
    "known {0}, low {1}, high {2}, coverage {3}, grade {4}": (
        "有证据时间内 {0}，下限 {1}，上限 {2}，覆盖率 {3}，等级 {4}"
    ),
    "{0}, signed by the collector, not by {1}: {2}": "{0}，由采集端签名，非 {1} 签名: {2}",
    "signed with the key that your policy names: {0}": "由您 policy 中所列公钥签名: {0}",
    "the key with the code {0} is {1}'s: signed with it: {2}": ("核对码为 {0} 的公钥属于 {1}，以其签名: {2}"),
    "your policy names it": "您的 policy 列有此公钥",
    "it is {0}'s": "属于 {0}",
    "code {0}, entry {1}, enrolled by {2}": "核对码 {0}，条目 {1}，由 {2} 登记",
    "vouched for by {0}": "由 {0} 担保",
    "signs nothing from entry {0} on": "自条目 {0} 起不再签名",
    "{0} taken by their channels, {1} given up": "{0} 条已由通道接收，{1} 条放弃",
    "its document is not here": "其内容不在包内",
    "its document is missing": "其内容缺失",
    "its document does not fit its digest": "其内容与摘要不符",
    "its document is not the one whose digest was said": "其文档不是所称摘要的那份",
    "its header is no object": "其头部不是对象",
    "it cannot be read: {0}": "无法读取: {0}",
    "it cannot be made anew: {0}": "无法重算: {0}",
    "cannot be made anew: {0}": "无法重算: {0}",
    "cannot be made anew": "无法重算",
    "its entry says another {0}": "其条目头部所称的 {0} 不同",
    "its entry says another judging": "其条目头部所称的判定版本不同",
    "it speaks of a later instant than its own": "所述时刻晚于其自身时刻",
    "it speaks of an instant long before its own": "所述时刻远早于其自身时刻",
    "it says that it was made of more than was there": "所称依据的日志大于当时的日志",
    "it says that it was made of a log larger than was there": "所称依据的日志大于当时的日志",
    "it does not say what it was made of": "未说明依据多大的日志",
    "its words and tables were not made anew, only their digest was checked": (
        "文字和表格未重算，只核对了摘要"
    ),
    "its form and tables are those that they give": "表式和表格与重算一致",
    "its form and tables are not those of its scorecard": "表式和表格与其考核表不一致",
    "its form and tables were worded by program {0}, this is {1}: they were not compared": (
        "表式和表格由程序 {0} 生成，本程序为 {1}，未作比较"
    ),
    "its overview is worded in another way: it was not compared": "概况的文字不同，未作比较",
    "its figures, as they stood then": "数字与当时一致",
    "its figures are those of the scorecard of entry {0}": "数字与条目 {0} 的考核表一致",
    "its figures are not those of the scorecard of entry {0}": "数字与条目 {0} 的考核表不一致",
    "its figures leave out {0} entries that had come": "数字漏掉了已到达的 {0} 个条目",
    "its tables leave out {0} entries that had come": "表格漏掉了已到达的 {0} 个条目",
    "the scorecard of entry {0} is not in this bundle": "条目 {0} 的考核表不在本包内",
    "entry {0} is no scorecard that was there": "条目 {0} 不是当时已有的考核表",
    "it stands on entries from before this bundle": "依据的条目早于本包",
    "it stands on entries from before this bundle: one that begins at 0 shows all": (
        "依据的条目早于本包：从条目 0 开始的包可全部核验"
    ),
    "it stands on looks from before this bundle: one that begins at 0 shows all": (
        "依据的采集早于本包：从条目 0 开始的包可全部核验"
    ),
    "{0} of {1} filled cells made anew, {2} blanks for people": (
        "{1} 个已填单元格中重算了 {0} 个，{2} 处留待人工填写"
    ),
    "{0} of {1} filled cells made anew": "{1} 个已填单元格中重算了 {0} 个",
    "not made anew: none": "没有未重算的表",
    "not made anew: {0}": "未重算: {0}",
    "not its words, nor these tables: {0}": "文字未重算，以下表格也未重算: {0}",
    "numbers, times, states and entries made anew of: {0}": "已重算数字、时间、状态和条目: {0}",
    "the evidence gives another {0}": "按证据得出的 {0} 不同",
    "the evidence gives other figures": "按证据得出的数字不同",
    "{0} may rest on what came while it was made: make it again": (
        "{0} 可能依据了生成期间到达的内容：请重新生成"
    ),
    "total {0}, grade {1}, {2} of {3} lines proven": "总分 {0}，等次 {1}，{3} 行中 {2} 行已证实",
    "the scorecards give another {0}": "按各考核表得出的 {0} 不同",
    "it stands on contradicted scorecards: {0}": "依据的考核表与证据矛盾: {0}",
    "it stands on scorecards of another version: {0}": "依据的考核表由其他判定版本作出: {0}",
    "the scorecards of {0} are not in this bundle": "{0} 的考核表不在本包内",
    "the scorecards give this to the fen, but those of {0} stand on entries from before this bundle": (
        "与各考核表分毫不差，但 {0} 的考核表依据的条目早于本包"
    ),
    "it leaves out {0}, which had been received": "漏掉了已收到的 {0}",
    "it leaves out entry {0} and {1} more that had come when it was logged, more than {2} minutes before": (
        "漏掉了条目 {0} 及另外 {1} 个，它们在其存证前 {2} 分钟以上已到达"
    ),
    "its number {0} does not follow the one before it": "其序号 {0} 与前一份不相接",
    "entry {0} before it names judging version {1}, and versions only rise": (
        "其前的条目 {0} 已称判定版本 {1}，版本只升不降"
    ),
    "not in its one form": "不是规定的唯一格式",
    "{0} looks of {1} due, {2} problems": "应检 {1} 项次，已检 {0}，问题 {2}",
    "not what the lines and plans give": "与结果行和方案得出的不同",
    "some of its looks are older than this bundle": "部分采集早于本包",
    "no plan in force asks for a round in this window": "当时没有方案要求此窗口的巡检",
    "{0} slots, {1} problems": "{0} 个时段，{1} 处问题",
    "the lines, promises and statements give other {0}": "按结果行、备份策略和声明得出的 {0} 不同",
    "{0}: no figure": "{0}: 没有数字",
    "no figure is claimed for it": "没有声称数字",
    "evaluated to {0} only": "只算到 {0}",
    "vantages disagreed {0} times": "观测点不一致 {0} 次",
    "{0}: not what the evidence gives": "{0}: 与证据得出的不同",
    "no approved key may sign here": "没有获批的密钥可在此签名",
    "its lines are missing": "结果行缺失",
    "its lines do not hash to the root, count and size in its header": "结果行与头部的树根、行数或大小不符",
    "says its vantage point is {0}": "所称观测点为 {0}",
    "names the plan {0}, not in the log": "所称方案 {0} 不在日志中",
    "names the plan {0}, another agent's": "所称方案 {0} 是另一代理的",
    "{0} with parameters {1} is in no plan": "{0} 的参数 {1} 不在任何方案中",
    "{0} gives {1}, the line says {2}": "{0} 得出 {1}，结果行为 {2}",
    "{0} checks that depend on a plan in it could not be made": "依赖其中方案的 {0} 项核对无法进行",
    "missing": "缺失",
    "not in the manifest": "不在清单中",
    "its bytes do not fit the digest in the manifest": "其字节与清单中的摘要不符",
    "not signed by the log key of the policy": "不是由 policy 中的日志密钥签名",
    "the members are not those the manifest lists, in its order": "包内文件与清单所列或其次序不符",
    "not the members that a bundle of this range has": "不是此范围的包应有的文件",
    "the policy knows no log {0}": "policy 中没有日志 {0}",
    "the entries do not give the root of the checkpoint": "各条目得不出树头的树根",
    "the tree cannot be computed from what is here": "依据包内内容无法计算树",
    "the log at this size has another root than the paper": "该大小的日志与打印树头的树根不同",
    "{0} epoch {1} was never approved": "{0} 第 {1} 纪元从未获批",
    "{0} epoch {1} seq {2} does not follow seq {3}": "{0} 第 {1} 纪元序号 {2} 与 {3} 不相接",
    "saw another checkpoint of size {0}": "见过大小为 {0} 的另一树头",
    "is meant for another log": "属于另一日志",
    "is meant for the log {0}": "属于日志 {0}",
    "is about {0}, which no estate in the log has": "所述 {0} 不在日志的任何资产文件中",
    "was entered before {0} began": "在 {0} 开始前填报",
    "was entered in time and says otherwise": "按时填报，所称不同",
    "was entered after the window ended and says otherwise": "窗口结束后填报，所称不同",
    "came in time and says otherwise": "按时到达，所称不同",
    "came late and says otherwise": "迟到，所称不同",
    "says exactly what entry {0} says": "与条目 {0} 完全相同",
    "is about a period that entry {0} had sealed, and is no amendment": (
        "所述周期已由条目 {0} 封存，且未标为更正"
    ),
    "corrects entry {0}, which it may not": "无权更正条目 {0}",
    "tells of what had not happened yet": "所述尚未发生",
    "signed with the key that your policy names": "由您 policy 中所列公钥签名",
    "signed with a key that your policy does not name for {0}": "签名公钥不是您 policy 中 {0} 的公钥",
    "entered through {0}'s session": "经 {0} 的会话填报",
    "written on the collector's command line in the name of {0}, without a login": (
        "以 {0} 之名在采集端命令行写入，未登录"
    ),
    "without a witness or a printed checkpoint this history could have been rewritten before it was "
    "bundled": ("没有见证或打印的树头时，这段历史可能在打包前被改写"),
    "proven if: the programs that held the agents' keys told the truth. Grade A: two vantage points; "
    "B: one agent about another machine; C: an agent about its own host": (
        "有前提地证实：持有代理密钥的程序说了真话。等级 A：两个观测点；B：代理观测另一台机器；C：代理观测本机"
    ),
    "the pack {0} has the text {1}: compare it with the one that both sides signed": (
        "合同包 {0} 的内容摘要为 {1}：与双方签署的版本核对"
    ),
    "the pack {0} has another text from {1} on: {2} became {3}": (
        "合同包 {0} 自 {1} 起内容不同: {2} 变为 {3}"
    ),
    "ask who agreed to that": "请查问由谁同意",
    "over and not sealed: {0}": "已结束而未封存: {0}",
    "nothing is claimed of what no seal says": "未封存的不作任何声明",
    "{0} rounds that are over have no record: {1}": "已结束而没有记录的巡检 {0} 轮: {1}",
    "what was due there and done stands under coverage": "其应做与已做见“应做与已做”",
    "some batches name no checkpoint that their agent had verified": "部分批次没有写明代理核验过的树头",
    "some batches saw a checkpoint from before this range: not compared": (
        "部分批次见过此范围之前的树头，未作比较"
    ),
    "entries before {0} are not here: what was carried along is proven to be in the log, but not that "
    "nothing else was said before": (
        "条目 {0} 之前的不在此处：随附的已证实在日志中，但不能证明此前没有其他内容"
    ),
    "a bundle that begins at 0 shows all": "从条目 0 开始的包可全部核验",
    "messages: a channel took them, by the collector's word (grade D)": (
        "通知: 由采集端所述，通道已接收(等级 D)"
    ),
    "not that anybody read them": "不证明有人读过",
    "keys of people that your policy does not name (`person ACCOUNT KEY`) are known from this log "
    "only: compare their codes with the people": (
        "您 policy 未列出的人员公钥(`person ACCOUNT KEY`)只见于本日志：请与本人核对公钥码"
    ),
    "statements without their author's own signature came through a session and are signed by the "
    "collector: whoever runs it could have written them (grade D)": (
        "没有本人签名的声明经会话填报、由采集端签名：运行采集端的人可以写出(等级 D)"
    ),
}


def detail(text: str) -> str:
    """A detail in Chinese, as a whole or sentence by sentence; what is not known stays."""
    whole = _known(text)
    if whole is not None:
        return whole
    return "；".join(_known(part) or part for part in text.split("; "))


NAMES: dict[str, str] = {
    "availability of {0}": "可用率 {0}",
    "inspection record {0}": "巡检记录 {0}",
    "backup record {0}": "备份记录 {0}",
    "document {0} (entry {1})": "考核文档 {0}(条目 {1})",
    "scorecard {0} (seal)": "考核表 {0}(封存)",
    "scorecard {0} (amendment {1})": "考核表 {0}(第 {1} 次更正)",
    "settlement {0}": "结算 {0}",
    "human items of {0}": "人工巡检项 {0}",
    "statements of {0} ({1})": "{0}({1})的人员声明",
    "key of {0} ({1})": "{0}({1})的公钥",
    "messages": "通知",
}
ROLES: dict[str, str] = {
    "admin": "管理员",
    "buyer": "甲方",
    "manager": "项目经理",
    "operator": "驻场运维",
    "viewer": "查看员",
    "no account": "无账号",
}
_NOT_PROVEN = {"not proven": "未证实"}


def name(text: str) -> str:
    """What a claim is about: its kind in Chinese, names and numbers as they are."""
    if text in NAMES:
        return NAMES[text]
    for pattern, words in _patterns(tuple(NAMES.items())):
        found = pattern.fullmatch(text)
        if found is not None:
            return words.format(*(ROLES.get(one, _when(one)) for one in found.groups()))
    return text


def _when(window: str) -> str:
    """A round that was run by hand, with the minute at which it began; anything else as it is."""
    begun = when_of(window)
    return window if window.endswith(begun) else f"{window}({begun})"


def looks(what: str) -> str:
    """What was due, of the coverage: `CHECK of TARGET from VANTAGE`, `round WINDOW`."""
    check, of, rest = what.partition(" of ")
    target, from_, vantage = rest.rpartition(" from ")
    if of and from_:
        return f"{check}  {target}(观测点 {vantage})"
    return f"巡检 {_when(what.removeprefix('round '))}" if what.startswith("round ") else what


def _known(text: str) -> str | None:
    if text in DETAILS:
        return DETAILS[text]
    for pattern, words in _patterns(tuple(DETAILS.items())):
        found = pattern.fullmatch(text)
        if found is not None:
            return words.format(*map(_part, found.groups()))
    return None


def _part(text: str) -> str:
    """What is put in: a name or a number as it is; how somebody said things, and what, in words."""
    if _COUNTED.fullmatch(text):
        every = (one.partition(" ") for one in text.split(", "))
        return "、".join(f"{_kind(kind)} {count}" for count, _, kind in every)
    if text.startswith("entered through ") and (said := _SESSION.fullmatch(text)):
        return DETAILS["entered through {0}'s session"].format(said[1])
    return _NOT_PROVEN.get(text, text)


def _kind(kind: str) -> str:
    return KINDS[kind].zh if kind in KINDS else kind


@cache
def _patterns(words: tuple[tuple[str, str], ...]) -> tuple[tuple[re.Pattern[str], str], ...]:
    made = []
    for english, chinese in words:
        if "{" in english:
            first, *rest = (re.escape(part) for part in re.split(r"\{\d\}", english))
            made.append((re.compile(first + "".join(map(_put_in, rest)), re.DOTALL), chinese))
    return tuple(made)


def _put_in(then: str) -> str:
    """What is put in, up to the text behind it. It holds no end of a sentence, or it would swallow the next
    one; and it is never given back, or a bundle could name things so that the report takes for ever."""
    end = f"|{then}" if then else ""
    return f"((?:(?!; {end}).)++){then}"
