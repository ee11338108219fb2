"""The report in Chinese: headings, verdicts, what was checked, what each problem means and what to do.

Names, entries and codes stay as the program has them: they are compared word by word with other reports.
Details are in details_zh.py.
"""

from collections.abc import Mapping

HEADINGS: Mapping[str, str] = {
    "bundle": "存证包",
    "log": "存证日志",
    "period": "周期",
    "entries": "条目",
    "mode": "方式",
    "time": "用时",
    "memory": "内存",
    "in short": "概要",
    "checked": "已核对",
    "claims": "声明与结论",
    "due and done": "应做与已做",
    "to know": "须知",
    "problems": "问题",
    "what they mean, and what to do": "含义与处理",
}
VERDICTS: Mapping[str, str] = {
    "proven": "已证实",
    "proven if": "有前提地证实",
    "not proven": "未证实",
    "contradicted": "与证据矛盾",
    "human": "人工声明",
    "other version": "其他判定版本",
}
"""`proven if`: 前提见须知，即持有代理私钥的程序说了真话。"""
COUNTED: Mapping[str, str] = {
    "backup records": "备份记录",
    "batch signatures": "批次签名",
    "batches that came more than an hour after what they tell of": "晚于所述时间一小时以上到达的批次",
    "batches": "上报批次",
    "bodies": "条目内容",
    "carried entries": "随附的早期条目",
    "documents of judging": "考核文档",
    "documents of judging that are not proven": "其中未证实的考核文档",
    "documents": "文档",
    "entries": "条目",
    "estates applied": "应用过的资产文件",
    "figures made anew": "重算的可用率",
    "forks that people decided on": "已由人处置的分叉",
    "inspection records": "巡检记录",
    "keys of people": "人员公钥",
    "lines re-judged": "重新判定的结果行",
    "lines not re-judged": "未重新判定的结果行",
    "looks that failed (signed as errors)": "未能采集的结果(签名为错误)",
    "loss batches": "丢失声明批次",
    "members": "包内文件",
    "messages": "通知",
    "photographs": "照片",
    "printed checkpoints": "打印的树头",
    "result lines": "结果行",
    "resume batches": "恢复批次",
    "rotate batches": "更换密钥批次",
    "scorecards": "考核表",
    "settlements": "结算",
    "statements by people": "人员声明",
    "statements of people": "人员声明(巡检)",
}
CODES: Mapping[str, tuple[str, str]] = {
    "bad_container": (
        "文件容器的字节与包内文件应有的不一致",
        "文件在途中被改动、截断，或解压后重新打包过：请用交来的原文件，并比对其 SHA-256",
    ),
    "bad_member": ("某个包内文件缺失、未知、损坏或格式不符", "重新获取或重做存证包：该文件的内容未获证实"),
    "bad_manifest": (
        "清单或其签名不正确",
        "确认 --policy 属于该日志且不是随包而来的；若确认无误，应拒收",
    ),
    "bad_checkpoint": (
        "树头不是由 policy 中的日志密钥签名，或属于另一日志",
        "拒收：您 policy 中的密钥没有签过这段历史",
    ),
    "bad_quorum": ("结束树头缺少 policy 要求的见证", "索取由您的见证方会签过结束树头的存证包"),
    "bad_tree": (
        "各条目得不出树头所签的树根",
        "拒收：树头签名之后有条目被漏掉、增加或改动",
    ),
    "bad_paper": (
        "打印的树头不是该日志的前段",
        "超出本包范围时取含该大小的包；否则两份都留存：日志被改写过",
    ),
    "bad_entry": ("某条目读不出，或其签名不正确", "依据该条目的内容未获证实：请运维方说明"),
    "bad_proof": ("某个随附条目不在树中", "要求重做此包，或取从条目 0 开始的包"),
    "bad_key": ("某条目没有获批的密钥，或密钥此前已吊销", "其签名不证明任何事：查问谁在何时批准了该代理"),
    "bad_chain": ("某代理的批次前后不相接", "有批次缺失或被插入：该代理前后所述不完整"),
    "fork": (
        "同一代理密钥有两个写入者，且无人处置",
        "运维方须找出第二个写入者（克隆、旧快照、盗用），再解除或吊销",
    ),
    "bad_signature": ("某批次不是由其代理的密钥签名", "代理没有签过：其结果视为编造"),
    "bad_body": (
        "内容与其头部所签的树根或摘要不符",
        "结果不在包内，或不是所签的结果：要求重做存证包",
    ),
    "bad_line": ("某结果行格式不符", "这些行不作数：查明谁改动了该代理，改成了哪个版本"),
    "bad_plan": (
        "某批次或结果行所称的方案或参数不在日志中",
        "没有人签过这些参数：查问谁让代理不按方案巡检",
    ),
    "bad_seen": (
        "某代理见过的树头不是本日志的前段",
        "代理看到的日志与您看到的不同：留存此包，索取两份树头",
    ),
    "bad_statement": ("某人的声明与其巡检或此前的声明不符", "该声明不作数：向署名人查问"),
    "bad_person": (
        "某声明不是由署名人签名，或没有有权的人为其公钥担保",
        "不证明该人说过什么：向其索取公钥核对码，并查问谁写入了该条目",
    ),
    "bad_photo": ("某照片不是声明以摘要所指的那张", "该照片不证明任何事：索取含所拍照片的存证包"),
    "judged_differently": (
        "对所签的原始数据，同一巡检项得出的结论与结果行不同",
        "结果行的状态与其原始数据不符：以原始数据为准",
    ),
    "claim_differs": ("所称的数字或记录不是证据所得", "以证据所得为准，不以所称为准，并查问其来由"),
    "internal": (
        "核验程序自身在此输入上出错；按未通过核验处理",
        "按未通过核验处理：把存证包和报告交给本程序的开发者",
    ),
}
MODES: Mapping[str, str] = {"quick": "快速(抽查签名)", "full": "全部签名"}
PHASES: Mapping[str, str] = {
    "container": "容器",
    "entries": "条目",
    "bodies and lines": "内容与结果行",
    "claims": "声明",
}
GOOD, BAD = "验证通过 VERIFIED", "验证未通过 NOT VERIFIED"
OTHER = "验证未通过 NOT VERIFIED: 以下由其他判定版本作出: "
