"""The long runs use the harness of tests/e2e; `make fuzz` runs them."""

import importlib.util
from pathlib import Path

_path = Path(__file__).parents[1] / "e2e" / "conftest.py"
_spec = importlib.util.spec_from_file_location("fuzz_e2e_conftest", _path)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)

e2e = _module.e2e
site = _module.site
rounds = _module.rounds
load_beside = _module.load_beside
small_bundle = _module.small_bundle
small_disk = _module.small_disk
small_site = _module.small_site
