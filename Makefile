# What one does here. PYTHON is the virtual environment of `make setup` where there is one.
PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)
SCENARIO ?= scenarios/base.yaml
REFERENCE = results/reference
LEVERS = levers_latin_hypercube
STUDIES = $(filter-out $(LEVERS),$(basename $(notdir $(sort $(wildcard scenarios/sweeps/*.yaml)))))

.PHONY: gallery setup run test lint results studies levers docs bench

setup:
	python3 -m venv .venv
	.venv/bin/python -m pip install -e ".[dev]"

run:
	$(PYTHON) -m sim $(SCENARIO)

test:
	$(PYTHON) -m pytest

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

# The small tables of every shipped scenario, default draws and seed; replaced only when all of them have run.
results:
	@set -eu; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; \
	for file in scenarios/*.yaml; do \
	  echo "$$file"; $(PYTHON) -m sim "$$file" --quiet --out "$$made/runs"; \
	  name=$$(basename "$$file" .yaml); mkdir -p "$$made/reference/$$name"; \
	  for table in summary payback drivers; do \
	    cp "$$made/runs/$$name/$$table.csv" "$$made/reference/$$name/"; \
	  done; \
	done; \
	for kind in financing sanctions; do for file in scenarios/$$kind/*.yaml; do \
	  echo "$$file"; $(PYTHON) -m sim "$$file" --quiet --out "$$made/runs/$$kind"; \
	  name=$$(basename "$$file" .yaml); mkdir -p "$$made/reference/$$kind/$$name"; \
	  cp "$$made/runs/$$kind/$$name/summary.csv" "$$made/reference/$$kind/$$name/"; \
	  if [ "$$kind" = sanctions ]; then cp "$$made/runs/$$kind/$$name/bearers.csv" "$$made/reference/$$kind/$$name/"; fi; \
	done; done; \
	if [ -d $(REFERENCE)/studies ]; then cp -R $(REFERENCE)/studies "$$made/reference/"; fi; \
	rm -rf $(REFERENCE); mkdir -p results; cp -R "$$made/reference" $(REFERENCE)

# The table of every small study; replaced only when all of them have run, without a case that failed.
studies:
	@set -eu; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; \
	for name in $(STUDIES); do \
	  echo "scenarios/sweeps/$$name.yaml"; \
	  $(PYTHON) -m sim sweep "scenarios/sweeps/$$name.yaml" --quiet --out "$$made/runs"; \
	  mkdir -p "$$made/studies/$$name"; cp "$$made/runs/$$name/cases.csv" "$$made/studies/$$name/"; \
	done; \
	echo "explain press_claim base"; $(PYTHON) -m sim explain press_claim base --quiet \
	  --metric "P(project_payback_years <= 40)" --csv "$$made/runs/explained"; \
	mkdir -p "$$made/studies/press_claim_to_base"; \
	cp "$$made/runs/explained/attribution.csv" "$$made/studies/press_claim_to_base/"; \
	rm -rf $(REFERENCE)/studies; mkdir -p $(REFERENCE); cp -R "$$made/studies" $(REFERENCE)/studies

# A thousand cases, some minutes; interrupted, it goes on where it was. In results/, of which git keeps none.
levers:
	$(PYTHON) -m sim sweep scenarios/sweeps/$(LEVERS).yaml

# The pages that are made from the code.
docs:
	$(PYTHON) -c "from pathlib import Path; from sim.study.schema import schema_text, scenario_reference; \
	  Path('scenarios/schema.json').write_text(schema_text(), 'utf-8'); \
	  Path('docs/scenario-reference.md').write_text(scenario_reference(), 'utf-8')"

# What the verbs print, and charts of the page, for docs/gallery.md.
gallery:
	$(PYTHON) docs/make_gallery.py

bench:
	$(PYTHON) benchmarks/bench.py
