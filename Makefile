# Two commands do everything: `make run` and `make test`. Both set up `.venv` first when something changed.
SHELL := /bin/sh
PYTHON_OF_VENV := .venv/bin/python
STAMP := .venv/.set-up

.PHONY: setup run test check lock reliability bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements/dev.txt hatch_build.py scripts/setup.sh
	@sh scripts/setup.sh

run: setup
	@if [ -t 0 ] && [ -t 1 ]; then exec $(PYTHON_OF_VENV) -m dlthub_tui.cli.main; \
	else exec $(PYTHON_OF_VENV) -m dlthub_tui.cli.main demo --headless; fi

check: setup
	@sh scripts/check.sh

test: setup
	@sh scripts/check.sh all

bench: setup
	@for script in bench/bench_*.py; do echo "== $$script"; $(PYTHON_OF_VENV) $$script || exit 1; done

# The same tests as in `make test`, in their full sizes; -s shows their figures. See docs/reliability.md.
reliability: setup
	@DLTHUB_TUI_RELIABILITY=full $(PYTHON_OF_VENV) -m pytest -s tests/reliability tests/contract/test_published_documents.py

# Pins without any index address; `uv` comes from the environment itself.
lock: setup
	@sh scripts/lock.sh

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache .import_linter_cache
