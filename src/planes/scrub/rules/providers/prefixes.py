"""Tokens that say by a prefix what they are: of some providers, and of any other that follows the custom."""

import re

from planes.scrub.rules.judging import judges
from planes.scrub.rules.judging.plausible import is_jumbled
from planes.scrub.rules.model import Rule, token

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_BODY = re.compile(rb"[0-9A-Za-z]+$")
_MIXED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9].*[0-9])")
_HEXADECIMAL = re.compile(rb"[0-9a-f]{32,}")
# Behind these a number in hexadecimal is a secret as well; behind `api-` or `key_` it may be a checksum.
_SURE = re.compile(rb"(?:^|[_-])(?:sk|pat|secret|live)[_-]")

# The half that Stripe and Clerk have browsers show.
_MODES = (b"live_", b"test_")
_PUBLIC = tuple(b"pk_" + mode for mode in _MODES)


def made(line: bytes, _: int, start: int, end: int) -> int:
    """What stands behind the prefix must be made by a generator: names in code have prefixes too."""
    secret = line[start:end]
    if secret.startswith(_PUBLIC) or (line[max(0, start - 3) : start] == b"pk_" and secret.startswith(_MODES)):
        return -1
    body = _BODY.search(secret)
    if body is None:
        return -1
    if _HEXADECIMAL.fullmatch(body[0]):
        return end if _SURE.search(secret) and not body[0].isdigit() and not body[0].isalpha() else -1
    return end if _MIXED.match(body[0]) and is_jumbled(body[0]) else -1


PREFIX_RULES: tuple[Rule, ...] = (
    token(
        "snyk-token",
        "snyk_uat. snyk_sat.",
        r"snyk_[us]at\.[0-9a-f]{8}\.[0-9A-Za-z_-]{16,}(?:\.[0-9A-Za-z_-]{8,})?",
        "snyk_uat.<h8>.eyJ<a60>.<w43>",
        "Snyk: personal access tokens",
    ),
    token(
        "sourcegraph-legacy-token", "sgp_", r"sgp_[0-9a-f]{40}", "sgp_<h40>", "Sourcegraph: access tokens", alone=True
    ),
    token("wakatime-key", "waka_", rf"waka_{_UUID}", "waka_<uuid>", "WakaTime: API keys"),
    token(
        "unkey-root-key",
        "unkey_",
        r"unkey_[0-9A-Za-z]{22,}",
        "unkey_<a10>7<a13>",
        "Unkey: root keys",
        follow="[0-9A-Za-z]{8}",
        alone=True,
        judge=judges.mixed,
    ),
    token(
        "aspnet-ticket",
        "CfDJ8",
        r"CfDJ8[0-9A-Za-z_-]{60,}",
        "CfDJ8<w90>",
        "ASP.NET Core: data protection",
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token("kaggle-token", "KGAT_", r"KGAT_[0-9a-f]{32}", "KGAT_<h32>", "Kaggle: API tokens", alone=True),
    token(
        "klarna-key",
        "klarna_live_api_ klarna_test_api_",
        r"klarna_(?:live|test)_api_[0-9A-Za-z_/+=-]{24,}",
        "klarna_live_api_<a120>",
        "Klarna: API keys",
    ),
    token(
        "vercel-blob-token",
        "vercel_blob_rw_",
        r"vercel_blob_rw_[0-9A-Za-z]{8,}_[0-9A-Za-z]{20,}",
        "vercel_blob_rw_<a16>_<a32>",
        "Vercel Blob: read-write tokens",
    ),
    token(
        "secret-token-address",
        "secret-token:",
        r"secret-token:(?P<secret>[0-9A-Za-z_.~%=:+-]{16,})",
        "secret-token:<a32>",
        "RFC 8959: the secret-token scheme",
        follow="[0-9A-Za-z]{8}",
    ),
    token(
        "slack-invitation",
        "shared_invite/zt-",
        r"shared_invite/(?P<secret>zt-[0-9A-Za-z~_-]{16,})",
        "shared_invite/zt-<a10>-<a22>",
        "Slack: shared invitations",
    ),
    token(
        "ifttt-key",
        "/with/key/",
        r"/with/key/(?P<secret>[0-9A-Za-z_-]{16,})",
        "/with/key/<a22>",
        "IFTTT: Webhooks",
        follow="[0-9A-Za-z_-]{8}",
    ),
    token(
        "anaconda-token",
        "/t/",
        r"https?://[^ \t/\"']{3,100}/t/(?P<secret>[0-9A-Za-z_-]{20,})/",
        "https://conda.example.com/t/<a20>7<a19>/main",
        "Anaconda: tokens in addresses of channels",
        follow="[0-9A-Za-z_-]{8}",
        judge=judges.mixed,
    ),
    token(
        "aws-text-credentials",
        "CREDENTIALS\t",
        r"CREDENTIALS\t[A-Z0-9]{16,}\t[^\t\n]{8,40}\t(?P<secret>[0-9A-Za-z+/=\t]{40,})",
        "CREDENTIALS\tASIA<s16>\t2026-01-01T00:00:00Z\t<b40>\t<b120>",
        "AWS: IAM identifiers",
    ),
    token(
        "aws-text-parameter",
        "SecureString\t",
        r"SecureString\t(?P<secret>[^\t\n]+)",
        "PARAMETER\tarn:aws:ssm:eu-west-1:123456789012:parameter/db\ttext\t/db\tSecureString\t<a16>\t3",
        "AWS: Systems Manager parameters",
    ),
    token(
        "prefixed-token",
        "sk_ sk- key_ key- token_ token- tok_ tok- api_ api- pat_ pat- live_ live- secret_ secret-",
        r"(?P<secret>(?:[0-9A-Za-z]{1,12}[_-]){0,4}(?:sk|key|apikey|token|tok|api|pat|live|secret)[_-]"
        r"(?:[0-9a-z]{1,12}[_-]){0,2}[0-9A-Za-z]{22,})",
        "acme_sk_live_<a10>7<a6>2B<a12>",
        "how providers name their tokens",
        # So many in the scan too: `task_id`, `risk_level`, `secret_name` stand in all sorts of logs.
        follow="(?:[0-9a-z]{1,12}[_-])?[0-9A-Za-z]{8}[0-9A-Za-z]{14}",
        alone=True,
        judge=made,
    ),
)
