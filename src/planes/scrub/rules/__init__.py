"""Every rule there is, in one tuple. A rule is data: see `model.Rule` and the tables beside it."""

from itertools import chain

from planes.scrub.rules.blocks import BLOCK_RULES
from planes.scrub.rules.hashes import HASH_RULES
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.arguments import ARGUMENT_RULES
from planes.scrub.rules.named.calls import CALL_RULES
from planes.scrub.rules.named.commands import COMMAND_RULES
from planes.scrub.rules.named.created import CREATED_RULES
from planes.scrub.rules.named.encoded import ENCODED_RULES
from planes.scrub.rules.named.files import FILE_RULES
from planes.scrub.rules.named.headers import HEADER_RULES
from planes.scrub.rules.named.kept import KEPT_RULES
from planes.scrub.rules.named.languages import LANGUAGE_RULES
from planes.scrub.rules.named.markup import MARKUP_RULES
from planes.scrub.rules.named.names import NAME_RULES
from planes.scrub.rules.named.placed import PLACED_RULES
from planes.scrub.rules.named.printed import PRINTED_RULES
from planes.scrub.rules.named.protocols import PROTOCOL_RULES
from planes.scrub.rules.named.sentences import SENTENCE_RULES
from planes.scrub.rules.named.statements import STATEMENT_RULES
from planes.scrub.rules.named.uris import URI_RULES
from planes.scrub.rules.personal.checksums import CHECKSUM_RULES
from planes.scrub.rules.personal.identities import IDENTITY_RULES
from planes.scrub.rules.personal.national import NATIONAL_RULES
from planes.scrub.rules.personal.pii import PII_CLASSES, PII_RULES
from planes.scrub.rules.providers.clouds import CLOUD_RULES
from planes.scrub.rules.providers.code import CODE_RULES
from planes.scrub.rules.providers.families import FAMILY_RULES
from planes.scrub.rules.providers.hosting import HOSTING_RULES
from planes.scrub.rules.providers.messaging import MESSAGING_RULES
from planes.scrub.rules.providers.models import MODEL_RULES
from planes.scrub.rules.providers.monitoring import MONITORING_RULES
from planes.scrub.rules.providers.payments import PAYMENT_RULES
from planes.scrub.rules.providers.platforms import PLATFORM_RULES
from planes.scrub.rules.providers.prefixes import PREFIX_RULES
from planes.scrub.rules.providers.services import SERVICE_RULES
from planes.scrub.rules.providers.warehouses import WAREHOUSE_RULES

# The order decides the name in the mask where two rules find the same bytes: the more telling one comes first.
RULES: tuple[Rule, ...] = (
    *BLOCK_RULES,
    *FAMILY_RULES,
    *HOSTING_RULES,
    *MONITORING_RULES,
    *CLOUD_RULES,
    *WAREHOUSE_RULES,
    *SERVICE_RULES,
    *MESSAGING_RULES,
    *PAYMENT_RULES,
    *MODEL_RULES,
    *CODE_RULES,
    *PLATFORM_RULES,
    *PREFIX_RULES,
    *HASH_RULES,
    *URI_RULES,
    *CHECKSUM_RULES,
    *NATIONAL_RULES,
    *IDENTITY_RULES,
    *HEADER_RULES,
    *COMMAND_RULES,
    *STATEMENT_RULES,
    *KEPT_RULES,
    *CREATED_RULES,
    *ENCODED_RULES,
    *CALL_RULES,
    *FILE_RULES,
    *NAME_RULES,
    *MARKUP_RULES,
    *PRINTED_RULES,
    *LANGUAGE_RULES,
    *SENTENCE_RULES,
    *ARGUMENT_RULES,
    *PROTOCOL_RULES,
    *PLACED_RULES,
)

# Shapes of names in what few programs print: forms, directories, PHP, pipelines of CI, docker's settings, calls
# with three texts, tables, and texts in lists, calls and members.
_SELDOM_SHAPES = [
    "form-code",
    "named-arrow",
    "named-cell",
    "named-change",
    "named-escaped",
    "named-list",
    "named-member",
    "named-parenthesised",
    "named-setting",
    "named-triple-quoted",
    "named-value",
    "named-wrapped",
    "value-before-name",
    "named-ldif",
    "form-part",
    "named-input",
    "named-serialized",
    "named-entity",
    "named-url-quoted",
    "named-prose-value",
    "ci-command",
    "docker-auth",
    "connect-call",
    "login-call",
    "login-pair",
    "user-info",
    "webhook-address",
    "kubernetes-secret",
    "prompt-default",
    "value-of-field",
    "argument-error",
    "named-listed",
    "named-backquoted",
]


def seldom() -> frozenset[str]:
    """Names of rules for what most logs never hold: tokens of one provider each, numbers of persons, shell commands,
    calls in source code, other languages than English. Asked once, and kept by nobody: it is 32 KB.
    """
    tables = (
        *(NATIONAL_RULES, IDENTITY_RULES, COMMAND_RULES, STATEMENT_RULES, KEPT_RULES, CREATED_RULES, ENCODED_RULES),
        *(ARGUMENT_RULES, PROTOCOL_RULES, CALL_RULES, FILE_RULES, LANGUAGE_RULES, SENTENCE_RULES, PRINTED_RULES),
        *(MARKUP_RULES, PLACED_RULES),
    )
    tokens = (rule for rule in RULES if rule.kind == "token")
    return frozenset([*(rule.name for rule in chain(tokens, *tables)), *_SELDOM_SHAPES])


__all__ = ["PII_CLASSES", "PII_RULES", "RULES", "Rule", "seldom"]
