"""Payment, shops, shipping."""

from planes.scrub.rules.judging import judges
from planes.scrub.rules.model import Rule, token

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_GOCARDLESS_AND_MOLLIE = "Mollie and GoCardless: API keys"

PAYMENT_RULES: tuple[Rule, ...] = (
    token(
        "shopify-token",
        "shpat_",
        r"shpat_[0-9A-Fa-f]{32,}",
        "shpat_<h32>",
        "Shopify: access token formats",
    ),
    token(
        "stripe-key",
        "sk_live_ sk_test_ sk_prod_",
        r"sk_(?:live|test|prod)_[0-9A-Za-z_]{16,}",
        "sk_live_<a99>",
        "Stripe: API keys",
    ),
    token(
        "webhook-signing-secret",
        "whsec_",
        r"whsec_[0-9A-Za-z+/=]{24,}",
        "whsec_<b32>",
        "Standard Webhooks: signing secrets",
    ),
    token(
        "square-personal-token",
        "sq0atp-",
        r"sq0atp-[0-9A-Za-z_-]{22,43}",
        "sq0atp-<w22>",
        "Square: access tokens",
    ),
    token(
        "braintree-token",
        "access_token$",
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
        "access_token$production$<l16>$<h32>",
        "Braintree: access tokens",
    ),
    token(
        "plaid-token",
        "access-sandbox- access-development- access-production-",
        rf"access-(?:sandbox|development|production)-{_UUID}",
        "access-production-<uuid>",
        "Plaid: token types",
    ),
    token(
        "razorpay-key",
        "rzp_live_ rzp_test_",
        r"rzp_(?:live|test)_[0-9A-Za-z]{14,}",
        "rzp_live_<a14>",
        "Razorpay: API keys",
    ),
    token(
        "flutterwave-key",
        "FLWSECK",
        r"FLWSECK(?:_TEST)?-[0-9A-Za-z]{12,}(?:-X)?",
        "FLWSECK-<h32>-X",
        "Flutterwave: API keys",
    ),
    token(
        "live-key",
        "live_ test_",
        r"(?P<secret>(?:live_[0-9A-Za-z_-]{40}|(?:live|test)_[0-9A-Za-z]{30}))",
        "live_<a15>8<a14>",
        _GOCARDLESS_AND_MOLLIE,
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
        judge=judges.mixed,
    ),
    token("easypost-key", "EZAK", r"(?P<secret>EZAK[0-9A-Za-z]{54})", "EZAK<a54>", "EasyPost: API keys"),
    token(
        "shippo-token",
        "shippo_live_ shippo_test_",
        r"shippo_(?:live|test)_[0-9A-Fa-f]{40}",
        "shippo_live_<h40>",
        "Shippo: authentication",
    ),
    token(
        "duffel-token",
        "duffel_live_ duffel_test_",
        r"duffel_(?:live|test)_[0-9A-Za-z_=-]{43}",
        "duffel_live_<w43>",
        "Duffel: access tokens",
    ),
    token(
        "settlemint-token",
        "sm_pat_",
        r"sm_pat_[0-9A-Za-z]{16,}",
        "sm_pat_<a16>",
        "SettleMint: access tokens",
    ),
    token(
        "paddle-key",
        "pdl_live_apikey_ pdl_sdbx_apikey_",
        r"pdl_(?:live|sdbx)_apikey_[0-9a-z]{26}_[0-9A-Za-z]{22}_[0-9A-Za-z]{3}",
        "pdl_live_apikey_<l26>_<a22>_<a3>",
        "Paddle: API keys",
    ),
    token(
        "polar-token",
        "polar_oat_ polar_pat_",
        r"polar_[op]at_[0-9A-Za-z_-]{32,}",
        "polar_oat_<a43>",
        "Polar: access tokens",
    ),
)
