"""The long runs use the harness of tests/e2e; `make fuzz` runs them."""

from parts import loaded

_module = loaded("e2e/conftest.py")

e2e = _module.e2e
site = _module.site
rounds = _module.rounds
small_bundle = _module.small_bundle
small_disk = _module.small_disk
small_site = _module.small_site
