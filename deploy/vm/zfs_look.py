"""What virtual.zfs reads on this machine, as one line of JSON: facts and readings, or the error."""

import json

from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks import registry
from checks.api import ObservationError, Seen
from checks.codec import to_json

check = registry.get("virtual.zfs")
params = check.params()
try:
    seen = Seen(check.observe(open_host(Transient()), params), 0)
    said = [[one.name, to_json(one.value), one.state.value, one.reason] for one in check.judge(seen, params)]
    print(json.dumps({"facts": to_json(seen.facts), "readings": said}))
except ObservationError as problem:
    print(json.dumps({"error": problem.kind.value, "detail": problem.detail}))
