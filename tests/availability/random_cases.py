"""Random cases in the spelling of the case file, small enough for the one-byte-per-second implementation."""

from datetime import datetime, timedelta, timezone

MONDAY = datetime(2026, 3, 2, tzinfo=timezone(timedelta(hours=8)))


def random_case(rng):
    length = rng.choice((120, 240, 400))
    names = [f"c{i}" for i in range(rng.randint(1, 3))]
    checks = {name: _check(rng, length) for name in names}
    for i, name in enumerate(names[1:], 1):
        if rng.random() < 0.3:
            checks[name]["host"] = rng.choice(names[:i])
    weekday, start = rng.randrange(7), rng.choice((0, 120, 3600, 86400 - 120, 86400 - 60))
    case = {
        "id": "random",
        "t0": (MONDAY + timedelta(days=weekday, seconds=start)).isoformat(),
        "len": length,
        "params": _params(rng),
        "checks": checks,
        "service": _tree(rng, names, 2),
        "windows": [_window(rng, length, i) for i in range(rng.choice((0, 0, 1, 2, 3)))],
        "not_in_service": [_span(rng, length) for _ in range(rng.choice((0, 0, 0, 1, 2)))],
        "faults": True,
    }
    if rng.random() < 0.3:
        case["hours"] = _hours(rng, start)
    if rng.random() < 0.4:
        case["as_of"] = rng.randint(-5, length + 20)
    return case, weekday, start


def _params(rng):
    params = {
        "hold": rng.randint(3, 40),
        "confirm": rng.randint(1, 3),
        "vantage_rule": rng.choice(("majority", "any_fail", "all_fail")),
        "min_vantages": rng.choice((1, 1, 1, 2)),
        "available_if": rng.choice(("degraded", "up")),
        "target": rng.choice(("99.9", "95", "80", "99.999")),
        "unknown_cap_budget": rng.choice((0, 0.1, 1, 3)),
        "exclude_scope": rng.choice(("all", "down_only")),
        "min_notice": rng.choice((0, 0, 20)),
        "merge_gap": rng.choice((0, 5, 20)),
        "min_fault": rng.choice((1, 10, 30)),
    }
    if rng.random() < 0.2:
        params["maintenance_cap_s"] = rng.randint(0, 60)
    return params


def _span(rng, length):
    start = rng.randint(-20, length)
    return [start, start + rng.randint(0, length // 2)]


def _window(rng, length, i):
    start, end = _span(rng, length)
    kind = rng.choice(("maintenance", "maintenance", "force_majeure", "third_party"))
    window = {"id": f"W{i}", "kind": kind, "from": start, "to": end}
    if kind != "maintenance":
        return window | {"status": rng.choice(("approved", "claimed"))}
    if rng.random() < 0.8:
        window["approved_at"] = rng.randint(-60, length)
    return window


def _hours(rng, start):
    minute = start // 60
    ranges = []
    for _ in range(rng.randint(1, 2)):
        a = (minute + rng.randint(-2, 4)) % 1440
        b = (a + rng.randint(1, 4)) % 1440
        ranges.append([f"{a // 60:02d}:{a % 60:02d}", f"{b // 60:02d}:{b % 60:02d}"])
    return {"tz": "Asia/Shanghai", "days": sorted(rng.sample(range(7), rng.randint(2, 7))), "ranges": ranges}


def _check(rng, length):
    if rng.random() < 0.15:
        states = ("down", "degraded", "up", "none")
        spans = [[*_span(rng, length), rng.choice(states)] for _ in range(rng.randint(0, 4))]
        return {"base": rng.choice(("up", "up", "down", "none")), "intervals": spans}
    check = {"probes": []}
    for vantage in ("a", "b", "c")[: rng.randint(1, 3)]:
        check["probes"] += _probes(rng, length, vantage)
    if rng.random() < 0.2:
        check["hold"] = rng.randint(3, 30)
    if rng.random() < 0.2:
        check["confirm"] = rng.randint(1, 4)
    return check


def _probes(rng, length, vantage):
    every, out = rng.randint(2, 20), "ok"
    t = rng.randint(-30, 10)
    probes, ahead = [], rng.choice((0, 0, 0, 7, -4))
    while t < length + 30:
        if rng.random() < 0.25:
            out = rng.choice(("ok", "ok", "ok", "fail", "fail", "degraded", "error"))
        probe = {"v": vantage, "at": [t + ahead], "out": out}
        if ahead:
            probe["clock_ahead"] = ahead
        if rng.random() < 0.15:
            probe["arrives"] = t + rng.randint(0, 120)
        probes.append(probe)
        t += rng.randint(1, 2 * every) if rng.random() < 0.95 else rng.randint(1, 80)
    if rng.random() < 0.2:
        probes.append(
            {"v": vantage, "at": [rng.randint(0, length)], "out": rng.choice(("ok", "fail", "error"))}
        )
    return probes


def _tree(rng, names, depth):
    if depth == 0 or rng.random() < 0.25:
        return rng.choice(names)
    kind = rng.choice(("all", "any", "quorum", "weighted"))
    if kind == "weighted":
        up = rng.randint(1, 4)
        weights = {name: rng.randint(1, 3) for name in names}
        return {kind: {"up": up, "degraded": rng.randint(1, up), "of": weights}}
    parts = [_tree(rng, names, depth - 1) for _ in range(rng.randint(1, 3))]
    if kind == "quorum":
        up = rng.randint(1, len(parts))
        return {kind: {"up": up, "degraded": rng.randint(1, up), "of": parts}}
    return {kind: parts}
