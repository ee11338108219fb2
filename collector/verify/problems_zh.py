"""Details of problems in Chinese that come from where the bytes are read: container, tree, keys, forms.

As details_zh.DETAILS, of which they are the first part.
"""

PROBLEMS: dict[str, str] = {
    "the log at size {0} has another root": "该日志在大小 {0} 处的树根不同",
    "is of size {0}, the manifest says {1}": "大小为 {0}，清单所称为 {1}",
    "bad_signature: no signature by a known key": "没有已知密钥的签名(bad_signature)",
    "bad_signature: the signature of {0} is bad": "{0} 的签名不正确(bad_signature)",
    "saw a checkpoint of size {0} not given here": "见过大小为 {0} 的树头，包内没有",
    "saw size {0} before the log had it": "所见大小 {0} 当时日志还没有",
    "says that it came before the entry in front of it did": "所称到达时间早于其前一条目",
    "no good signature by key {0}": "没有密钥 {0} 的有效签名",
    "approves no enrolment that is in the log before it": "所批准的登记不在其前的日志中",
    "rotates to no key, or for no agent": "更换密钥却没有新公钥，或没有该代理",
    "two writers with the key of {0}": "{0} 的密钥有两个写入者",
    "releases no fork that is open": "所解除的分叉并不存在",
    "is not in the tree before this range, in its order": "不在此范围之前的树中，或次序不符",
    "not signed by the log key": "不是由日志密钥签名",
    "not signed by the key it enrols": "不是由所登记的密钥签名",
    "shows a header that the agent's key has not signed": "所示头部不是由代理密钥签名",
    "revokes an agent that was never approved": "所吊销的代理从未获批",
    "does not say who decided, and why": "没有写明由谁决定及原因",
    "cannot be made anew: claim.evidence_size: beyond the entries of this bundle": (
        "无法重算: 所称依据的条目数超出本包(claim.evidence_size)"
    ),
    "cannot be made anew: claim.terms: no estate was applied": (
        "无法重算: 当时没有应用资产文件(claim.terms)"
    ),
    "cannot be made anew: claim.terms: not the estate in force": (
        "无法重算: 不是当时生效的资产文件(claim.terms)"
    ),
    "cannot be made anew: claim.service: the estate in force has no service {0}": (
        "无法重算: 当时生效的资产文件没有服务 {0}(claim.service)"
    ),
    "cannot be made anew: claim.period: not the period of this bundle": (
        "无法重算: 不是本包的周期(claim.period)"
    ),
    "cannot be made anew: the claim is not of its form": "无法重算: 所称数字的格式不符",
    "record: its document is not here": "巡检记录的内容不在包内",
    "name or promise: not what the evidence gives": "名称或承诺与证据得出的不同",
    "is not the edge of the start checkpoint's tree": "不是起始树头的树的边缘",
    "{0} is not the calendar this verifier has": "{0} 与本程序所带的日历不同",
    "{0}: not a calendar data file: {1}": "{0} 不是日历文件: {1}",
    "{0}: a list of mappings is wanted here": "{0} 应为由映射组成的列表",
    "{0}: a mapping is wanted here": "{0} 应为映射",
    "{0}: a list is wanted here": "{0} 应为列表",
    "{0}: missing or damaged": "{0} 缺失或损坏",
    "bad_json: {0}": "不是规定格式的 JSON: {0}",
    "bad_entry: ends at byte {0}, {1} wanted": "条目不完整: 止于第 {0} 字节，应到 {1}",
    "too short to be a bundle": "太短，不是存证包",
    "its bytes do not fit their checksum": "其字节与校验和不符",
    "its header differs": "其头部与目录不符",
    "the file ends too early": "文件提前结束",
    "{0}: the file ends too early": "{0}: 文件提前结束",
    "{0}: its header differs": "{0}: 其头部与目录不符",
    "end record: not where a bundle has it": "结尾记录: 不在存证包应有的位置",
    "end record: differs from what the members make of it": "结尾记录: 与各包内文件应有的不符",
    "directory: cut off": "目录: 被截断",
    "directory: a name is not UTF-8": "目录: 有名称不是 UTF-8",
    "directory: a name is doubled": "目录: 有名称重复",
    "directory: differs from what the members make of it": "目录: 与各包内文件应有的不符",
}
