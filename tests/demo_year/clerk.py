"""A second calculation of the three scorecards, by hand and without packs, line by line from the contracts.

It takes the `input` and `options` of a case (spelled as docs/packs says) and gives what `expect` holds.
Nothing of it is shared with the product: two that agree have read the contract alike.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction as F

CENTRE, CITY, HALL = 133_000, 2_545_000, 1_342_000  # a month in Luohe, the totals of Pingdingshan and Huai'an


def fen(yuan):
    """Yuan to the fen, half up, as text."""
    exact = Decimal(yuan.numerator) / Decimal(yuan.denominator) if isinstance(yuan, F) else Decimal(yuan)
    if isinstance(yuan, F):  # exactly, however long the quotient
        cents = yuan * 100
        whole = abs(cents.numerator) * 2 + cents.denominator
        exact = Decimal(whole // (2 * cents.denominator)) / 100 * (-1 if cents < 0 else 1)
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def told(points):
    """Points as text with up to six decimals, half up."""
    million = points * 1_000_000
    whole = (abs(million.numerator) * 2 + million.denominator) // (2 * million.denominator)
    text = f"{whole // 1_000_000}.{whole % 1_000_000:06d}".rstrip("0").rstrip(".")
    return ("-" if million < 0 and whole else "") + text


def clip(points):
    """Not below nought."""
    return max(F(0), points)


def weeks(days, literal):
    """How often, by ISO weeks or by the letter."""
    if literal:
        return len(days)
    return len({date.fromisoformat(str(day)).isocalendar()[:2] for day in days})


def four(of, what, literal):
    """At most four of the days that are given; what is left out costs nothing."""
    return F(4) if of.get(what) is None else F(min(4, weeks(of[what], literal)))


# Luohe


def luohe(given, options):
    """A month, or the months of a payment period."""
    if "months" not in given:
        return luohe_month(given, options)[0]
    done = [luohe_month(month, options) for month in given["months"]]
    paid = sum((net for _, net in done), F(0))
    return {
        "months": [shown for shown, _ in done],
        "period_payment": fen(clip(paid)),
        "shortfall": fen(clip(-paid)),
    }


def luohe_month(given, options):
    """The month as shown, and its net exactly."""
    fee = F(given.get("fee", CENTRE))
    units = [luohe_unit(unit, options.get("count") == "literal") for unit in given["units"]]
    mean = sum((sum(lines.values()) for lines in units), F(0)) / len(units)
    deducted = sum((F(str(one["points"])) for one in given.get("deductions") or ()), F(0))
    total = clip(mean - deducted)
    grade, share = next(
        (word, part)
        for least, word, part in (
            (90, "优秀", F(1)),
            (80, "良好", F(95, 100)),
            (70, "一般", F(80, 100)),
            (-1, "较差", F(0)),
        )
        if total >= least
    )
    fines = sum(
        (
            F(str(one["yuan"])) if "yuan" in one else fee * F(str(one["percent"])) / 100
            for one in given.get("fines") or ()
        ),
        F(0),
    )
    net = fee * share - fines
    shown = {
        "units": [
            {**{name: told(points) for name, points in one.items()}, "sum": told(sum(one.values()))}
            for one in units
        ],
        "mean": told(mean),
        "deducted": told(deducted),
        "total": told(total),
        "grade": grade,
        "fee_after_grade": fen(fee * share),
        "fines": fen(fines),
        "net": fen(net),
    }
    return shown, net


def luohe_unit(unit, literal):
    """The seven lines."""
    satisfaction = unit.get("satisfaction")
    docs = unit.get("docs")
    late = unit.get("late_faults") or ()
    holes = unit.get("late_vulns") or {}
    lines = {"satisfaction": F(30) if satisfaction is None else F(str(satisfaction))}
    if unit.get("kind") == "line_rental":
        lines.update(visit=F(8), inspection=F(8), backup=F(4), scan=F(10))
    else:
        systems = unit.get("systems") or ()
        lines["visit"] = F(8 if unit.get("visits", 1) >= 1 else 0)
        lines["inspection"] = 2 * four(unit, "inspections", literal)
        backups = [four(one, "backups", literal) for one in systems]
        scans = [F(10 if one.get("scans", 1) >= 1 else 0) for one in systems]
        lines["backup"] = sum(backups, F(0)) / len(backups) if backups else F(4)
        lines["scan"] = sum(scans, F(0)) / len(scans) if scans else F(10)
    lost = sum(10 if level in (1, 2) else 5 for level in late)
    lost += 10 * holes.get("critical", 0) + 5 * holes.get("high", 0) + holes.get("medium_low", 0)
    lines["incidents"] = clip(F(30 - lost))
    lines["docs"] = F(10) * docs["present"] / docs["required"] if docs and docs["required"] else F(10)
    return lines


# Pingdingshan


def pingdingshan(given, options):
    """A cycle, or the year."""
    if "cycles" not in given:
        return pingdingshan_cycle(given, options)[0]
    whole = F(given.get("contract_total", CITY))
    done = [pingdingshan_cycle({"contract_total": whole, **cycle}, options) for cycle in given["cycles"]]
    cycles = sum((lost for _, lost in done), F(0))
    promises = whole * 3 / 100 * given.get("promises_missed_total", 0)
    blamed = F(10_000 * given.get("blamed_by_superior", 0))
    every = min(cycles + promises + blamed, whole)
    return {
        "cycles": [shown for shown, _ in done],
        "cycle_deductions": fen(cycles),
        "promise_deductions": fen(promises),
        "blame_deductions": fen(blamed),
        "all_deductions": fen(every),
        "final_payment": fen(clip(whole / 2 - every)),
        "repayable": fen(clip(every - whole / 2)),
    }


def pingdingshan_cycle(given, options):
    """The cycle as shown, and its deduction exactly."""
    whole = F(given.get("contract_total", CITY))
    response, onsite = given.get("response") or {}, given.get("onsite") or {}
    support, security = given.get("support") or {}, given.get("security") or {}
    half = given.get("half_year_end", False)
    faults = [one["level"] for one in given.get("faults") or () if one.get("vendor_cause", True)]
    refusal = options.get("refusal_points", 2)
    lines = {
        "inspection": clip(F(5 - given.get("weeks_required", 0) + given.get("weeks_inspected", 0))),
        "special": clip(F(5 - 2 * (given.get("special_required", 0) - given.get("special_done", 0)))),
        "defects": F(5 if given.get("defect_reports", 1) >= 1 else 0),
        "drill": F(0 if half and not given.get("drill_done", True) else 5),
        "training": F(0 if half and not given.get("training_done", True) else 5),
        "faults": F(20 - sum({1: 20, 2: 15, 3: 10, 4: 5}[level] for level in faults)),
        "security": F(
            20
            - 20 * security.get("major", 0)
            - 5 * security.get("notified", 0)
            - 3 * security.get("reminded", 0)
            - 2 * security.get("hazards", 0)
        ),
        "response": clip(
            F(
                15
                - response.get("no_support", 0)
                - response.get("not_restored", 0)
                - sum(response.get("report_late_days") or ())
            )
        ),
        "onsite": clip(
            F(
                10
                - onsite.get("absences", 0)
                - refusal * onsite.get("refusals", 0)
                - onsite.get("unreachable", 0) // 3
            )
        ),
        "support": clip(
            F(10 - 2 * support.get("promises_missed", 0) - 3 * support.get("late_optimisations", 0))
        ),
    }
    lines["inspection"] = min(lines["inspection"], F(5))
    lines["special"] = min(lines["special"], F(5))
    total = sum(lines.values(), F(0))
    rate = next(part for least, part in ((95, 0), (85, 5), (80, 10), (-(10**9), 20)) if total >= least)
    lost = whole * rate / 100
    shown = {
        "lines": {name: int(points) for name, points in lines.items()},
        "total": int(total),
        "rate": rate,
        "deduct": fen(lost),
    }
    return shown, lost


# Huai'an


def huaian(given, options):
    """The year."""
    step = options.get("step", "ceil")
    reach, liked = F(str(given["availability"])), F(str(given["satisfaction"]))

    def steps(short, size):
        if short <= 0:
            return F(0)
        exact = short / size
        return exact if step == "linear" else F(exact.__ceil__() if step == "ceil" else exact.__floor__())

    months = given.get("missed_months", 0) * F(str(options.get("missed_month", 2)))
    lines = {
        "availability": 15 - steps(F("99.9") - reach, F("0.1")),
        "process": F(10 - 2 * given.get("process_missing", 0)),
        "handling": F(10 - 2 * given.get("incidents_late", 0)),
        "inspection": 10 - 2 * given.get("risks_not_fixed", 0) - months,
        "documents": F(5 - given.get("documents_missing", 0)),
        "protection": F(5 - given.get("vulnerabilities_found", 0)),
        "vuln_fix": F(5 - given.get("vulnerabilities_late", 0)),
        "events": F(5 - 2 * given.get("events_late_or_open", 0)),
        "plans": F(5 - 2 * given.get("plans_missing", 0)),
        "key_moments": F(5 - 2 * given.get("key_moment_faults", 0)),
        "emergency": F(5 - 2 * given.get("emergencies_late", 0)),
        "satisfaction": 20 - steps(90 - liked, F(1)),
    }
    lines = {name: clip(points) for name, points in lines.items()}
    total = sum(lines.values(), F(0))
    due = F(HALL) if total >= 90 else HALL * total / 90
    veto = ["availability<95"] * (reach < 95) + ["satisfaction<60"] * (liked < 60)
    if veto:  # the second half may be refused
        due = min(due, F(HALL, 2))
    return {
        "lines": {name: told(points) for name, points in lines.items()},
        "total": told(total),
        "veto": veto,
        "payable_total": fen(due),
        "final_payment": fen(clip(due - F(HALL, 2))),
        "repayable": fen(clip(F(HALL, 2) - due)),
    }


SCHEMES = {"luohe_monthly": luohe, "pds_quarterly": pingdingshan, "huaian_yearly": huaian}
