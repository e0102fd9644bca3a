# What one does here. PYTHON is the virtual environment of `make setup` where there is one.
PYTHON ?= $(if $(wildcard .venv/bin/python),.venv/bin/python,python3)
SCENARIO ?= scenarios/base.yaml
REFERENCE = results/reference

.PHONY: setup run test lint results docs bench

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
	for kind in financing sanctions combined; do for file in scenarios/$$kind/*.yaml; do \
	  echo "$$file"; $(PYTHON) -m sim "$$file" --quiet --out "$$made/runs/$$kind"; \
	  name=$$(basename "$$file" .yaml); mkdir -p "$$made/reference/$$kind/$$name"; \
	  cp "$$made/runs/$$kind/$$name/summary.csv" "$$made/reference/$$kind/$$name/"; \
	  if [ "$$kind" = sanctions ]; then cp "$$made/runs/$$kind/$$name/bearers.csv" "$$made/reference/$$kind/$$name/"; fi; \
	done; done; \
	rm -rf $(REFERENCE); mkdir -p results; cp -R "$$made/reference" $(REFERENCE)

# The pages that are made from the code.
docs:
	$(PYTHON) -c "from pathlib import Path; from sim.study.schema import schema_text, scenario_reference; \
	  Path('scenarios/schema.json').write_text(schema_text(), 'utf-8'); \
	  Path('docs/scenario-reference.md').write_text(scenario_reference(), 'utf-8')"

bench:
	$(PYTHON) benchmarks/bench.py
