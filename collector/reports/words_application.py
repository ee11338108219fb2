"""Words of the checks in `checks/application`: code word -> (Chinese, English); `words` merges them."""

READINGS: dict[str, tuple[str, str]] = {}

REASONS: dict[str, tuple[str, str]] = {}

OTHER: dict[str, tuple[str, str]] = {}
