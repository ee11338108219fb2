"""Words of backups: of checks in `checks/backup`, levels, outcomes, slots; `words` merges READINGS and so on.

A reason of `checks.artefacts.levels` that other checks use too stands in `words` or in their table.
"""

READINGS: dict[str, tuple[str, str]] = {
    # levels of an artefact: `NAME:present` … `NAME:usable`, and the grade it reaches
    "present": ("存在", "Present"),
    "fresh": ("时间正确", "Fresh"),
    "placed": ("位置与权限", "Placed"),
    "unchanged": ("未被改动", "Unchanged"),
    "well_formed": ("结构完整", "Well-formed"),
    "sealed": ("加密", "Sealed"),
    "connected": ("链条连续", "Connected"),
    "true": ("与源一致", "True to the source"),
    "restorable": ("可恢复", "Restorable"),
    "usable": ("恢复后可用", "Usable"),
    "level": ("达到级别", "Level reached"),
    # what else is counted of an artefact
    "bytes": ("大小", "Size"),
}

REASONS: dict[str, tuple[str, str]] = {
    # L0 present
    "nothing_inside": ("封装内没有内容", "nothing inside"),
    "unfinished": ("只有临时文件，未写完", "unfinished: only a temporary name"),
    "part_missing": ("缺少一部分", "a part is missing"),
    "not_in_policy": ("不在备份策略内", "no policy names it"),
    "vanished": ("未到期即消失", "vanished before its time"),
    "eating_good": ("清理策略正在删除完好的备份，而最新备份不可用", "good backups are purged while the newest are bad"),
    "retention_short": ("保留期不足，应可恢复的日期已不可恢复", "a promised day cannot be restored"),
    # L1 fresh
    "same_as_before": ("与上一份完全相同", "same as the one before"),
    "old_inside": ("内部时间早于应备份时间", "made earlier than its name says"),
    "from_the_future": ("时间在未来", "from the future"),
    "late": ("逾期", "late"),
    # L2 placed
    "copy_missing": ("缺少第二份", "second copy is missing"),
    "copy_differs": ("第二份与第一份不一致", "second copy differs"),
    "copy_not_elsewhere": ("第二份不在别处", "second copy is not elsewhere"),
    "copy_behind": ("第二份滞后", "second copy is behind"),
    "open_to_others": ("其他账号可读", "open to others"),
    "parent_writable": ("上级目录他人可写", "a directory above is writable by others"),
    "wrong_owner": ("属主不符", "owner is not as agreed"),
    "deletable": ("应被拒绝的账号可删除", "an account that must be refused was not"),
    "plain_transport": ("明文传输", "transported in the clear"),
    # L3 unchanged
    "manifest_edited": ("清单被改动", "manifest was edited"),
    "manifest_missing": ("缺少清单", "manifest is missing"),
    "shrunk": ("明显变小", "much smaller than it was"),
    "grown": ("明显变大", "much larger than it was"),
    # L4 well-formed
    "truncated": ("被截断", "cut off"),
    "damaged": ("已损坏", "damaged"),
    "trailing_bytes": ("末尾有多余字节", "bytes after its end"),
    "several_members": ("由多段拼接", "several members joined"),
    "error_text": ("内含报错文字", "error text inside"),
    "no_end_mark": ("缺少结束标记", "end mark is missing"),
    "unknown_format": ("格式无法识别", "unknown format"),
    "too_new": ("版本过新，恢复端无法读取", "too new for the host that would restore it"),
    "unsafe_names": ("含越界路径名", "unsafe path names"),
    "no_checksum": ("没有校验和", "without a checksum"),
    # L5 sealed
    "not_sealed": ("未加密", "not encrypted"),
    "weak_seal": ("加密强度不足", "weak encryption"),
    "no_integrity": ("加密但无完整性保护", "sealed without integrity"),
    "recipient_missing": ("缺少约定的解密方", "an agreed recipient is missing"),
    "does_not_open": ("无法解密", "does not open"),
    "opens_for_anybody": ("无密钥也能打开", "opens without the key"),
    "inner_empty": ("解密后为空", "empty once opened"),
    "inner_damaged": ("解密后内容损坏", "damaged once opened"),
    # L6 connected
    "orphan": ("上级备份缺失，无法使用", "its parent is gone"),
    "wrong_parent": ("上级备份不符", "belongs to another parent"),
    "link_damaged": ("链条中一环损坏", "a link of its chain is damaged"),
    "gap": ("日志有缺口", "gap in the logs"),
    "log_stopped": ("日志归档已停止", "log archiving has stopped"),
    "not_a_backup": ("运行中数据目录的拷贝，不是备份", "copy of a running data directory, no backup"),
    "wrong_repository": ("不是约定的备份仓库", "another repository"),
    "stale_lock": ("遗留锁", "stale lock"),
    # L7 true
    "no_fingerprint": ("没有源端指纹可比", "no fingerprint of the source"),
    "fingerprint_edited": ("指纹被改动", "fingerprint was edited"),
    "wrong_source": ("来自别的源", "of another source"),
    "nothing_in_it": ("没有任何表", "no tables at all"),
    "no_rows_at_all": ("只有结构，没有数据", "structure only, no rows"),
    "table_missing": ("缺少表", "table is missing"),
    "table_extra": ("多出表", "table that the source had not"),
    "rows_missing": ("缺少行", "rows are missing"),
    "rows_extra": ("多出行", "rows too many"),
    "rows_differ": ("行内容不一致", "rows differ"),
    "large_objects_missing": ("缺少大对象", "large objects are missing"),
    "large_objects_differ": ("大对象不一致", "large objects differ"),
    "globals_missing": ("未备份角色等全局对象", "roles and other globals are missing"),
    "files_missing": ("缺少文件", "files are missing"),
    "files_extra": ("多出文件", "files that the source had not"),
    "files_differ": ("文件内容不一致", "files differ"),
    "deletion_not_carried": ("源端删除未体现", "a deletion was not carried over"),
    # L8, L9
    "restore_failed": ("恢复失败", "restore failed"),
    "unreadable_after_restore": ("恢复后有数据无法读取", "unreadable after the restore"),
    "pages_damaged": ("恢复后数据页损坏", "damaged pages after the restore"),
    "rolled_back": ("恢复已回滚", "the restore was rolled back"),
    "wrong_target": ("恢复到了错误的实例", "restored into the wrong instance"),
    "not_drilled": ("从未恢复演练", "never tested by a restore"),
    "no_approval": ("恢复未经批准", "a restore without the approval it needed"),
    "wrong_answer": ("恢复后应用查询结果不符", "the application's questions were answered wrong"),
    "overran": ("超过约定恢复时间", "took longer than agreed"),
    # could not tell
    "not_read": ("未读取", "not read"),
    "no_key": ("没有密钥", "no key here"),
    "no_tool": ("缺少工具", "tool is not installed"),
    "needs_extension": ("缺少扩展", "needs an extension"),
    "needs_licence": ("缺少许可", "needs a licence"),
    "moving": ("正在变化", "it was changing"),
    "not_recorded": ("没有记录可比", "not recorded"),
    "unknown_word": ("状态词不认识", "unknown status word"),
    "no_network_cut": ("无法隔断网络，未演练", "the network could not be cut off"),
    "no_room": ("演练主机空间不足", "no room on the drill host"),
    "busy": ("另一项恢复演练正在进行", "another drill was under way"),
}

OTHER: dict[str, tuple[str, str]] = {
    # outcomes of a verdict
    "good": ("合格", "Good"),
    "bad": ("不合格", "Bad"),
    "could_not_tell": ("无法判定", "Could not tell"),
}
