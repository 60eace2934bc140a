# One target for each purpose; each first sets up whatever it needs and is missing, silently when nothing is missing.
# The set-up itself is in setup/ (which packages: setup/debian/*.txt; which versions: requirements.lock, with hashes).

PYTHON := .venv/bin/python
HERZSCHLAG := .venv/bin/herzschlag
PYTEST := $(PYTHON) -m pytest
JOBS ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
# Some tests wait for processes: one worker more than there are processors.
WORKERS := $(shell expr $(JOBS) + 1)
# Tests on real packets wait most of the time: two labs for each processor, and as many workers, on a machine that does
# nothing else meanwhile (LABS=1 for one that does).
LABS ?= $(shell n=$$(($(JOBS) * 2)); echo $$((n < 24 ? n : 24)))
REPEAT ?= 1
SECONDS ?= 600
RUNS ?= 200
NUMBER ?= 160
# Scripts that write a page of docs/, or a part of one, from the code it is about.
DOCUMENTS := $(sort $(wildcard docs/generate/*.py))
# Tests that need only Python, and neither namespaces nor Open vSwitch: `make check`.
CHECKED := $(wildcard tests/unit/ tests/simulation/ tests/transcripts/ tests/planted/ tests/processes/ tests/repository/ tests/fuzz/)
# Tests of other people's systems: one lab at a time, since these run in real time and their disks are the machine's.
SYSTEMS := tests/systems/
# All others. Those of them that need no lab keep the processors busy, and a lab beside them would be late.
OTHERS := $(filter-out $(CHECKED) $(SYSTEMS),$(wildcard tests/[a-z]*/))

.PHONY: help setup compiled demo test check packets bench growth labs against fidelity lines comparison cases stops soak campaign-check mutants fuzz docs site lesson-zip lesson-zip-check gallery pictures systems systems-check systems-test vm-check vagrant-check distro-check wheel-check lock audit clean venv lab test-tools site-tools \
	check-style check-types check-tests

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1\t/p' Makefile | expand -t 18

setup: lab ## everything a lab on real packets needs: Debian packages, .venv, Ryu

compiled: venv ## the simulation's cores compiled by mypyc, beside the plain files, in build/compiled (a C compiler; two minutes)
	@$(PYTHON) -m herzschlag.compiled

systems: ## the programs of other people's systems (keepalived, etcd, Redis, Corosync, Pacemaker, FRR, Patroni, Serf, ucarp), for `[cluster] system`; none is started or enabled
	@setup/provision.sh systems

systems-check: systems ## docs/systems-check.md: every scenario of other people's systems, three times by root and by a user (six hours for one lab at a time; MINUTES=5: a bit, the next call goes on; JOBS=3)
	@$(PYTHON) -m bench.systems --jobs $(JOBS) --repeat $(or $(filter-out 1,$(REPEAT)),3) $(if $(MINUTES),--minutes $(MINUTES))

systems-test: systems ## the tests of other people's systems, with their real programs, one after the other (an hour and a quarter)
	@HERZSCHLAG_REQUIRE_PACKETS=1 $(PYTEST) $(SYSTEMS)

demo: ## the five situations: documented beside measured instants; in virtual time where real packets are not available
	@setup/provision.sh lab || setup/provision.sh venv # without Debian's packages there is virtual time
	@$(HERZSCHLAG) demo --jobs $(JOBS)

check: venv ## format, lint, types, imports, unit and simulation tests (four minutes)
	@$(MAKE) --no-print-directory --jobs --output-sync=target check-style check-types check-tests

test: test-tools site-tools check ## everything: check, set-up scripts, Vagrantfile, and the tests on real packets (a quarter of an hour)
	@$(PYTEST) $(OTHERS) -m "not packets" --numprocesses=$(WORKERS) --dist=worksteal
	@$(MAKE) --no-print-directory packets

packets: lab ## the tests on real packets alone (seven minutes)
	@HERZSCHLAG_LABS=$(LABS) $(PYTEST) $(OTHERS) -m "packets and not herzschlag(alone=True)" --numprocesses=$(LABS) --dist=worksteal
	@$(PYTEST) $(OTHERS) -m "packets and herzschlag(alone=True)"

bench: lab ## every figure of the documentation, with other tools beside ours in the same run
	@set -e; for file in $(filter-out bench/fidelity.py bench/cases.py bench/against.py bench/stops.py bench/soak.py bench/campaign.py bench/labs.py bench/_%,$(wildcard bench/*.py)); do \
		echo "== $$file"; $(PYTHON) -m "bench.$$(basename "$$file" .py)"; done

labs: lab ## docs/performance.md: how many labs at once, and how fast, this machine can handle (ten minutes, in which it should do nothing else)
	@$(PYTHON) -m bench.labs

growth: lab ## docs/performance.md: what labs of 3 to 96 hosts cost, at speed 1 and 10 (six minutes)
	@$(PYTHON) -m bench.growth

against: lab ## this checkout's figures beside those of another one: make against OLD=../old
	@$(PYTHON) -m bench.against $(or $(OLD),$(error OLD names no checkout: make against OLD=../old))

fidelity: lab ## docs/fidelity.md: every published instant beside the measured one
	@$(PYTHON) -P bench/fidelity.py

lines: $(if $(PACKETS),lab,venv) ## docs/bad-lines.md: at which bad lines a healthy cluster fails over falsely (seven minutes; PACKETS=1: and real packets, ten more)
	@$(if $(PACKETS),$(PYTHON) -m bench.lines --packets)
	@$(PYTHON) -m bench.lines

comparison: systems ## docs/comparison.md: the same faults on our agents and on every other system (seventy minutes; MINUTES=5: a bit, the next call goes on)
	@$(PYTHON) -m bench.comparison --repeat $(or $(filter-out 1,$(REPEAT)),3) $(if $(MINUTES),--minutes $(MINUTES))

cases: lab ## every shipped scenario in virtual time and on real packets, compared; docs/cases.md (ten minutes; REPEAT=10: ten times; PLAYED=build/gallery: the runs of make gallery)
	@$(PYTHON) -P bench/cases.py --jobs $(JOBS) --repeat $(REPEAT) $(if $(PLAYED),--played "$(PLAYED)")

docs: venv ## the generated parts of docs/: tables of the protocol, the cases, the Python API
	@set -e; for file in $(DOCUMENTS); do $(PYTHON) -P "$$file"; done

site: site-tools ## the documentation and the reports of all scenarios as a site: build/site/index.html (two minutes)
	@$(PYTHON) docs/site/build.py --jobs $(JOBS)

lesson-zip: site-tools ## a lesson for a room without a network: course, its runs, wheels; build/herzschlag-lesson.zip (three minutes, a package index)
	@$(PYTHON) docs/site/zipped.py --jobs $(JOBS)

lesson-zip-check: ## installs from that zip without an index, and opens the lesson in German
	@test -f build/herzschlag-lesson.zip || $(MAKE) --no-print-directory lesson-zip
	@$(PYTHON) docs/site/zipped.py --check

gallery: lab ## every scenario on real packets, for the site's gallery (ten minutes)
	@$(PYTHON) docs/site/build.py gallery --jobs $(JOBS)

pictures: site-tools ## docs/pictures: the live page moving (Chromium; half a minute), the others by the browser tests
	@$(PYTHON) docs/pictures/moving.py
	@HERZSCHLAG_PICTURES=1 $(PYTEST) -q tests/browser/test_report.py -k drawn_at_any_instant

vm-check: ## a Debian VM: set-up, demo and the five situations on the kernel's datapath (half an hour where it is emulated, root; ONLY="NAME ...": these bad lines alone)
	@setup/provision.sh vm
	@$(PYTHON) setup/vm/check.py $(if $(ONLY),--only $(ONLY))

vagrant-check: ## the VM of the Vagrantfile, with the real Vagrant and libvirt (some 15 minutes, root)
	@setup/provision.sh vm
	@setup/vm/vagrant-check.sh

distro-check: ## the demo and the plugin's tests in a fresh Debian 13, as root and as a user (ten minutes, root, a mirror); SYSTEMS=1: every scenario of other people's systems there instead (three hours for one lab at a time; MINUTES, JOBS; ROOT=FOLDER: made there, and used again by the next call)
	@setup/provision.sh distro
	@$(PYTHON) setup/distro/check.py $(if $(filter 1,$(SYSTEMS)),--systems --jobs $(JOBS)) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(ROOT),--root $(ROOT))

stops: lab ## every kind of process of a lab, stopped for a while at every moment; docs/reliability.md (half an hour)
	@$(PYTHON) -P bench/stops.py --jobs $(JOBS)

soak: lab ## a thousand runs in a row, 200 killed labs, an hour of 64 hosts under faults; docs/reliability.md (two hours; SECONDS=120: a bit of each)
	@$(PYTHON) -P bench/soak.py --jobs $(JOBS) --seconds $(if $(filter file,$(origin SECONDS)),7200,$(SECONDS))

campaign-check: lab ## a campaign of 200 runs on real packets, killed twice: complete, and nothing twice (half an hour; RUNS=20: a bit of it)
	@$(PYTHON) -m bench.campaign --jobs $(JOBS) --runs $(RUNS)

mutants: venv ## docs/mutants.md: how many small faults in the agents' cores are noticed by scenarios and exploration (half an hour; NUMBER=20: a bit; MINUTES=5: five minutes, the next call goes on)
	@$(PYTHON) -c 'import cosmic_ray' 2>/dev/null || $(PYTHON) -m pip install --quiet --require-hashes --requirement setup/mutants.lock
	@$(PYTHON) -m bench.mutants --jobs $(JOBS) --number $(NUMBER) $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

fuzz: venv ## everything that reads bytes, fuzzed with coverage as a guide (ten minutes; SECONDS=3600: an hour); Linux
	@$(PYTHON) -c 'import atheris' 2>/dev/null || $(PYTHON) -m pip install --quiet --require-hashes --requirement setup/fuzz.lock
	@$(PYTHON) -m tests.fuzz.run --seconds $(SECONDS)

wheel-check: venv ## the built wheel in empty environments of Python 3.11 to 3.13: minutes, and a package index
	@HERZSCHLAG_WHEEL_CHECK=1 $(PYTEST) tests/remote/test_wheel.py

lock: ## renews requirements.lock: the newest versions allowed, with the hashes of all their files (a package index)
	@setup/lock.sh

audit: ## known vulnerabilities of the locked versions, by pip-audit (a package index and its list of vulnerabilities)
	@setup/audit.sh

clean: ## removes .venv, caches, runs: files that git ignores and these targets made
	@rm -rf .venv .setup build dist runs .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# --- used by the targets above ---

venv:
	@setup/provision.sh venv

lab:
	@setup/provision.sh lab

test-tools:
	@setup/provision.sh test

site-tools: venv
	@$(PYTHON) -c 'import material, PIL' 2>/dev/null || $(PYTHON) -m pip install --quiet --require-hashes --requirement setup/site.lock

check-style:
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .

check-types:
	@$(PYTHON) -m mypy

check-tests:
	@$(PYTEST) $(CHECKED) --numprocesses=$(WORKERS) --dist=worksteal
