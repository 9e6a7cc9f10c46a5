#!/bin/sh
# Writes requirements/dev.txt: exact versions with hashes, no index address.
set -eu
.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --group dev pyproject.toml -o requirements/dev.txt
