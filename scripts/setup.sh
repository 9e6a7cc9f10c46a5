#!/bin/sh
# Creates .venv with the pinned packages and this project. Uses uv where it is, plain venv and pip where it is not.
set -eu

fail() { printf 'setup: %s\n' "$1" >&2; exit 1; }

find_python() {
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        path=$(command -v "$name" 2>/dev/null) || continue
        # A shim can stand on PATH for a version that is not there, so each is asked.
        "$path" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { printf '%s\n' "$path"; return; }
    done
    fail "no Python 3.11 or newer found. Install one, on Debian: apt-get install python3 python3-venv"
}

python=$(find_python)
venv_python=.venv/bin/python

fresh() {
    rm -rf .venv
    if command -v uv >/dev/null 2>&1; then
        UV_PYTHON_DOWNLOADS=never uv venv --quiet --python "$python" .venv
    elif "$python" -c 'import ensurepip' 2>/dev/null; then
        "$python" -m venv .venv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --without-pip .venv
    else
        fail "$python has neither ensurepip nor pip. Install one, on Debian: apt-get install python3-venv"
    fi
}

install() {
    if command -v uv >/dev/null 2>&1; then
        UV_PYTHON_DOWNLOADS=never uv pip install --quiet --python "$venv_python" "$@"
    elif "$venv_python" -m pip --version >/dev/null 2>&1; then
        "$venv_python" -m pip install --quiet --disable-pip-version-check "$@"
    else
        "$python" -m pip --python "$venv_python" install --quiet --disable-pip-version-check "$@"
    fi
}

"$venv_python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || fresh
printf 'setup: installing into .venv\n' >&2
install --require-hashes -r requirements/dev.txt
# pip refuses an editable install together with hashes, so the project itself comes second.
install --no-deps --no-build-isolation -e .
touch .venv/.set-up
