# ruff: noqa: E501 - lines of logs and tables of samples are as long as they are
"""Ordinary logs come out as they went in."""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Iterator

import pytest

from planes.scrub import Registered, StreamScrubber


def dlt_log(source: random.Random) -> Iterator[str]:
    for number in range(200):
        load_id = f"{1732450000 + number}.{source.randrange(10**6):06d}"
        table = source.choice(("orders", "customers", "_dlt_loads", "order_lines__items"))
        yield f"2026-01-01 12:00:{number % 60:02d},{number:03d}|[INFO]|4711|14021|dlt|load.py|complete_jobs:412|Job {table}.{source.getrandbits(40):010x}.0.parquet"
        yield f"Load package {load_id} is LOADED and contains no failed jobs"
        yield f"Files: {number}/200 ({number / 2}%) | Time: {number / 3:.2f}s | Rate: {source.random() * 1000:.2f}/s"
        yield f"Memory usage: {source.random() * 500:.2f} MB ({source.random() * 100:.2f}%) | CPU usage: 0.00%"
        yield f"version_hash: {base64.b64encode(hashlib.sha3_256(str(number).encode()).digest()).decode()}"
        yield f"_dlt_id={base64.b64encode(source.randbytes(10)).decode().rstrip('=')} _dlt_load_id={load_id}"
        yield f"Normalized data for the following tables:\n- {table}: {source.randrange(10**9)} row(s)"
        yield "The duckdb destination used duckdb:////home/loader/weather.duckdb location to store data"
        yield f"'primary_key': ['id'], 'merge_key': 'updated_at_{number}', 'hints': {{'sort_key': True}}"
        yield "Resolving `sources.shop.api_key` from secrets.toml, env SOURCES__SHOP__API_KEY not set"
        yield "The postgres destination used postgresql://loader:***@db.example.com:5432/main location to store data"


def trace(source: random.Random) -> Iterator[str]:
    for number in range(50):
        yield json.dumps(
            {
                "transaction_id": source.randbytes(16).hex(),
                "run_id": str(uuid.UUID(int=source.getrandbits(128))),
                "started_at": "2026-01-01T12:00:00.123456+00:00",
                "etag": f'"{source.randbytes(16).hex()}-{number}"',
                "schema_hash": base64.b64encode(source.randbytes(32)).decode(),
                "commit": source.randbytes(20).hex(),
                "rows": source.randrange(10**12),
                "elapsed": source.random() * 100,
                "resolved_config_values": [{"key": "api_key", "provider": "secrets.toml", "is_secret": True}],
                "keys": ["token", "password"],
                "has_password": False,
                "next_page_token": base64.b64encode(source.randbytes(12)).decode(),
            },
            indent=2 if number % 2 else None,
        )


def tools(source: random.Random) -> Iterator[str]:
    for number in range(100):
        yield f"Collecting google-auth=={number % 3}.{number}.0 --hash=sha256:{source.randbytes(32).hex()}"
        yield f" + cryptography==46.0.{number}\n - tokenizers==0.21.{number}\n ~ oauthlib==3.2.2"
        yield f"commit {source.randbytes(20).hex()}\nAuthor: Some One <some.one@example.com>\nDate:   Thu Jan 1 12:00:00 2026 +0000"
        yield f"index {source.randbytes(4).hex()}..{source.randbytes(4).hex()} 100644\n@@ -{number},6 +{number},7 @@ def load(token):"
        yield f"Downloading orders: {number}%|{'#' * 20}| {number}/100 [00:{number % 60:02d}<00:12, 3.2it/s]\r"
        yield f"GET https://api.example.com/v2/orders?page={number}&since=2026-01-01T00:00:00Z 200 OK {source.randrange(10**5)} bytes"
        yield f"Resolved 93 packages in {number}ms\nPrepared 12 packages in 1.{number}s"
        yield f"arn:aws:s3:::bucket/part-0000{number}-{uuid.UUID(int=source.getrandbits(128))}.c000.snappy.parquet"
        yield f"snowflake query id 01b{source.randbytes(3).hex()}-0504-{source.randbytes(2).hex()}-0000-{source.randbytes(6).hex()}"


def tracebacks(source: random.Random) -> Iterator[str]:
    for number in range(50):
        yield "Traceback (most recent call last):"
        yield f'  File "/opt/job/shop.py", line {number}, in orders\n    client = Client(base_url, token=dlt.secrets["sources.shop.token"])'
        yield '    password = get_secret("shop")\n    headers = {"Authorization": f"Bearer {token}"}'
        yield '  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode\n    raise JSONDecodeError("Expecting value", s, err.value) from None'
        yield "requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://api.example.com/v2/orders?limit=500"
        yield "KeyError: 'access_token'"
        yield f'psycopg2.OperationalError: password authentication failed for user "loader" at 0x{source.getrandbits(48):x}'
        yield "dlt.common.configuration.exceptions.ConfigFieldMissingException: Missing 1 field(s) in configuration: `api_key`"
        yield "    def __init__(self, token: str, password: Optional[str] = None, *, timeout: int = 30) -> None:"


@pytest.mark.parametrize("log", [dlt_log, trace, tools, tracebacks])
def test_ordinary_output_is_not_touched(log: "object") -> None:
    text = "\n".join(log(random.Random(23))) + "\n"  # pyright: ignore[reportCallIssue]
    scrubber = StreamScrubber(Registered.from_values([("V", "correct-horse7"), ("W", '{"a": "b-c-d-e-f"}')]))

    out = scrubber.feed(text.encode()) + scrubber.finish()

    changed = [(was, now) for was, now in zip(text.splitlines(), out.decode().splitlines(), strict=True) if was != now]
    assert changed == []
    assert not scrubber.hits
