"""What sensitive names mean as often: several secrets, a column, a test that passed, a pass of a compiler."""

import re

from planes.scrub.rules.judging.plausible import looks_random

# Who gives out one key, which programs call by its name: `deepgram_key`. None of them is a word of tables or code.
_NAMES_OF_GIVERS = """
    openai anthropic mistral cohere groq huggingface deepgram assemblyai elevenlabs pinecone weaviate qdrant algolia
    sendgrid mailgun mailchimp mandrill postmark sparkpost brevo klaviyo braze intercom zendesk freshdesk hubspot
    pipedrive airtable shopify recurly chargebee mollie adyen twilio datadog newrelic sentry rollbar bugsnag logdna
    opsgenie pagerduty splunk posthog mixpanel amplitude fivetran hightouch recaptcha openrouter perplexity serpapi
    tavily deepseek gemini bamboohr greenhouse coinbase rapidapi stripe
"""
GIVERS = tuple(_NAMES_OF_GIVERS.split())
_GIVEN_KEYS = tuple(giver.encode("ascii") for giver in GIVERS)
_COLUMN = re.compile(rb"[A-Za-z_]+[0-9]?(?:\.[A-Za-z_]+)*$")
_OF_LOGIN = re.compile(rb"user|login|host|port[ \t]*[:=]", re.IGNORECASE)
# The name of a test: its file, what a runner calls a function, a type or a package.
_TEST = re.compile(rb"(?:[\w.+-]+/)+[\w.+-]+|[Tt]est[\w:./-]*|[A-Za-z]\w*(?:(?:::|[.])\w+)+|[a-z]+(?:_[a-z0-9]+)+")
# How long a test took: ` (0.01s)`, ` [12 ms]`
_DURATION = re.compile(rb"[ ][(\[][ ]*[0-9.,]+[ ]?(?:m|u|n|\xc2\xb5)?s(?:ec(?:onds)?)?[)\]]")
_WORDS = re.compile(rb"[a-z]+(?:[-_][a-z]+)*$")
_WORD_BEFORE = re.compile(rb"[A-Za-z]{3,}[ ]$")

PLURALS = tuple(
    joined
    for words in b"password passwd passphrase secret token credential api_key access_key secret_key signing_key"
    b" encryption_key app_key auth_key private_key recovery_code backup_code".split()
    for joined in dict.fromkeys((words, words.replace(b"_", b""), words.replace(b"_", b"-")))
)
# What gives several values behind such a name, up to the bracket.
GIVES_SEVERAL = rb"[sS][\\\"'`\]]{0,4}[ \t]*(?::=|=>|[:=])[ \t]*(?:\[\]string|map)?"
_GIVES_SEVERAL = re.compile(GIVES_SEVERAL + rb"$")
LONGEST_WITH_MEMBERS = 2048


def is_of_several(line: bytes, start: int) -> bool:
    """Whether a bracket at `start` opens the members of a plural: `planes.scrub.below.members` looks at all of them."""
    if line[start : start + 1] not in (b"[", b"{", b"(") or len(line) > LONGEST_WITH_MEMBERS:
        return False
    gives = _GIVES_SEVERAL.search(line, max(0, start - 32), start)
    return gives is not None and line[: gives.start()].lower().endswith(PLURALS)


def is_column_of_provider(line: bytes, begin: int, secret: bytes) -> bool:
    """Whether a key that is called by its provider is a column's name: `stripe_key: customer_id`.

    Providers give out keys that look random. In capitals it is a shell's variable, which holds one.
    """
    return line.startswith(_GIVEN_KEYS, begin) and _COLUMN.match(secret) is not None and not looks_random(secret)


def is_result(line: bytes, begin: int, start: int, end: int) -> bool:
    """Whether `pass` says that a test passed (`PASS: gdb.base/break.exp`), or names a pass of a compiler."""
    secret = line[start:end].rstrip(b":,.")
    if looks_random(secret) or _OF_LOGIN.search(line, 0, begin) or _OF_LOGIN.search(line, end):
        return False
    if _DURATION.match(line, end):
        return True
    if line.startswith(b"PASS", begin):
        return _TEST.fullmatch(secret) is not None
    is_prose = line[end : end + 1] == b" " and line[end + 1 : end + 2].isalpha()
    return _WORDS.match(secret) is not None and (is_prose or _WORD_BEFORE.search(line, 0, begin) is not None)
