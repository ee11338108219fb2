"""Which contract lines a problem breaks: those that the policy cites and that speak of its topic."""

from functools import lru_cache

# Topics of the lines we know (contracts of Huai'an, Luohe and Pingdingshan). A line that stands here not
# at all is cited for every problem of its object: better once too often than never.
TOPICS: dict[str, frozenset[str]] = {
    "HA-05": frozenset({"made"}),
    "HA-06": frozenset({"made", "full", "kept"}),
    "HA-07": frozenset({"made", "incremental", "kept", "chain"}),
    "HA-08": frozenset({"made", "full", "incremental", "copy"}),
    "HA-09": frozenset({"made", "time"}),
    "HA-10": frozenset({"drill", "true"}),
    "HA-11": frozenset({"sealed", "access"}),
    "HA-12": frozenset({"drill", "rto"}),
    "HA-19": frozenset({"made", "full", "incremental", "true", "whole"}),
    "LH-15": frozenset({"event"}),
    "LH-19": frozenset({"drill"}),
    "LH-32": frozenset({"made", "full", "incremental", "whole"}),
    "PD-05": frozenset({"made", "full", "incremental", "whole", "true", "chain", "drill", "kept"}),
    "PD-36": frozenset({"made", "full", "incremental", "whole"}),
    "PD-42": frozenset({"made", "full", "incremental", "whole"}),
}
_BY_REASON: dict[str, frozenset[str]] = {
    **dict.fromkeys(("vanished", "retention_short", "eating_good"), frozenset({"kept"})),
    **dict.fromkeys(("not_in_policy",), frozenset({"made"})),
    **dict.fromkeys(("late", "from_the_future"), frozenset({"time"})),
    **dict.fromkeys(
        ("copy_missing", "copy_differs", "copy_not_elsewhere", "copy_behind"), frozenset({"copy"})
    ),
    **dict.fromkeys(
        ("open_to_others", "parent_writable", "wrong_owner", "deletable", "plain_transport"),
        frozenset({"access"}),
    ),
    **dict.fromkeys(("orphan", "wrong_parent", "link_damaged", "gap"), frozenset({"chain", "kept"})),
    **dict.fromkeys(("overran",), frozenset({"rto"})),
    **dict.fromkeys(
        ("does_not_open", "inner_empty", "inner_damaged"), frozenset({"sealed", "whole", "true"})
    ),
    **dict.fromkeys(("missing",), frozenset({"whole", "time"})),
}
# What is wrong with an artefact itself is as if it had not been made.
_BY_LEVEL: dict[int, frozenset[str]] = {
    0: frozenset({"whole"}),
    1: frozenset({"whole", "time"}),
    2: frozenset({"access"}),
    3: frozenset({"whole", "true"}),
    4: frozenset({"whole"}),
    5: frozenset({"sealed"}),
    6: frozenset({"chain"}),
    7: frozenset({"true", "whole"}),
    8: frozenset({"drill"}),
    9: frozenset({"drill", "rto"}),
}


@lru_cache(maxsize=4096)
def broken(cited: tuple[str, ...], reason: str, level: int, role: str) -> tuple[str, ...]:
    """Lines of `cited` that a problem with this reason breaks. `role`: full, incremental or event where the
    artefact or slot has one: an artefact that is no good is none of its schedule."""
    topics = _BY_REASON.get(reason, _BY_LEVEL.get(level, frozenset()))
    if role and "whole" in topics:
        topics |= {role}
    return tuple(line for line in cited if line not in TOPICS or TOPICS[line] & topics)
