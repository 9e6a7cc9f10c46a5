"""Token types of code hosts, chat, shops and data platforms that their provider tells apart by prefix."""

from planes.scrub.rules.model import Rule, token

_ATLASSIAN = "Atlassian: API tokens"
_BUILDKITE = "Buildkite: token security"
_GITHUB = "GitHub: token formats"
_GITLAB = "GitLab: token prefixes"
_SHOPIFY = "Shopify: access token formats"
_SLACK = "Slack: token types"
_STRIPE = "Stripe: API keys"
_SQUARE = "Square: access tokens"

_GITHUB_TYPES = {"o": "oauth", "u": "app-user", "r": "refresh"}
_GITLAB_TYPES = {
    "dt": "deploy",
    "rt": "runner-authentication",
    "rtr": "runner-registration",
    "cbt": "job",
    "ptt": "trigger",
    "ft": "feed",
    "imt": "incoming-mail",
    "agent": "agent",
    "soat": "scim",
    "oas": "oauth-application",
    "wt": "workspace",
    "ffct": "feature-flags",
}
_SHOPIFY_TYPES = {"ca": "custom-app", "pa": "private-app", "ss": "shared", "tka": "token-exchange", "ua": "user"}
_SLACK_TYPES = {
    "p": "user",
    "a": "workspace",
    "r": "workspace-refresh",
    "s": "session",
    "c": "client",
    "d": "cookie",
    "o": "legacy",
    "e": "refresh",
}
_BUILDKITE_TYPES = {"ct": "cluster", "aj": "job", "ar": "agent-registration", "at": "agent"}

FAMILY_RULES: tuple[Rule, ...] = (
    *(
        token(f"github-{kind}-token", f"gh{sign}_", rf"gh{sign}_[0-9A-Za-z]{{36,255}}", f"gh{sign}_<a36>", _GITHUB)
        for sign, kind in _GITHUB_TYPES.items()
    ),
    token(
        "github-app-installation-token",
        "ghs_",
        r"ghs_(?:[0-9]{1,12}_eyJ[0-9A-Za-z_.-]{40,}|[0-9A-Za-z]{36,255})",
        "ghs_<a36>",
        _GITHUB,
    ),
    *(
        token(
            f"gitlab-{kind}-token",
            f"gl{sign}-",
            rf"gl{sign}-[0-9A-Za-z_=-]{{20,300}}(?:\.[0-9a-z]{{2}}\.?[0-9a-z]{{7,9}})?",
            f"gl{sign}-<w24>",
            _GITLAB,
            follow="[0-9A-Za-z_.-]{8}",
        )
        for sign, kind in _GITLAB_TYPES.items()
    ),
    token(
        "gitlab-session",
        "_gitlab_session=",
        r"_gitlab_session=(?P<secret>[0-9a-z]{32})",
        "_gitlab_session=<h32>",
        _GITLAB,
    ),
    *(
        token(f"shopify-{kind}-token", f"shp{sign}_", rf"shp{sign}_[0-9A-Fa-f]{{32,}}", f"shp{sign}_<h32>", _SHOPIFY)
        for sign, kind in _SHOPIFY_TYPES.items()
    ),
    *(
        token(
            f"slack-{kind}-token",
            f"xox{sign}-",
            rf"xox{sign}-[0-9A-Za-z%-]{{10,}}",
            f"xox{sign}-<d12>-<d13>-<a24>",
            _SLACK,
        )
        for sign, kind in _SLACK_TYPES.items()
    ),
    *(
        token(
            f"buildkite-{kind}-token",
            f"bk{sign}_",
            rf"bk{sign}_[0-9A-Za-z]{{40,}}",
            f"bk{sign}_<h40>",
            _BUILDKITE,
            follow="[0-9A-Za-z]{8}",
            alone=True,
        )
        for sign, kind in _BUILDKITE_TYPES.items()
    ),
    token(
        "stripe-restricted-key",
        "rk_live_ rk_test_ rk_prod_",
        r"rk_(?:live|test|prod)_[0-9A-Za-z_]{16,}",
        "rk_live_<a99>",
        _STRIPE,
    ),
    token("stripe-organization-key", "sk_org_", r"sk_org_[0-9A-Za-z_]{16,}", "sk_org_live_<a60>", _STRIPE),
    token(
        "stripe-client-secret",
        "_secret_",
        r"(?P<secret>(?:pi|seti|src|cs|acct)_[0-9A-Za-z_]{16,}_secret_[0-9A-Za-z]{16,})",
        "pi_<a24>_secret_<a25>",
        "Stripe: Payment Intents",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token("square-application-secret", "sq0csp-", r"sq0csp-[0-9A-Za-z_-]{40,50}", "sq0csp-<w43>", _SQUARE),
    token(
        "square-access-token",
        "EAAA",
        r"EAAA[0-9A-Za-z_-]{60}",
        "EAAA<w60>",
        _SQUARE,
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "docker-organization-token",
        "dckr_oat_",
        r"dckr_oat_[0-9A-Za-z_-]{20,}",
        "dckr_oat_<w32>",
        "Docker: access tokens",
    ),
    token(
        "circleci-project-token",
        "CCIPRJ_",
        r"CCIPRJ_[0-9A-Za-z]+_[0-9a-f]{40}",
        "CCIPRJ_<a22>_<h40>",
        "CircleCI: API tokens",
    ),
    token(
        "planetscale-token",
        "pscale_tkn_",
        r"pscale_tkn_[0-9A-Za-z_=.-]{32,64}",
        "pscale_tkn_<w43>",
        "PlanetScale: token formats",
    ),
    token(
        "planetscale-oauth-token",
        "pscale_oauth_",
        r"pscale_oauth_[0-9A-Za-z_=.-]{32,64}",
        "pscale_oauth_<w43>",
        "PlanetScale: token formats",
    ),
    token(
        "figma-oauth-token",
        "figu_ figo_ figr_ figh_ figp_ figor_ figoh_ figuh_ figur_",
        r"fig(?:[uorhp]|[uo][rh])_[0-9A-Za-z_=-]{36,}",
        "figo_<w40>",
        "Figma: access tokens",
    ),
    token("linear-oauth-token", "lin_oauth_", r"lin_oauth_[0-9A-Za-z]{32,}", "lin_oauth_<h64>", "Linear: OAuth"),
    token("linear-webhook-secret", "lin_wh_", r"lin_wh_[0-9A-Za-z]{32,}", "lin_wh_<a32>", "Linear: webhooks"),
    token(
        "notion-legacy-token",
        "secret_",
        r"secret_[0-9A-Za-z]{43}",
        "secret_<a43>",
        "Notion: authorization",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token("atlassian-scoped-token", "ATCTT3", r"ATCTT3[0-9A-Za-z_=-]{50,}", "ATCTT3<w180>", _ATLASSIAN),
    token(
        "atlassian-server-token",
        "BBDC-",
        r"BBDC-[0-9A-Za-z+/@_-]{40,50}",
        "BBDC-<b44>",
        "Atlassian: Bitbucket Data Center access tokens",
    ),
    token("dbt-personal-token", "dbtu_", r"dbtu_[0-9A-Za-z_-]{40,}", "dbtu_<w43>", "dbt: service and personal tokens"),
    token("prefect-service-key", "pnb_", r"pnb_[0-9A-Za-z]{36}", "pnb_<a36>", "Prefect Cloud: API keys", alone=True),
    token(
        "brevo-smtp-key",
        "xsmtpsib-",
        r"xsmtpsib-[0-9a-f]{64}-[0-9A-Za-z]{16}",
        "xsmtpsib-<h64>-<a16>",
        "Brevo: API keys",
    ),
    token(
        "settlemint-application-token",
        "sm_aat_",
        r"sm_aat_[0-9A-Za-z]{16,}",
        "sm_aat_<a16>",
        "SettleMint: access tokens",
    ),
    token(
        "settlemint-service-token", "sm_sat_", r"sm_sat_[0-9A-Za-z]{16,}", "sm_sat_<a16>", "SettleMint: access tokens"
    ),
    token(
        "flutterwave-test-key",
        "FLWSECK_TEST-",
        r"FLWSECK_TEST-[0-9A-Za-z]{12,}(?:-X)?",
        "FLWSECK_TEST-<h32>-X",
        "Flutterwave: API keys",
    ),
    token("instagram-graph-token", "IGAA", r"IGAA[0-9A-Za-z_-]{80,}", "IGAA<w150>", "Meta: Instagram access tokens"),
    token("pinterest-refresh-token", "pinr_", r"pinr_[0-9A-Z]{60,}", "pinr_<u64>", "Pinterest: authentication"),
    token(
        "huggingface-organization-token",
        "api_org_",
        r"api_org_[0-9A-Za-z]{34}",
        "api_org_<a34>",
        "Hugging Face: user access tokens",
        alone=True,
    ),
    token("easypost-test-key", "EZTK", r"EZTK[0-9A-Za-z]{54}", "EZTK<a54>", "EasyPost: API keys"),
    token(
        "openai-service-key",
        "sk-svcacct-",
        r"sk-svcacct-[0-9A-Za-z_-]{40,}",
        "sk-svcacct-<w74>T3BlbkFJ<w74>",
        "OpenAI: API keys",
    ),
    token(
        "openai-admin-key",
        "sk-admin-",
        r"sk-admin-[0-9A-Za-z_-]{40,}",
        "sk-admin-<w58>T3BlbkFJ<w58>",
        "OpenAI: API keys",
    ),
    token(
        "anthropic-admin-key",
        "sk-ant-admin",
        r"sk-ant-admin[0-9]{2}-[0-9A-Za-z_-]{40,}",
        "sk-ant-admin01-<w93>AA",
        "Anthropic: API keys",
    ),
    token(
        "anthropic-oauth-token",
        "sk-ant-oat sk-ant-ort sk-ant-sid",
        r"sk-ant-(?:oat|ort|sid)[0-9]{2}-[0-9A-Za-z_-]{40,}",
        "sk-ant-oat01-<w93>AA",
        "Anthropic: API keys",
    ),
)
