"""Words of the checks in `checks/file`: code word -> (Chinese, English); `codes` merges them."""

READINGS: dict[str, tuple[str, str]] = {
    "logs": ("日志", "Logs"),
    "stack_traces": ("异常堆栈条数", "Stack traces"),
}

REASONS: dict[str, tuple[str, str]] = {}

OTHER: dict[str, tuple[str, str]] = {}
