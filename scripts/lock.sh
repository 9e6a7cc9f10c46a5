#!/bin/sh
# Writes requirements/*.txt: exact versions with hashes, no index address.
set -eu
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header "$@"
}
compile pyproject.toml -o requirements/run.txt
compile --group dev pyproject.toml -c requirements/run.txt -o requirements/dev.txt
