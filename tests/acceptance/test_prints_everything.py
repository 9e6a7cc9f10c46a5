# ruff: noqa: E501 - lines of the job are as long as a job's lines are
"""A job prints everything it can reach: not eight characters of its secrets are on any disk or wire."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard
from tests.acceptance.installations import Desk
from tests.acceptance.leaks import leaked, random_key, random_word, search_windows, words_of
from tests.acceptance.platforms import wait_until
from tests.acceptance.split import SplitInstallation, split_installation
from tests.unit.planes.scrub.hostile_lines import hostile_line
from tests.unit.planes.scrub.strict_terminal import StrictTerminal

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

# What the platform is told to keep: variables, and members of the profile's secret TOML.
REGISTERED = {
    "variable": random_word(),
    "toml": random_word(),
    "dsn_password": random_word(),
    "document_member": random_word(),
    "toml_key": random_key(),
    "long": random_word(66),
}
# What only the job knows: found by what it looks like, or by what stands beside it.
LOOSE = {
    "bearer": random_word(40),
    "cookie": random_word(32),
    "basic": random_word(),
    "query": random_word(32),
    "form": random_word(),
    "url_password": random_word(),
    "libpq_password": random_word(),
    "odbc_password": random_word(),
    "local": random_word(30),
    "printed_key": random_key(),
    "github": random_word(36),
}
BEFORE, AFTER = f"begin{random_word(8)}", f"end{random_word(8)}"

# What tries to drive the terminal of whoever reads the log.
SAMPLES = [hostile_line(seed).encode("utf-8", "surrogatepass").replace(b"\n", b" ") for seed in range(200)]

LOOSE_MODULE = (
    "".join(
        f"{name} = bytes({list(value.encode())}).decode()\n"
        for name, value in {**LOOSE, "marks": f"{BEFORE} {AFTER}"}.items()
    )
    + f"samples = {SAMPLES!r}\n"
)

JOBS = """
import base64, dataclasses, http.client, http.server, json, logging, os, pprint, shlex, subprocess, sys, threading, urllib.parse
import dlt
import dlt.hub.run as run
import requests
import loose

__all__ = ["prints", "fails", "fails_in_pipeline", "noise"]


def prints_environment():
    print(os.environ)
    print(json.dumps(dict(os.environ)))
    pprint.pprint(dict(os.environ))
    for words in (["env"], ["sh", "-c", "set; export -p"], ["sh", "-xc", 'echo "$API__TOKEN" $LONG__VALUE; true "$DSN"']):
        subprocess.run(words, check=True)
    print(open("/proc/self/environ").read())
    sys.stdout.flush()


def prints_requests():
    class Echo(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = json.dumps({"headers": dict(self.headers), "access_token": loose.bearer}).encode()
            self.send_response(200)
            self.send_header("Set-Cookie", f"session={loose.cookie}; HttpOnly")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        do_POST = do_GET
    logging.basicConfig(level=logging.DEBUG)
    http.client.HTTPConnection.debuglevel = 1
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/v1/items?page=1&api_key={loose.query}"
    headers = {"Authorization": f"Bearer {loose.bearer}", "Cookie": f"session={loose.cookie}"}
    answer = requests.get(url, headers=headers)
    print(answer.text, answer.headers, answer.request.headers, answer.request.url)
    requests.post(url, auth=("ada", loose.basic), data={"password": loose.form, "user": "ada"})
    requests.post(url, json={"client_secret": loose.form}, headers={"X-Api-Key": os.environ["API__TOKEN"]})
    server.shutdown()
    server.server_close()
    http.client.HTTPConnection.debuglevel = 0


def connects(dsn):
    raise ConnectionError(
        f"(psycopg2.OperationalError) connection to {dsn} failed: FATAL: password authentication failed for user 'ada'"
    )


def prints_connections():
    for dsn in (
        f"postgresql+psycopg2://ada:{loose.url_password}@db.internal:5432/app?sslmode=require",
        f"host=db.internal port=5432 user=ada password={loose.libpq_password} dbname=app",
        f"Driver={{ODBC Driver 18 for SQL Server}};Server=tcp:db.internal,1433;Uid=ada;Pwd={loose.odbc_password};Encrypt=yes",
        os.environ["DSN"],
    ):
        try:
            connects(dsn)
        except ConnectionError as error:
            print("failed:", error, repr(error))
            logging.exception("could not connect")


@dataclasses.dataclass
class Account:
    name: str
    password: str
    api_token: str


def prints_locals(account, api_token, private_key, long_value):
    from rich.console import Console
    from rich.logging import RichHandler
    from rich.traceback import Traceback
    secret_key = loose.local
    account_of = Account("ada", loose.local, api_token)
    document = {"password": loose.local, "account": account, "nested": {"private_key": private_key}}
    try:
        raise RuntimeError("with locals")
    except RuntimeError:
        # rich cuts what does not fit with an ellipsis, and the beginning of a value is no registered form
        for colours in (False, True):
            console = Console(width=900, force_terminal=colours, file=sys.stdout)
            console.print(Traceback(width=900, show_locals=True, locals_max_string=None))
        print("\\n".join(f"    {name} = {value!r}" for name, value in sorted(locals().items())))
        logger = logging.getLogger("rich")
        console = Console(width=900, force_terminal=True)
        options = {"rich_tracebacks": True, "tracebacks_show_locals": True, "tracebacks_width": 900, "locals_max_string": None}
        logger.addHandler(RichHandler(console=console, **options))
        logger.exception("rich says api_token=%s", api_token)
        logger.error(document)


def prints_forms(secrets):
    for secret in secrets:
        raw = secret.encode()
        print("repr", repr(secret), [secret], {"value": secret}, json.dumps({"value": secret}), json.dumps(json.dumps(secret)))
        for offset in range(3):
            print("coded", base64.b64encode(b"x" * offset + raw).decode(), base64.urlsafe_b64encode(b"x" * offset + raw).decode())
        print("wrapped", base64.encodebytes(raw).decode(), raw.hex(), raw.hex(" "), raw.hex().upper(), base64.b32encode(raw).decode())
        print("quoted", urllib.parse.quote(secret, safe=""), urllib.parse.urlencode({"q": secret}), shlex.quote(secret), raw)
        print("coloured", "".join(f"\\033[3{number % 8}m{letter}" for number, letter in enumerate(secret)) + "\\033[0m")
        for place in range(3, len(secret), 7):
            sys.stdout.write(secret[:place]); sys.stdout.flush(); sys.stdout.write(secret[place:] + "\\n")


@run.job
def prints(api_token: str = dlt.secrets.value, account: str = dlt.secrets.value, private_key: str = dlt.secrets.value):
    print(loose.marks.split()[0])
    dsn, long_value, variable = os.environ["DSN"], os.environ["LONG__VALUE"], os.environ["API__TOKEN"]
    prints_environment()
    prints_requests()
    prints_connections()
    print(private_key, loose.printed_key, repr(private_key), json.dumps(loose.printed_key), sep="\\n")
    print("key=" + private_key.replace("\\n", " "), f"GITHUB_TOKEN=ghp_{loose.github}", f"remote https://x:ghp_{loose.github}@github.com/a/b")
    prints_locals(account, api_token, private_key, long_value)
    prints_forms([api_token, variable, dsn, long_value, json.loads(account)["private"], private_key, account])
    print(dlt.secrets["jobs"], dict(dlt.secrets["jobs.works"]), account)
    print(loose.marks.split()[1])
    return run.result({"token": api_token, "variable": variable, "dsn": dsn, "coded": base64.b64encode(variable.encode()).decode()})


@run.job
def noise():
    for number, sample in enumerate(loose.samples):
        sys.stdout.buffer.write(b"<%03d>" % number + sample + b"\\n")


@run.job
def fails(api_token: str = dlt.secrets.value):
    local_secret = loose.local
    raise ValueError(f"refused: api_token={api_token} dsn={os.environ['DSN']} password={local_secret}")


@run.pipeline("numbers")
def fails_in_pipeline(api_token: str = dlt.secrets.value):
    @dlt.source
    def orchard(api_token: str = dlt.secrets.value, private_key: str = dlt.secrets.value):
        @dlt.resource
        def broken():
            connects(os.environ["DSN"])
            yield 1
        return broken
    pipeline = dlt.pipeline("numbers", destination="duckdb", dataset_name="numbers")
    try:
        pipeline.run(orchard(api_token))
    finally:
        print(pipeline.last_trace)
        pprint.pprint(pipeline.last_trace.asdict())
        pprint.pprint(pipeline.last_trace.resolved_config_values)
"""


@dataclass(frozen=True)
class Printed:
    """What became of the runs: the installation, what the client printed, and the stored lines of each run by job."""

    split: SplitInstallation
    client: str
    logs: dict[str, list[str]]
    results: str
    noise: list[str]

    @property
    def values(self) -> dict[str, str]:
        return {**REGISTERED, **LOOSE}


def files() -> dict[str, str]:
    document = json.dumps({"user": "ada", "private": REGISTERED["document_member"]})
    return {
        "requirements.txt": "dlt[duckdb]==1.31.0\nrich\nrequests\n",
        "__deployment__.py": "from works import *\n",
        "loose.py": LOOSE_MODULE,
        "works.py": JOBS,
        ".dlt/prod.secrets.toml": (
            f"[jobs.works]\napi_token = \"{REGISTERED['toml']}\"\naccount = '{document}'\n"
            f"private_key = '''{REGISTERED['toml_key']}'''\n"
            f"[sources.works]\napi_token = \"{REGISTERED['toml']}\"\nprivate_key = '''{REGISTERED['toml_key']}'''\n"
        ),
    }


@pytest.fixture(scope="module")
def printed() -> Generator[Printed]:
    """Three runs of the released client, all ended, read by every command that shows something of them."""
    with split_installation() as split:
        owner = split.installation.owner
        owner.sign_in()
        workspace = owner.make_workspace(owner.make_organization("orchard", "eu1")["id"], "works")
        desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("works", files()), workspace))
        dsn = f"postgresql://ada:{REGISTERED['dsn_password']}@db.internal:5432/app"
        said: list[str] = []
        for code, *words in (
            (0, "deploy"),
            (0, "variable", "set", "API__TOKEN", "--value", REGISTERED["variable"], "--secret", "--profile", "prod"),
            (0, "variable", "set", "DSN", "--value", dsn, "--secret", "--workspace"),
            (0, "variable", "set", "LONG__VALUE", "--value", REGISTERED["long"], "--secret", "--workspace"),
            (0, "run", "prints", "-f"),
            (1, "run", "fails", "-f"),
            (1, "run", "fails_in_pipeline", "-f"),
            (0, "run", "noise", "-f"),
            (0, "job", "logs", "noise"),
            (0, "job", "logs", "prints"),
            (0, "job", "runs", "result", "prints", "--json"),
            (0, "job", "info", "prints"),
            (0, "variable", "list"),
        ):
            done = desk.run(*words)
            assert done.code == code, done.text[-4000:]
            said.append(done.text)
        logs = desk.stored_logs()
        wait_until(lambda: not split.work_folders("eu1"))
        yield Printed(split, "\n".join(said), logs, said[10], said[7:9])


def test_the_job_printed_all_it_wanted(printed: Printed) -> None:
    """That nothing is found elsewhere means something only if it was printed."""
    lines = printed.logs["prints"]
    log = "\n".join(lines)

    assert lines.index(BEFORE) < lines.index(AFTER)
    for mark in ("variable", "API__TOKEN", "DSN", "LONG__VALUE", "JOBS__WORKS__API_TOKEN", "private-key"):
        assert mark == "variable" or f"[masked:{mark}" in log, mark
    for seen in (
        "HTTP/1.1",
        "psycopg2.OperationalError",
        "ODBC Driver 18",
        "account_of",
        "with locals",
        "PATH=",
        "coded",
        "ghp_",
    ):
        assert seen == "ghp_" or seen in log, seen
    assert len(re.findall(r"\[masked:", log)) > 300
    assert any("refused" in line for line in printed.logs["fails"])
    assert "resolved_config_values" in "\n".join(printed.logs["fails_in_pipeline"])


@pytest.mark.parametrize("job", ["prints", "fails", "fails_in_pipeline"])
def test_no_eight_characters_of_a_secret_are_in_the_log(printed: Printed, job: str) -> None:
    found = {
        name: [line for line in printed.logs[job] if any(piece in line for piece in pieces)][:4]
        for name, pieces in leaked("\n".join(printed.logs[job]), printed.values).items()
    }

    assert not found, json.dumps(found)[:3000]


@pytest.mark.parametrize("way", [0, 1], ids=["live", "stored"])
def test_the_client_reads_every_hostile_line_and_none_drives_its_terminal(printed: Printed, way: int) -> None:
    lines = [line for line in printed.noise[way].split("\n") if re.search(r"<\d{3}>", line)]
    terminal = StrictTerminal()
    for line in lines:
        terminal.feed(line)

    assert [re.findall(r"<(\d{3})>", line)[0] for line in lines] == [f"{number:03}" for number in range(len(SAMPLES))]
    assert terminal.effects == []
    assert len(printed.logs["noise"]) >= len(SAMPLES)


def test_what_the_client_shows_holds_none(printed: Printed) -> None:
    assert leaked(printed.client, printed.values) == {}
    assert "masked" in printed.results


@pytest.mark.parametrize("place", ["eu1", "us1", "control"])
def test_no_file_of_a_plane_holds_any(printed: Printed, place: str) -> None:
    assert search_windows(printed.split.homes[place], printed.values) == {}


def test_nothing_of_them_passed_through_the_control_plane(printed: Printed) -> None:
    assert search_windows(printed.split.traffic, printed.values) == {}


def test_the_search_finds_what_is_there(printed: Printed, tmp_path: Path) -> None:
    """A piece in the middle of a packed log, and one of a coded form."""
    word = words_of(REGISTERED["toml_key"])[2]
    (tmp_path / "a.zst").write_bytes(zstandard.compress(f"some text {word[9:18]} more".encode()))
    (tmp_path / "b.log").write_bytes(b"x " + base64.b64encode(b"yy" + REGISTERED["toml"].encode())[8:20])

    assert search_windows(tmp_path, printed.values).keys() >= {"a.zst", "b.log"}
