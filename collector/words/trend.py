"""Words of what documents of judging sum up, measure and plan: key -> (Chinese, English)."""

Words = dict[str, tuple[str, str]]

_PARTS: Words = {
    "summary": ("总体情况", "In short"),
    "months": ("逐期变化", "From stretch to stretch"),
    "measures": ("运行指标(始终为零的不列)", "How devices ran (what was nought throughout is left out)"),
    "sheet": ("设备年度情况", "Device by device"),
    "actions": ("待整改清单", "What is to be put right"),
    "statistics": ("服务统计", "Statistics of service"),
    "survey": ("满意度填报情况", "Satisfaction as filed"),
}
_NONE: Words = {
    "summary": ("本期没有可汇总的内容。", "There is nothing to sum up."),
    "months": ("没有可比较的时段。", "There is nothing to compare."),
    "measures": (
        "已结案的巡检记录中没有运行指标(非机器测量)。",
        "The closed records hold no such numbers (not measured by machine).",
    ),
    "sheet": ("资产文件中没有设备。", "The estate has no devices."),
    "actions": ("期末没有未结的隐患和漏洞。", "No finding or vulnerability was open at the end."),
    "statistics": ("没有可统计的内容。", "There is nothing to count."),
    "survey": ("没有人填报满意度。", "Nobody filed a form of satisfaction."),
}
_MATTERS: Words = {
    "rounds": ("巡检", "Rounds"),
    "devices": ("设备", "Devices"),
    "problems": ("发现的问题", "Problems"),
    "services": ("业务系统可用率", "Availability"),
    "faults": ("故障", "Faults"),
    "findings": ("隐患", "Findings"),
    "vulnerabilities": ("漏洞", "Vulnerabilities"),
    "capacity": ("容量", "Capacity"),
    "backups": ("数据备份", "Backups"),
    "scans": ("漏洞扫描", "Scans"),
}
_SUMS: Words = {
    "rounds": (
        "应巡检 {n} 轮，已结案 {closed} 轮，其中全部查看 {whole} 轮；应检 {due} 项次，已检 {done}，"
        "漏检 {missed}，未能查看 {errors}",
        "{n} rounds due, {closed} closed, {whole} of these whole; {due} looks due, {done} done,"
        " {missed} missed, {errors} could not be taken",
    ),
    "devices": (
        "在册 {n} 台(个)，本期巡检到 {seen}，未巡检到 {unseen}",
        "{n} on the books, {seen} inspected, {unseen} not",
    ),
    "problems": (
        "异常 {crit} 项，预警 {warn} 项，未知 {unknown} 项(同一对象同一结果项计一次)",
        "{crit} critical, {warn} warning, {unknown} unknown (each object and reading once)",
    ),
    "services": (
        "{n} 个业务系统，有测量 {measured} 个；有约定目标 {promised} 个，可证明达到 {met} 个",
        "{n} systems, {measured} measured; {promised} with a target, {met} of these provably reach it",
    ),
    "lowest": ("；可证明可用率最低: {name} {low}", "; least provable: {name} {low}"),
    "faults": (
        "本期发生 {n} 起，合计历时 {span}；有时限超时 {late} 起，尚未恢复 {open} 起",
        "{n} began in it, {span} in all; {late} with a clock exceeded, {open} not restored yet",
    ),
    "provisional": (
        " (历时为暂计: 尚未恢复的计至成文时；恢复可用后须稳定满规定时间才算恢复)",
        " (the time is provisional: what is not restored counts up to the document's instant; what is up"
        " again counts as restored only once it was up for the time that the rules want)",
    ),
    "lives": (
        "新增 {new}，关闭 {closed}，期末未结 {open}(其中超时 {late})",
        "{new} new, {closed} closed, {open} open at the end ({late} of these too late)",
    ),
    "capacity": (
        "监测 {n} 处，{days} 天内可能占满或已满 {soon} 处",
        "{n} places watched, {soon} full or likely to be within {days} days",
    ),
    "fullest": ("；占用最高: {place} {share}", "; fullest: {place} {share}"),
    "backups": (
        "{n} 个备份对象，应备 {slots} 次，有效 {good} 次，逾期 {late} 次，缺失 {missed} 次",
        "{n} objects, {slots} due, {good} good, {late} late, {missed} missed",
    ),
    "scans": (
        "导入报告 {n} 份({series} 组)，期末未修复: {grave}",
        "{n} reports of {series} series; left open: {grave}",
    ),
}
_STATISTICS: Words = {
    "event": ("事件(故障)", "Events (faults)"),
    "problem": ("问题(隐患)", "Problems (findings)"),
    "flaw": ("漏洞", "Vulnerabilities"),
    "configuration": ("配置变化(与基线不符)", "Configuration (drift from baseline)"),
    "change": ("变更申请", "Changes asked for"),
    "release": ("发布", "Releases"),
    "mean": (
        "完成: 已恢复；超时: 有时限超时；平均历时 {mean}",
        "finished: restored; amiss: a clock exceeded; mean {mean}",
    ),
    "findings": (
        "完成: 已复核关闭；超时: 超过整改期限",
        "finished: closed by a later look; amiss: past its limit",
    ),
    "flaws": (
        "完成: 复扫已修复或已缓解；超时: 超过修复期限",
        "finished: fixed or mitigated; amiss: past its limit",
    ),
    "drifts": (
        "完成: 事前有批准的变更；超时或未批准: 未经批准的变更",
        "finished: approved before; amiss: unapproved changes",
    ),
    "changes": (
        "本期提出的变更申请；完成: 已批准；未批准: 未见批准",
        "asked for in the period; finished: approved; amiss: no approval",
    ),
}
_SURVEY: Words = {
    "form": ("满意度评价表", "form of satisfaction"),
    "none": ("未填报", "not filed"),
    "late": ("迟填", "filed late"),
    "row": ("第 {n} 项", "row {n}"),
    "points": ("得分", "points"),
    "percent": ("满意度", "satisfaction"),
}
_VERDICTS: Words = {
    "ok": ("未见异常", "nothing amiss seen"),
    "warn": ("有预警", "warnings"),
    "crit": ("有异常或未结隐患", "critical or open findings"),
    "unknown": ("部分未知", "partly unknown"),
    "unseen": ("本期未巡检到", "not inspected"),
}
_COLUMNS: Words = {
    "j_matter": ("项目", "Matter"),
    "j_found": ("情况", "What was found"),
    "j_stretch": ("时段", "Stretch"),
    "j_rounds_of": ("巡检 已结案/全部", "Rounds closed / all"),
    "j_looks_of": ("巡检项次 已检/应检", "Looks done / due"),
    "j_bad_of": ("问题 异常/预警/未知", "Problems critical / warning / unknown"),
    "j_faults_of": ("故障数", "Faults"),
    "j_down_of": ("故障合计历时", "Faults in all"),
    "j_new_closed": ("隐患 新增/关闭", "Findings new / closed"),
    "j_lowest": ("可证明可用率最低的系统", "System with the least provable"),
    "j_cpu_mean": ("处理器 平均", "Processor, mean"),
    "j_memory_mean": ("内存 平均", "Memory, mean"),
    "j_measure": ("指标", "Measure"),
    "j_least": ("最小", "Least"),
    "j_mean": ("平均", "Mean"),
    "j_most": ("最大", "Most"),
    "j_mean_before": ("上期平均", "Mean before"),
    "j_change": ("较上期", "Change"),
    "j_evidence_most": ("最大值的证据", "Evidence of the most"),
    "j_model": ("类别、型号、序列号", "Kind, model, serial"),
    "j_location": ("位置", "Location"),
    "j_cpu": ("处理器 平均/最大", "Processor mean / most"),
    "j_memory": ("内存 平均/最大", "Memory mean / most"),
    "j_disk": ("磁盘 平均/最大", "Disk mean / most"),
    "j_open_all": ("隐患 未结/全部", "Findings open / all"),
    "j_verdict": ("评价(按记录)", "Verdict (by the records)"),
    "j_problem": ("问题", "Problem"),
    "j_gravity": ("程度", "Gravity"),
    "j_measure_by_hand": ("整改措施(人工填写)", "Measures (by hand)"),
    "j_stat": ("类别", "Kind"),
    "j_finished": ("完成", "Finished"),
    "j_amiss": ("超时或未批准", "Late or unapproved"),
    "j_share_amiss": ("占比", "Share"),
    "j_detail": ("说明", "What it counts"),
    "j_answer": ("评价(填报)", "Answer (as filed)"),
    "j_remark": ("备注", "Remarks"),
}

MORE: Words = {
    **{f"doc.part.{key}": words for key, words in _PARTS.items()},
    **{f"doc.none.{key}": words for key, words in _NONE.items()},
    **{f"doc.matter.{key}": words for key, words in _MATTERS.items()},
    **{f"doc.sum.{key}": words for key, words in _SUMS.items()},
    **{f"doc.stat.{key}": words for key, words in _STATISTICS.items()},
    **{f"doc.survey.{key}": words for key, words in _SURVEY.items()},
    **{f"doc.verdict.{key}": words for key, words in _VERDICTS.items()},
    **{f"col.{key}": words for key, words in _COLUMNS.items()},
    "doc.days": ("{n} 天", "{n} days"),
    "doc.days_of": ("{first} 至 {last}(共 {n} 天)", "{first} to {last} ({n} days)"),
    "doc.period.cycle": ("第 {n} 考核周期", "cycle {n}"),
    "doc.period.year": ("第 {n} 服务年度", "year {n}"),
    "doc.fact.project": ("项目", "Project"),
}
