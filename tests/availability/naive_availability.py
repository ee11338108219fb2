"""The second implementation: one byte per second of the period, every rule written down as the text says it.

It reads the same spelling of a case as the case file, in whole seconds, and shares no code with the engine.
Slow on purpose: nothing is merged, nothing is remembered, nothing is skipped.
"""

from fractions import Fraction

DOWN, DEGRADED, UP, NONE = 0, 1, 2, 3
OUT = {"fail": DOWN, "degraded": DEGRADED, "ok": UP}
STATE = {"down": DOWN, "degraded": DEGRADED, "up": UP, "none": NONE}
NAMES = ("up", "degraded", "down", "unknown", "maintenance", "other_excluded", "off_hours", "not_in_service")


def observations(check, as_of):
    """{vantage: [(t, outcome)]} without errors and without what had not arrived."""
    latest = {}
    for probe in check["probes"]:
        times = probe["at"] if "at" in probe else range(probe["from"], probe["to"], probe["every"])
        for t in times:
            t -= probe.get("clock_ahead", 0)
            latest[probe.get("v", ""), t] = (probe["out"], probe.get("arrives", t))
    out = {}
    for (vantage, t), (outcome, arrives) in sorted(latest.items()):
        seen = out.setdefault(vantage, [])
        if outcome != "error" and (as_of is None or arrives <= as_of):
            seen.append((t, OUT[outcome]))
    return out


def confirmed(seen, hold, confirm):
    """Outcomes after cancelling, and the blips as (first, next)."""
    out = [outcome for _, outcome in seen]
    blips = []
    for i, (t, outcome) in enumerate(seen):
        starts = i == 0 or seen[i - 1][1] != DOWN or t - seen[i - 1][0] >= hold
        if outcome != DOWN or not starts:
            continue
        k = i
        while k + 1 < len(seen) and seen[k + 1][1] == DOWN and seen[k + 1][0] - seen[k][0] < hold:
            k += 1
        ended = k + 1 < len(seen) and seen[k + 1][1] != DOWN and seen[k + 1][0] - seen[k][0] < hold
        if k - i + 1 < confirm and ended:
            blips.append((seen[i][0], seen[k + 1][0]))
            for j in range(i, k + 1):
                out[j] = seen[k + 1][1]
    return out, blips


def fill(length, seen, hold, read):
    """A byte for each second: what `read(i)` says from observation i on, for hold seconds at most."""
    line = bytearray([NONE]) * length
    for i, (t, _) in enumerate(seen):
        until = t + hold
        if i + 1 < len(seen):
            until = min(until, seen[i + 1][0])
        for second in range(max(t, 0), min(until, length)):
            line[second] = read(i)
    return line


def vantage_lines(length, seen, hold, confirm):
    """(estimate, worst, best, blips) of one vantage point."""
    after, blips = confirmed(seen, hold, confirm)

    def neighbour(i):
        return i + 1 < len(seen) and seen[i + 1][0] - seen[i][0] < hold

    def worst(i):
        return min(seen[i][1], seen[i + 1][1]) if neighbour(i) else seen[i][1]

    def best(i):
        return max(after[i], after[i + 1]) if neighbour(i) else after[i]

    reads = (lambda i: after[i], worst, best)
    return [fill(length, seen, hold, read) for read in reads], blips


def vote(states, rule, least):
    """3.4, word by word."""
    r = [s for s in states if s != NONE]
    if len(r) < least or not r:
        return NONE
    f, u = r.count(DOWN), r.count(UP)
    if rule == "any_fail":
        return min(r)
    if rule == "all_fail":
        return DOWN if f == len(r) else UP if u > 0 else DEGRADED
    return DOWN if 2 * f > len(r) else UP if 2 * u > len(r) else DEGRADED


def compose(node, states):
    """3.6 over plain states."""
    if isinstance(node, str):
        return states[node]
    ((kind, below),) = node.items()
    if kind == "all":
        return min(compose(part, states) for part in below)
    if kind == "any":
        return max(compose(part, states) for part in below)
    if kind == "quorum":
        values = [(compose(part, states), 1) for part in below["of"]]
    else:
        values = [(states[name], weight) for name, weight in below["of"].items()]
    if sum(w for s, w in values if s == UP) >= below["up"]:
        return UP
    return DEGRADED if sum(w for s, w in values if s >= DEGRADED) >= below["degraded"] else DOWN


def service_state(node, states, need):
    lo = compose(node, {name: DOWN if s == NONE else s for name, s in states.items()})
    hi = compose(node, {name: UP if s == NONE else s for name, s in states.items()})
    if lo >= need:
        return "up" if lo == UP else "degraded"
    return "down" if hi < need else "unknown"


def asks_host(states, checks):
    """Hosts first, to any depth: as often as there are checks is enough."""
    out = dict(states)

    def state(name):
        if out[name] == NONE and "host" in checks[name] and state(checks[name]["host"]) == DOWN:
            return DOWN
        return out[name]

    return {name: state(name) for name in out}


def in_hours(hours, second, weekday, start):
    """t0 is `start` seconds after a local midnight of that weekday; no daylight saving here."""
    minute, day = divmod(start + second, 86400)[1] // 60, (weekday + (start + second) // 86400) % 7
    for opens, closes in hours["ranges"]:
        a, b = (int(text[:2]) * 60 + int(text[3:]) for text in (opens, closes))
        if b > a:
            if day in hours["days"] and a <= minute < b:
                return True
        elif (day in hours["days"] and minute >= a) or ((day - 1) % 7 in hours["days"] and minute < b):
            return True
    return False


def excluded(case, second):
    """The set of reasons why a second may not count."""
    params = case.get("params", {})
    why = set()
    if any(a <= second < b for a, b in case.get("not_in_service", [])):
        why.add("not_in_service")
    if "hours" in case and not in_hours(case["hours"], second, case["weekday"], case["start"]):
        why.add("off_hours")
    for window in case.get("windows", []):
        if not window["from"] <= second < window["to"]:
            continue
        if window["kind"] == "maintenance":
            approved = window.get("approved_at")
            if approved is not None and second >= approved + params.get("min_notice", 0):
                why.add("maintenance")
        elif window["status"] == "approved":
            why.add("other_excluded")
    return why


def final(cls, why, scope):
    for name in ("not_in_service", "off_hours"):
        if name in why:
            return name
    for name in ("maintenance", "other_excluded"):
        if name in why and (scope == "all" or cls in ("down", "unknown")):
            return name
    return cls


def classes(case, length, lines):
    """Final class of every second; `lines` are {check: {vantage: bytes}} or {check: bytes}."""
    params = case.get("params", {})
    need = UP if params.get("available_if") == "up" else DEGRADED
    scope = params.get("exclude_scope", "all")
    left = params.get("maintenance_cap_s")
    out = []
    for second in range(length):
        states = {}
        for name, line in lines.items():
            if isinstance(line, dict):
                votes = [line[v][second] for v in sorted(line)]
                states[name] = vote(
                    votes, params.get("vantage_rule", "majority"), params.get("min_vantages", 1)
                )
            else:
                states[name] = line[second]
        measured = service_state(case["service"], asks_host(states, case["checks"]), need)
        why = excluded(case, second)
        cls = final(measured, why, scope)
        if cls == "maintenance" and left is not None:
            if left == 0:
                cls = final(measured, why - {"maintenance"}, scope)
            else:
                left -= 1
        out.append(cls)
    return out


def merged_faults(line, merge_gap, min_fault):
    """[start, end, down, degraded, level] with Pingdingshan's thresholds."""
    out, up = [], 0
    for second, cls in enumerate(line):
        if cls == "up":
            up += 1
        if cls not in ("down", "degraded"):
            continue
        if not out or up > merge_gap:
            out.append([second, second + 1, 0, 0])
        up = 0
        out[-1][1] = second + 1
        out[-1][2 if cls == "down" else 3] += 1
    return [[*fault, level(fault[2], fault[2] + fault[3], min_fault)] for fault in out]


def level(t, q, min_fault):
    if t > 18000:
        return 1
    if t > 3600 or q > 7200:
        return 2
    if t > 1200 or q > 3600:
        return 3
    return 4 if q >= min_fault else None


def text(part, whole):
    """Six decimals of a percentage by long division."""
    if whole == 0:
        return None
    quotient, rest = divmod(Fraction(part) * 100 / Fraction(whole), 1)
    digits = ""
    for _ in range(6):
        digit, rest = divmod(rest * 10, 1)
        digits += str(digit)
    return f"{quotient}.{digits}"


def used(node, checks):
    """Names in the tree and the hosts they ask."""
    if isinstance(node, str):
        host = checks[node].get("host")
        return {node} | (used(host, checks) if host else set())
    ((_, below),) = node.items()
    parts = below if isinstance(below, list) else list(below["of"])
    return set().union(*(used(part, checks) for part in parts))


def evaluate(case, as_of=None):
    """What a case comes to: buckets, percentages, bounds, faults, blips, verdict."""
    params = case.get("params", {})
    length = case["len"] if as_of is None else max(0, min(as_of, case["len"]))
    scenarios, blips = [{}, {}, {}], []
    wanted = used(case["service"], case["checks"])
    for name, check in case["checks"].items():
        if name not in wanted:
            continue
        if "probes" in check:
            hold = check.get("hold", params.get("hold", 150))
            confirm = check.get("confirm", params.get("confirm", 1))
            for vantage, seen in observations(check, as_of).items():
                lines, found = vantage_lines(length, seen, hold, confirm)
                blips += [blip for blip in found if blip[0] < length and blip[1] > 0]
                for scenario, line in zip(scenarios, lines, strict=True):
                    scenario.setdefault(name, {})[vantage] = line
        else:
            line = bytearray([STATE[check.get("base", "up")]]) * length
            for a, b, state in check.get("intervals", []):
                for second in range(max(a, 0), min(b, length)):
                    line[second] = STATE[state]
            for scenario in scenarios:
                scenario[name] = line
    made = [classes(case, length, scenario) for scenario in scenarios]
    return answer(made, params, sorted(blips))


def answer(made, params, blips):
    sums = {name: made[0].count(name) for name in NAMES}
    a, d, x = sums["up"] + sums["degraded"], sums["down"], sums["unknown"]
    p = Fraction(params.get("target", "99.9")) / 100
    cap = Fraction(str(params.get("unknown_cap_budget", "0.1"))) * (1 - p) * (a + d + x)
    bottom = a + d + max(0, x - cap)
    counted = [
        line.count("up") + line.count("degraded") + line.count("down") + line.count("unknown")
        for line in made
    ]
    down_max, down_min = made[1].count("down"), made[2].count("down")
    if not counted[1] and not counted[2]:
        verdict = "no figure"
    elif down_max + made[1].count("unknown") <= (1 - p) * counted[1]:
        verdict = "met"
    else:
        verdict = "missed" if down_min > (1 - p) * counted[2] else "within uncertainty"
    return sums | {
        "known": text(a, a + d),
        "low": text(a, a + d + x),
        "high": text(a + x, a + d + x),
        "coverage": text(a + d, a + d + x),
        "score": text(a, bottom),
        "down_min": down_min,
        "down_max": down_max,
        "meets": None if bottom == 0 else Fraction(a) >= p * bottom,
        "verdict": verdict,
        "faults": merged_faults(made[0], params.get("merge_gap", 60), params.get("min_fault", 60)),
        "blips": [list(blip) for blip in blips],
    }
