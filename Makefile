# `make run` and `make test` are all a newcomer needs; both set up what they use.
.PHONY: run test lint bench clean setup setup-test vm-test zfs-test storage-test pictures wheels lock fuzz explore \
  demo-packages demo-estate demo-faults demo-idle demo-off bench-backup demo-backup demo-year
SHELL := /bin/bash
PY := .venv/bin/python
STAMP := .venv/.installed
TEST_STAMP := .venv/.installed-test

run: $(STAMP)
	@$(PY) deploy/local/run.py

$(STAMP): pyproject.toml deploy/requirements.lock deploy/setup.sh
	@bash deploy/setup.sh run
	@touch $@

$(TEST_STAMP): pyproject.toml deploy/requirements-dev.lock deploy/setup.sh deploy/test-packages.txt
	@bash deploy/setup.sh test
	@touch $@ $(STAMP)

setup: $(STAMP)
setup-test: $(TEST_STAMP)

# The fast subset: style, types, import contracts.
lint: $(TEST_STAMP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check agent checks collector deploy tests
	.venv/bin/mypy
	.venv/bin/lint-imports

# Everything that must hold: lint, the suite, the built wheel in environments of its own. A test with real processes that
# fails and passes when it is repeated is named as RERUN at the end: a defect still, of the test or of what it tests.
# Two processes share the folders of tests (tests/conftest.py), on one core too: many tests wait. make test JOBS=0 uses one.
JOBS ?= 2
test: lint
	.venv/bin/python -m pytest -n $(JOBS) --reruns 1 -raR $(PYTEST_ARGS)

# Each benchmark prints its figure in its last line; a bar that is missed makes the whole exit 1, at the end.
bench: $(TEST_STAMP)
	@missed=0; for b in tests/bench/bench_*.py; do echo "== $$b"; $(PY) $$b || missed=1; done; exit $$missed

# Longer than CI allows; each is its own target.
fuzz: $(TEST_STAMP)
	.venv/bin/python -m pytest --run-fuzz tests/fuzz $(PYTEST_ARGS)

# The tests over random examples, with new ones each time: make explore SEED=3 repeats a run.
explore: $(TEST_STAMP)
	ROUNDSEAL_EXPLORE=1 .venv/bin/python -m pytest -m hypothesis $(if $(SEED),--hypothesis-seed=$(SEED)) $(PYTEST_ARGS)

vm-test: $(TEST_STAMP)
	bash deploy/vm/test.sh

# OpenZFS with its kernel module, in the machine that vm-test left; it is built there the first time.
zfs-test: $(TEST_STAMP)
	bash deploy/vm/zfs.sh

# A real Ceph cluster on this machine, small and thrown away; as root its packages (234 MB) are brought.
storage-test: $(TEST_STAMP)
	command -v ceph-osd ceph-mgr ceph-mon > /dev/null || DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends ceph-mon ceph-mgr ceph-osd ceph-common
	$(PY) -m pytest -q tests/checks/virtual/test_ceph_live.py $(PYTEST_ARGS)

# An estate of real parts on this machine (docs/demo.md). What is missing is named; as root demo-packages brings it.
# KEEP=1 make demo-estate stays up; SEED=7 make demo-faults plants the faults of that seed only.
demo-packages:
	apt-get -o DPkg::Lock::Timeout=600 update -qq
	DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends $$(grep -v '^#' deploy/demo-packages.txt)

demo-estate: $(TEST_STAMP)
	$(PY) tests/demo/demo.py estate

demo-faults: $(TEST_STAMP)
	$(PY) tests/demo/demo.py faults $(SEED)

demo-idle: $(TEST_STAMP)
	$(PY) tests/demo/demo.py idle

demo-off: $(TEST_STAMP)
	$(PY) tests/demo/demo.py off

# Planted defects and benign variations of backups (docs/backups/defects.md): make bench-backup SEED=8 SIZE=20M PLACE=1
bench-backup: $(TEST_STAMP)
	$(PY) tests/defects/bench.py --usual --seed $(or $(SEED),7) --size $(or $(SIZE),100M) --place $(or $(PLACE),2) $(if $(ROWS),--rows $(ROWS) --resume) $(CASES)

# Three months of a city's and ten counties' backups in minutes, with a dozen defects.
demo-backup: $(TEST_STAMP)
	$(PY) tests/demo_backup/demo_backup.py --seed $(or $(SEED),7) --days $(or $(DAYS),92) --counties $(or $(COUNTIES),10)

# A contract's year through real outboxes, signatures and the log; its scorecards beside a clerk's.
demo-year: $(TEST_STAMP)
	$(PY) tests/demo_year/demo_year.py --seed $(or $(SEED),7) --pack $(or $(PACK),pingdingshan-2024) $(if $(DAYS),--days $(DAYS))

# Pictures of README and docs, of example estates; those of a played year: KEPT=FOLDER; those of what make run shows:
# URL=https://127.0.0.1:8443 PASSWORD=... (tests/web/pictures.py; docs/rounds.md: tests/human/pictures.py).
pictures: $(TEST_STAMP)
	$(PY) tests/web/pictures.py docs/pictures $(if $(KEPT),--kept $(KEPT)) $(if $(URL),--running $(URL) --password $(PASSWORD))

# Wheels with digests for machines without a network.
wheels: $(STAMP)
	bash deploy/wheels.sh dist/offline

lock: $(TEST_STAMP)
	bash deploy/lock.sh

clean:
	rm -rf .venv var dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
