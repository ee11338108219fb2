"""Why something is refused, in both languages, by the stable code of the refusal (docs/statements.md)."""

REFUSALS: dict[str, tuple[str, str]] = {
    # of statements
    "refused.field": ("{field}：{why}", "{field}: {why}"),
    "refused.missing_field": ("必填", "is missing"),
    "refused.any_of": ("以下至少填一项: {names}", "at least one of {names} is wanted"),
    "refused.one_of": ("以下必须且只能填一项: {names}", "exactly one of {names} is wanted"),
    "refused.rows": ("五项评价须全部填写，或全部不填", "a form has all its rows, or none"),
    "refused.unknown_field": ("没有此栏", "there is no such field"),
    "refused.bad_field": ("格式不对", "is not what it has to be"),
    "refused.bad.text": ("应为 1 至 {most} 个字", "a text of 1 to {most} characters is wanted"),
    "refused.bad.hidden": (
        "不能含控制字符或改变文字方向的字符",
        "no control characters, nor any that change the direction of text unseen",
    ),
    "refused.bad.word": ("只能从所列各项中选", "choose one of those listed"),
    "refused.bad.flag": ("应为是或否", "yes or no is wanted"),
    "refused.bad.number": (
        "应为 {least} 至 {most} 的整数",
        "a whole number from {least} to {most} is wanted",
    ),
    "refused.bad.decimal": (
        "应为 {least} 至 {most} 的数，小数至多四位",
        "a number from {least} to {most} is wanted, with at most four places",
    ),
    "refused.bad.instant": (
        "应为 1970 年以后的时刻，例如 2026-07-03T10:00",
        "an instant after 1970 is wanted, such as 2026-07-03T10:00",
    ),
    "refused.bad.day": ("应为日期，例如 2026-07-03", "a day is wanted, such as 2026-07-03"),
    "refused.bad.period": (
        "应为考核周期的名称或起止日期",
        "a period by its name or its dates is wanted",
    ),
    "refused.bad.id": (
        "应为不含空格的编号，至多 200 个字符",
        "an id of at most 200 characters without spaces is wanted",
    ),
    "refused.bad.order": ("结束不晚于开始", "does not end after it begins"),
    "refused.unknown_kind": ("没有此类填报", "there is no such kind of statement"),
    "refused.unknown_unit": ("现行台账中没有此使用单位", "the estate in force has no such unit"),
    "refused.unknown_system": ("现行台账中没有此业务系统", "the estate in force has no such system"),
    "refused.unknown_asset": ("现行台账中没有此资产", "the estate in force has no such asset"),
    "refused.unknown_object": (
        "现行台账中没有此备份对象",
        "the estate in force has no such backup object",
    ),
    "refused.unknown_window": ("现行台账中没有此维护窗口", "the estate in force has no such window"),
    "refused.unknown_fault": ("没有已知的此故障", "no such fault is known"),
    "refused.before_fault": ("早于故障开始的时刻", "lies before the fault began"),
    "refused.out_of_term": ("不在合同期内", "lies outside of the contract's term"),
    "refused.unknown_finding": ("没有已知的此隐患或漏洞", "no such finding or vulnerability is known"),
    "refused.unknown_entry": (
        "此条目不是可以这样填报的填报",
        "the entry is no statement that this one can be about",
    ),
    "refused.unknown_item": (
        "合同中没有此项；有: {names}",
        "the contract has no such item; there are: {names}",
    ),
    "refused.unknown_obligation": ("合同中没有此义务编号", "the contract has no such obligation"),
    "refused.unknown_period": (
        "合同没有此考核周期；有: {names}",
        "the contract has no such period; there are: {names}",
    ),
    "refused.unknown_level": (
        "合同中没有此级别；有: {names}",
        "the contract has no such level; there are: {names}",
    ),
    "refused.unknown_class": (
        "合同中没有此类别；有: {names}",
        "the contract has no such class; there are: {names}",
    ),
    "refused.not_in_pack": (
        "本合同没有计入此类填报的条款",
        "no rule of this contract counts such a statement",
    ),
    "refused.out_of_range": ("超出条款的范围: {range}", "beyond the range of its clause: {range}"),
    "refused.no_range": ("本合同不按此单位计", "this contract does not take this unit here"),
    "refused.in_future": ("所述之事尚未发生", "it tells of what has not happened yet"),
    "refused.not_begun": ("此考核周期还没有开始", "that period has not begun"),
    "refused.not_over": (
        "此考核周期尚未结束，还可能完成",
        "that period is not over: it may still be done",
    ),
    "refused.sealed": (
        "所属考核期已由条目 #{entry} 封存；如系更正，请勾选“封存后更正”",
        "its period was sealed by entry #{entry}: say that it is meant as an amendment",
    ),
    "refused.twice": (
        "同一账号已填报过相同内容(条目 #{entry})",
        "the same account has said exactly this (entry #{entry})",
    ),
    "refused.joined": ("此账号已确认过", "this account has joined in already"),
    "refused.bad_correction": (
        "要更正的条目不存在、不同类，或已被更正",
        "what it corrects is not there, is of another kind, or was corrected already",
    ),
    "refused.same_person": ("须由另一账号确认", "another account must join in"),
    "refused.no_right": ("此账号无权这样填报", "this account may not say it"),
    "refused.no_such_account": (
        "没有此账号，或已停用",
        "there is no such account, or it is disabled",
    ),
    "refused.no_document": ("须附文件", "a document is wanted"),
    "refused.bad_document": (
        "附件与签名时的摘要不符",
        "the document is not the one whose digest was signed",
    ),
    "refused.too_large": (
        "文件或内容太大: 每个附件至多 {size} MB",
        "the file or the text is too large: a document has at most {size} MB",
    ),
    "refused.bad_signature": (
        "签名与已登记的本人公钥不符",
        "no enrolled key of this account signed it",
    ),
    "refused.unvouched_key": ("此公钥还没有人担保", "nobody has vouched for this key"),
    "refused.role_changed": (
        "公钥是以另一角色登记的，须重新登记",
        "the key is enrolled under another role: enrol it anew",
    ),
    "refused.other_account": ("不能代交他人签名的填报", "nobody brings what another account signed"),
    "refused.unknown_key": ("此账号没有已登记的公钥", "the account has no key"),
    "refused.wrong_log": ("是为另一存证日志签名的", "it was signed for another log"),
    "refused.bad_json": ("不是有效的签名填报", "it is no signed statement"),
    "refused.bad_text": ("不是有效的签名填报", "it is no signed statement"),
    "refused.no_such_object": (
        "现行台账中没有此备份对象",
        "the estate in force has no such backup object",
    ),
    "refused.no_such_excuse": ("没有此备份免责填报", "there is no such excuse"),
    "refused.no_such_window": ("现行台账中没有此维护窗口", "the estate in force has no such window"),
    # of scorecards, seals and settlements
    "refused.no_pack": ("该时刻没有生效的合同包", "no contract pack was in force then"),
    "refused.no_such_period": ("没有此考核期", "there is no such period"),
    "refused.begins_later": ("考核期还没有开始", "the period has not begun"),
    "refused.future": ("该时刻在将来", "that instant lies in the future"),
    "refused.period_open": ("考核期尚未结束", "the period is not over"),
    "refused.not_settled": (
        "迟到的结果还在处理，请稍后再试",
        "results that came late are still being derived: try again",
    ),
    "refused.sealed_meanwhile": (
        "刚才已由他人封存，请刷新后再试",
        "somebody else sealed something meanwhile: look again",
    ),
    "refused.older_judging": (
        "存证日志中已有更高判定版本的记录，本程序版本较旧，不能再写入；请装回新版本",
        "the log holds what a newer judging version made: install that program again",
    ),
    "refused.no_such_payment": ("没有此次付款", "there is no such payment"),
    "refused.not_sealed": ("还有考核期没有封存: {names}", "not sealed yet: {names}"),
    "refused.other_pack": (
        "有考核期是按另一合同包封存的",
        "a period was sealed by another pack",
    ),
    "refused.no_obligations": ("合同包没有列出义务", "the pack names no obligations"),
    # of options and of what a page is asked
    "refused.option.names": ("应为其中之一: {names}", "one of these is wanted: {names}"),
    "refused.option.list": (
        "应为其中若干，以逗号分隔: {names}",
        "some of these are wanted, with commas: {names}",
    ),
    "refused.option.number": (
        "应为 {least} 至 {most} 的整数",
        "a whole number from {least} to {most} is wanted",
    ),
    "refused.key": (
        "此页没有参数 {key}；可用: {names}",
        "this page takes no {key}; it takes: {names}",
    ),
    "refused.key.none": ("此页没有参数 {key}。", "this page takes no {key}."),
    "refused.query": (
        "参数 {name} 有误: “{text}”；应为{wanted}。",
        "{name} is wrong: “{text}”; wanted is {wanted}.",
    ),
    "refused.query.number": ("{least} 至 {most} 的整数", "a whole number from {least} to {most}"),
    "refused.query.month": ("月份，如 2026-07", "a month, as 2026-07"),
    "refused.value": ("没有 {value}；可选: {names}", "there is no {value}; there are: {names}"),
    # of agents
    "refused.agent.no_such_code": ("没有代理在等待此核对码", "no agent waits with this code"),
    "refused.agent.bad_estate": (
        "在用的资产文件本程序读不懂，请改正后再次 estate apply；没有批准",
        "this program cannot read the estate in force, apply it again; nothing was approved",
    ),
    "refused.agent.not_pending": ("此代理已被批准或吊销", "this agent was decided on meanwhile"),
    "refused.agent.not_approved": ("此代理的状态已改变，请刷新后再看", "this agent was decided on meanwhile"),
    "refused.agent.revoked": ("此代理已被吊销", "this agent is revoked already"),
    "refused.agent.not_in_quarantine": ("此代理没有被隔离", "this agent is not in quarantine"),
    "refused.agent.no_such_agent": ("没有此代理", "there is no such agent"),
    "refused.agent.bad_lifetime": ("令牌有效期超出范围", "a token's lifetime is out of range"),
    # of figures
    "refused.figure.no_estate": ("还没有应用台账", "no estate has been applied"),
    "refused.figure.no_such_service": ("现行台账没有为它配置服务", "the estate in force gives it no service"),
    "refused.figure.calendar.year": (
        "缺少所需年份的节假日数据，不作推测",
        "public holidays of a year that is needed are not here: nothing is guessed",
    ),
    # of documents
    "refused.empty_record": (
        "{period} 没有可填入此报告的证据",
        "{period}: there is no evidence to fill this document with",
    ),
    "refused.bad_period": (
        "{period} 不是考核期；可写 2026-07、2026-Q3、2026 或 起/止",
        "{period} is no period; write 2026-07, 2026-Q3, 2026 or FROM/TO",
    ),
    "refused.no_scorecard": ("现行台账没有合同包，不能评分", "the estate in force has no contract pack"),
    "refused.no_such_fault": ("没有已知的此故障", "no such fault is known"),
    "refused.nothing_due": ("{period} 没有到期的备份", "{period}: no backup was due"),
    "refused.font_missing": (
        "服务器缺少中文字体，不能生成 PDF",
        "the server has no Chinese font, so no PDF can be made",
    ),
}
