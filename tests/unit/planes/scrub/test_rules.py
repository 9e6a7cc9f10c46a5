"""Each rule: it is data in the allowed syntax, finds its own format, and the two engines agree on it."""

import random
import re

import pytest

from planes.scrub import find_hits, scrub_lines, scrub_text
from planes.scrub.rulebook import rulebook, signs_of
from planes.scrub.rules import RULES
from planes.scrub.rules.model import Rule
from planes.scrub.rules.personal.checksums import iban_valid, luhn_valid
from planes.scrub.rules.personal.identities import IDENTITY_RULES
from planes.scrub.rules.samples import fake
from planes.scrub.search.engine import compile_pattern, fast_pattern, group_number, stdlib_pattern
from planes.scrub.search.signs import LineSigns, scan_pattern

BY_NAME = {rule.name: rule for rule in RULES}


def each(rules: "list[Rule] | tuple[Rule, ...]") -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.name)


RULE = each(RULES)

# Rules that find the same sample as an earlier, more telling one.
SHADOWED = {"uri-loose-password", "unsigned-jwt", "named-gap", "named-leader", "named-backquoted-far"}


def secret_of(rule: Rule, sample: bytes) -> bytes:
    pattern = compile_pattern(rule.pattern)
    match = pattern.search(sample)
    assert match is not None
    group = group_number(pattern, "secret")
    start, end = match.start(group), match.end(group)
    if rule.judge is not None:
        end = rule.judge(sample, match.start(), start, end)
        assert end > start
    return sample[start:end]


def test_there_are_enough_provider_formats_and_no_name_twice() -> None:
    assert len([rule for rule in RULES if rule.kind == "token"]) >= 60
    assert len(BY_NAME) == len(RULES)


@RULE
def test_rule_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", rule.name)
    assert all(rule.signs)
    assert len(rule.source) > 8
    assert rule.pattern.count(b"(?P<secret>") == 1


@RULE
def test_pattern_keeps_to_the_common_syntax(rule: Rule) -> None:
    for pattern in (rule.pattern, rule.follow, rule.before):
        assert not re.search(
            rb"\(\?[=!<](?!P)|\(\?<[=!]|\\[1-9]|\\[sSZzAGQE]|\[\[:|\*\+|\+\+|\?\+", pattern.replace(b"\\\\", b"_")
        )
        assert all(int(number) <= 1000 for number in re.findall(rb"\{[0-9]*,?([0-9]+)\}", pattern))


@RULE
def test_sample_is_masked_alone_and_inside_a_line(rule: Rule) -> None:
    for seed in range(5):
        sample = fake(rule.sample, seed)
        secret = secret_of(rule, sample.encode()).decode()

        for text in (
            sample,
            f"before {sample} after",
            f"\t[{sample}]",
            f"\x1b[32m{sample}\x1b[0m",
            f"2026-01-01|INFO|{sample}\r",
        ):
            out = scrub_text(text)
            assert secret not in out
            assert "[masked:" in out


@each([rule for rule in RULES if rule.name not in SHADOWED])
def test_mask_names_the_rule_and_leaves_the_rest(rule: Rule) -> None:
    sample = fake(rule.sample, 1)
    secret = secret_of(rule, sample.encode()).decode()

    out = scrub_text(f"before {sample} after")

    assert f"[masked:{rule.name}]" in out
    assert out == f"before {sample} after".replace(secret, f"[masked:{rule.name}]") or rule.kind in (
        "name",
        "token",
        "uri-password",
    )
    assert out.startswith("before ")
    assert out.endswith(" after")


@RULE
def test_sample_is_masked_behind_escapes_and_signs(rule: Rule) -> None:
    sample = fake(rule.sample, 2)
    secret = secret_of(rule, sample.encode()).decode()

    for before in ("\\n", "=", ": ", "'", '"', "(", "key\\t", "é"):
        assert secret not in scrub_text(before + sample), before


@RULE
def test_engines_agree(rule: Rule) -> None:
    fast, plain = fast_pattern(rule.pattern), stdlib_pattern(rule.pattern)
    source = random.Random(rule.name)
    samples = [fake(rule.sample, seed).encode() for seed in range(6)]
    others = [fake(source.choice(RULES).sample, seed).encode() for seed in range(6)]
    texts = [
        *samples,
        *others,
        b"",
        b" ".join(samples),
        b"".join(others),
        samples[0][:-1],
        samples[0] + b"x",
        b"\xe9" + samples[1] + b"\xe9",
    ]
    for text in [*texts, *(bytes(source.choices(b"".join(samples), k=200)) for _ in range(10))]:
        assert spans(fast, text) == spans(plain, text)


def spans(pattern: object, text: bytes) -> "list[tuple[int, int, int, int]]":
    group = group_number(pattern, "secret")  # pyright: ignore[reportArgumentType]
    found: list[tuple[int, int, int, int]] = []
    place = 0
    while match := pattern.search(text, place):  # pyright: ignore[reportAttributeAccessIssue]
        found.append((match.start(), match.end(), match.start(group), match.end(group)))
        place = max(match.end(group), match.start() + 1)
    return found


def test_engines_agree_on_the_scan() -> None:
    pattern = scan_pattern(RULES)
    fast, plain = fast_pattern(pattern), stdlib_pattern(pattern)
    for rule in RULES:
        text = b"x " * 20 + fake(rule.sample, 4).encode() + b" y" * 20
        place = -1
        while True:
            first, second = fast.search(text, place + 1), plain.search(text, place + 1)
            assert (first and first.start()) == (second and second.start())
            if first is None:
                break
            place = first.start()


@RULE
def test_scan_finds_the_line_of_every_sample(rule: Rule) -> None:
    index = next(index for index, compiled in enumerate(rulebook().rules) if compiled.rule is rule)
    for seed in range(10):
        line = b"before " + fake(rule.sample, seed).encode() + b" after"

        assert signs_of(rulebook(), line).chosen >> index & 1


@each([rule for rule in RULES if rule.kind == "token" and not re.search(rb",|\]\+", rule.pattern)])
def test_token_one_sign_short_is_no_token(rule: Rule) -> None:
    """Formats with a fixed length keep to it, so that identifiers are not taken for tokens."""
    sample = fake(rule.sample, 1)
    secret = secret_of(rule, sample.encode()).decode()

    assert rule.name not in {hit.rule for hit in find_hits(sample.replace(secret, secret[:-1]))}


@pytest.mark.parametrize(
    "template",
    ["dop_v1_<h128>", "dp.pt.<a86>", "sgp_<h80>", "acme_key_<a10>7B<a10>.q7<a20>", "xoxe-1-<a60>-<a10>7Bc<a10>"],
)
def test_token_longer_than_its_format_is_masked_to_its_end(template: str) -> None:
    """Providers make their tokens longer; what goes on in the same word is a part of the secret."""
    token = fake(template, 1)
    out = next(iter(scrub_lines([f"got {token}, and went on"], [])))
    assert re.fullmatch(r"got \[masked:[a-z-]+\], and went on", out)


def test_the_path_behind_a_token_stays() -> None:
    token = fake("ghp_<a36>", 1)
    text = f"GET /x/{token}/getMe.json?limit=100"
    assert next(iter(scrub_lines([text], []))).endswith("]/getMe.json?limit=100")


def test_kinds_are_reported() -> None:
    assert {rule.kind for rule in RULES} == {"token", "uri-password", "key-block", "checksum", "name"}
    for rule in RULES:
        kinds = {hit.kind for hit in find_hits("x " + fake(rule.sample, 1) + " y")}
        assert rule.kind in kinds


def test_hit_offsets_are_characters() -> None:
    token = fake("ghp_<a36>", 9)
    text = f"é漢\n\x1b[1mß {token} end"

    (hit,) = find_hits(text)

    assert text[hit.start : hit.end] == token


@pytest.mark.parametrize(
    ("digits", "valid"),
    [(b"4242424242424242", True), (b"4242424242424241", False), (b"378282246310005", True), (b"0", True)],
)
def test_luhn(digits: bytes, valid: bool) -> None:
    assert luhn_valid(digits) is valid


@pytest.mark.parametrize(
    ("account", "valid"),
    [
        (b"GB82WEST12345698765432", True),
        (b"DE89370400440532013000", True),
        (b"DE89370400440532013001", False),
        (b"DE8937040044053201300", False),
        (b"XX89370400440532013000", False),
    ],
)
def test_iban(account: bytes, valid: bool) -> None:
    assert iban_valid(account) is valid


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",
        "x4242424242424242",
        "0.4242424242424242",
        "4242424242424242.5",
        "42424242-4242-4242-4242-424242424242",
        "1732450000123456",
        "GB82WEST12345698765433",
        "4444 4444 4444 4444",
    ],
)
def test_numbers_that_prove_nothing_stay(text: str) -> None:
    assert scrub_text(f"id {text} x") == f"id {text} x"


@pytest.mark.parametrize("rule", IDENTITY_RULES, ids=lambda rule: rule.name)
def test_number_of_a_person_with_a_wrong_check_digit_stays(rule: Rule) -> None:
    right = f"{rule.sample}."
    changed = [
        f"{rule.sample[:place]}{digit}{rule.sample[place + 1 :]}."
        for place, old in enumerate(rule.sample)
        if old.isdigit()
        for digit in "0123456789"
        if digit != old
    ]
    assert f"[masked:{rule.name}]" in scrub_text(right)
    if rule.name != "uk-national-insurance":  # has a strict shape and no check digit
        kept = sum(scrub_text(text) == text for text in changed)
        assert kept > 0.8 * len(changed)


def test_card_among_text_is_masked_and_the_rest_stays() -> None:
    assert scrub_text("paid with 4242-4242-4242-4242.") == "paid with [masked:card-number]."
    assert scrub_text("(3782 822463 10005)") == "([masked:card-number])"
    assert scrub_text("bad 4242 4242 4242 4242 12 26") == "bad [masked:card-number] 12 26"


def test_groups_of_a_hexadecimal_dump_are_no_card() -> None:
    for line in ("00e0: 4242 4242 4242 4242 6c6c 6f20", "00e0: 6c6c 6f20 4242 4242 4242 4242"):
        assert scrub_text(line) == line
    assert scrub_text("to DE89 3704 0044 0532 0130 00 today") == "to [masked:iban] today"


def key_block(kind: str, lines: int = 4) -> "list[str]":
    return [
        f"-----BEGIN {kind}-----",
        *(fake("<b64>", number) for number in range(lines)),
        "q8Yw==",
        f"-----END {kind}-----",
    ]


@pytest.mark.parametrize(
    "kind", ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"]
)
def test_key_block_over_lines_loses_its_body(kind: str) -> None:
    block = key_block(kind)

    out = scrub_text("\n".join(["a", *block, "b"])).split("\n")

    assert out == ["a", block[0], "[masked:private-key]", "", "", "", "", block[-1], "b"]


@pytest.mark.parametrize(
    "prefix",
    ["2026-11-27 10:00:0{} INFO | ", "[10:00:0{}] app: ", "2026-11-27T10:00:00.{}23456Z stdout F ", "#{} 0.512 "],
)
def test_key_block_behind_what_a_log_puts_before_each_line_loses_its_body(prefix: str) -> None:
    lines = [prefix.format(number) + line for number, line in enumerate([*key_block("PRIVATE KEY"), "INFO done"])]
    out = list(scrub_lines(lines, []))
    body = range(1, len(lines) - 2)

    assert out[1] == prefix.format(1) + "[masked:private-key]"
    assert all(out[number] == prefix.format(number) for number in body if number > 1)
    assert [out[0], *out[-2:]] == [lines[0], *lines[-2:]]
    assert list(scrub_lines(out, [])) == out


def test_a_pair_of_which_nothing_is_the_value_stays() -> None:
    line = "LookupTrace(provider_name='env', key='DESTINATION__PASSWORD', value=None)"

    assert list(scrub_lines([line], [])) == [line]


@pytest.mark.parametrize(
    "line",
    [
        "TOKEN_ENDPOINT_URL=https://login.example.com/a1B2c3D4e5F6g7H8",
        "SECRET_KEY_ID=a1B2c3D4e5F6g7H8i9J0",
        "TOKEN_FINGERPRINT=a1B2c3D4e5F6g7H8i9J0",
        "PASSWORD_RESET_TIMEOUT_SECONDS: 86400",
        "b'tokens\\xa3one\\xa3two'",
        "Token(value: String, kind: Kind)",
    ],
)
def test_what_is_told_about_a_secret_is_none(line: str) -> None:
    assert list(scrub_lines([line], [])) == [line]


def test_key_block_with_headers_and_indent() -> None:
    block = [
        "-----BEGIN RSA PRIVATE KEY-----",
        "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-128-CBC,00FF",
        "",
        fake("<b64>"),
        "ab==",
        "-----END RSA PRIVATE KEY-----",
    ]

    out = scrub_text("\n".join("    " + line for line in block))

    assert fake("<b64>") not in out
    assert "    ab==" not in out
    assert "Proc-Type: 4,ENCRYPTED" in out


@pytest.mark.parametrize("border", ["\\n", "\\\\n", "\\r\\n", " ", ""])
def test_key_block_on_one_line(border: str) -> None:
    block = key_block("PRIVATE KEY")

    out = scrub_text('{"private_key": "' + border.join(block) + border + '", "client_id": "1234"}')

    for line in block[1:-1]:
        assert line not in out
    assert out.endswith('", "client_id": "1234"}')


def test_key_block_without_end_does_not_swallow_the_log() -> None:
    lines = ["-----BEGIN PRIVATE KEY-----", fake("<b64>"), fake("<b64>", 2), "INFO: 3 rows loaded", "done"]

    out = scrub_text("\n".join(lines)).split("\n")

    assert out[3:] == ["INFO: 3 rows loaded", "done"]
    assert out[1] == "[masked:private-key]"


def test_marker_without_a_key_changes_nothing() -> None:
    text = "expected -----BEGIN PRIVATE KEY-----\ngot nothing\ndone"

    assert scrub_text(text) == text


def test_public_keys_and_certificates_stay() -> None:
    for kind in ("PUBLIC KEY", "CERTIFICATE", "RSA PUBLIC KEY", "CERTIFICATE REQUEST", "PGP PUBLIC KEY BLOCK"):
        text = "\n".join(key_block(kind))

        assert scrub_text(text) == text
    assert (
        scrub_text("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5" + "AAAAIGb3 me@host")
        == "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGb3 me@host"
    )


def test_key_blocks_are_hits_whatever_their_borders() -> None:
    for border in ("\n", "\\n", "\r\n", "\n    ", " "):
        kinds = {hit.kind for hit in find_hits(border.join(key_block("PRIVATE KEY")))}
        assert "key-block" in kinds, border


def test_rules_with_the_same_signs_are_asked_together_and_none_is_left_out() -> None:
    book = rulebook()
    alone = [compiled for compiled in book.rules if len(compiled.rule.signs) > 0]
    every = (1 << len(book.rules)) - 1
    for rule in RULES:
        for text in (fake(rule.sample, 6), f'x {fake(rule.sample, 7)}, password="" {rule.name}'):
            for line in text.encode().split(b"\n"):
                found = {span.rule.name for compiled in alone for span in compiled.spans(line)}
                together = {span.rule.name for span in book.spans(line, LineSigns(every, len(line)))}

                assert together <= found
                assert bool(together) == bool(found)
                for family in book.families:
                    members = {
                        compiled.rule.name for index, compiled in enumerate(book.rules) if family.members >> index & 1
                    }
                    matching = family.matching(line)
                    assert found & members <= {
                        compiled.rule.name for index, compiled in enumerate(book.rules) if matching >> index & 1
                    }


def test_numbers_in_a_row_are_found_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    source = random.Random(4)
    rules = [compiled for compiled in rulebook().rules if compiled.rule.kind == "checksum"]
    pieces = [fake(compiled.rule.sample, 3).encode() for compiled in rules] * 2
    pieces += [
        b"4242424242424242",
        b"4111 1111 1111 1111",
        b"GB82 WEST 1234 5698 7654 32",
        b"4242 4242",
        b"x",
        b"\\n",
        b"+",
    ]
    rows = [b" ".join(source.choices(source.sample(pieces, 3), k=60)) for _ in range(200)]
    rows += [source.choice((b",", b" ", b"|", b"\\n")).join([source.choice(pieces)] * 40) for _ in range(200)]
    in_rows = [[compiled.spans(row) for compiled in rules] for row in rows]
    monkeypatch.setattr("planes.scrub.rulebook._ROW", 10**9)
    alone = [[compiled.spans(row) for compiled in rules] for row in rows]

    assert in_rows == alone
    assert sum(len(spans) > 8 for found in alone for spans in found) > 50
