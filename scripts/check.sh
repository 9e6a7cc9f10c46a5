#!/bin/sh
# The quick gate; with the word `all`, everything.
set -eu
bin=.venv/bin
step() { printf '\n== %s\n' "$1"; shift; "$@"; }

step "format" $bin/ruff format --check src tests bench
step "lint" $bin/ruff check src tests bench
step "imports" $bin/lint-imports --no-cache
step "types" $bin/basedpyright --warnings

# One more than processors: tests of real platforms wait for them a good deal of their time.
workers=$(($(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 1))
if [ "${1:-}" = all ]; then
    step "tests" $bin/pytest -n "$workers" --dist loadfile
else
    step "tests" $bin/pytest -n "$workers" --dist loadfile -m "not slow and not acceptance"
fi
