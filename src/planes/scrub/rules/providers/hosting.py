"""More clouds and hosts: networks, identity, secret stores; token types that a provider tells apart by prefix."""

from planes.scrub.rules.model import Rule, token

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_DIGITALOCEAN = "DigitalOcean: access tokens"
_DOPPLER = "Doppler: token formats"
_NETLIFY = "Netlify: token formats"
_VERCEL = "Vercel: token formats"
_YANDEX = "Yandex Cloud: authentication"

_AWS_KEYS = {"ASIA": "temporary-key-id", "ABIA": "bearer-token-id", "ACCA": "context-credential-id"}
_VERCEL_TYPES = {"i": "integration", "a": "app", "r": "refresh", "k": "gateway"}
_NETLIFY_TYPES = {"c": "cli", "o": "oauth", "b": "build", "u": "interface"}
_DOPPLER_TYPES = {"st": "service", "ct": "cli", "sa": "service-account", "scim": "scim", "audit": "audit"}
_TAILSCALE_TYPES = {"api": "api", "client": "oauth", "scim": "scim", "webhook": "webhook"}
_CLOUDFLARE_TYPES = {"cfut": "user-token", "cfat": "account-token", "cfk": "global-key"}

HOSTING_RULES: tuple[Rule, ...] = (
    *(
        token(f"aws-{kind}", prefix, rf"{prefix}[A-Z2-7]{{16}}", f"{prefix}<s16>", "AWS: IAM identifiers", alone=True)
        for prefix, kind in _AWS_KEYS.items()
    ),
    *(
        token(
            f"vercel-{kind}-token",
            f"vc{sign}_",
            rf"vc{sign}_[0-9A-Za-z]{{24,}}",
            f"vc{sign}_<a56>",
            _VERCEL,
            alone=True,
        )
        for sign, kind in _VERCEL_TYPES.items()
    ),
    *(
        token(
            f"netlify-{kind}-token",
            f"nf{sign}_",
            rf"nf{sign}_[0-9A-Za-z]{{36,}}",
            f"nf{sign}_<a36>",
            _NETLIFY,
            alone=True,
        )
        for sign, kind in _NETLIFY_TYPES.items()
    ),
    *(
        token(
            f"doppler-{kind}-token",
            f"dp.{sign}.",
            rf"dp\.{sign}\.(?:[0-9a-z_-]{{2,35}}\.)?[0-9A-Za-z]{{40,44}}",
            f"dp.{sign}.<a43>",
            _DOPPLER,
        )
        for sign, kind in _DOPPLER_TYPES.items()
    ),
    *(
        token(
            f"tailscale-{kind}-key",
            f"tskey-{sign}-",
            rf"tskey-{sign}-[0-9A-Za-z]+-[0-9A-Za-z]+",
            f"tskey-{sign}-<a12>CNTRL-<a32>",
            "Tailscale: key prefixes",
        )
        for sign, kind in _TAILSCALE_TYPES.items()
    ),
    *(
        token(
            f"cloudflare-{kind}",
            f"{sign}_",
            rf"{sign}_[0-9A-Za-z]{{40}}[0-9a-f]{{8}}",
            f"{sign}_<a40><h8>",
            "Cloudflare: API tokens",
            follow="[0-9A-Za-z]{8}",
            alone=True,
        )
        for sign, kind in _CLOUDFLARE_TYPES.items()
    ),
    token("digitalocean-oauth-token", "doo_v1_", r"doo_v1_[0-9a-f]{64}", "doo_v1_<h64>", _DIGITALOCEAN),
    token("digitalocean-refresh-token", "dor_v1_", r"dor_v1_[0-9a-f]{64}", "dor_v1_<h64>", _DIGITALOCEAN),
    token("vault-batch-token", "hvb.", r"hvb\.[0-9A-Za-z_-]{24,}", "hvb.<w138>", "HashiCorp: Vault tokens"),
    token("vault-recovery-token", "hvr.", r"hvr\.[0-9A-Za-z_-]{24,}", "hvr.<w95>", "HashiCorp: Vault tokens"),
    token("fly-machine-token", "fm1r_ fm1a_", r"fm1[ar]_[0-9A-Za-z+/=_-]{40,}", "fm1r_<b120>", "Fly.io: access tokens"),
    token(
        "fly-oauth-token",
        "fo1_",
        r"fo1_[0-9A-Za-z_-]{40,}",
        "fo1_<w43>",
        "Fly.io: access tokens",
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "supabase-secret-key", "sb_secret_", r"sb_secret_[0-9A-Za-z_-]{20,}", "sb_secret_<w31>", "Supabase: API keys"
    ),
    token("amazon-refresh-token", "Atzr|", r"Atzr\|[0-9A-Za-z_-]{40,}", "Atzr|<w80>", "Amazon: Login with Amazon"),
    token(
        "azure-event-hub-key",
        "+AEh",
        r"[0-9A-Za-z+/]{33}\+AEh[0-9A-Za-z+/]{6}={0,2}",
        "<b33>+AEh<a6>=",
        "Microsoft: identifiable security keys",
    ),
    token("aws-appsync-key", "da2-", r"da2-[0-9a-z]{26}", "da2-<l26>", "AWS: AppSync authorization", alone=True),
    token(
        "akamai-token",
        "akab-",
        r"(?P<secret>akab-[0-9a-z]{16}-[0-9a-z]{16})(?:$|[^0-9A-Za-z.-]|\.(?:$|[^a-z]))",
        "akab-<l16>-<l16>",
        "Akamai: API credentials",
    ),
    token("adobe-client-secret", "p8e-", r"p8e-[0-9A-Za-z_-]{32}", "p8e-<w32>", "Adobe: OAuth credentials", alone=True),
    token("yandex-api-key", "AQVN", r"AQVN[0-9A-Za-z_-]{35,38}", "AQVN<w36>", _YANDEX, alone=True),
    token(
        "yandex-iam-token",
        "t1.",
        r"t1\.[0-9A-Za-z_-]{20,}={0,2}\.[0-9A-Za-z_-]{86}={0,2}",
        "t1.<w120>.<w86>",
        _YANDEX,
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "yandex-oauth-token",
        "y0_ y0__",
        r"y0__?[0-9A-Za-z_-]{50,}",
        "y0_<w55>",
        _YANDEX,
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "yandex-static-key",
        "YCA YCM YCN YCO YCP",
        r"YC[AMNOP][0-9A-Za-z_-]{37}",
        "YCM<w37>",
        _YANDEX,
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token("deno-token", "ddp_ ddw_", r"dd[pw]_[0-9A-Za-z]{36}", "ddp_<a36>", "Deno Deploy: access tokens", alone=True),
    token(
        "ubidots-token", "BBFF- BBUS-", r"BB(?:FF|US)-[0-9A-Za-z]{30,}", "BBFF-<a30>", "Ubidots: API tokens", alone=True
    ),
    token(
        "nebula-key", "dnkey-", r"dnkey-[0-9A-Z]{26}-[0-9A-Z]{52}", "dnkey-<s26>-<s52>", "Defined Networking: API keys"
    ),
    token(
        "bitwarden-access-token",
        "0.",
        rf"0\.{_UUID}\.[0-9A-Za-z]{{30}}:[0-9A-Za-z+/]{{22}}==",
        "0.<uuid>.<a30>:<b22>==",
        "Bitwarden: Secrets Manager access tokens",
        follow="[0-9a-f]{8}-[0-9a-f]{4}-",
    ),
    token(
        "infisical-service-token",
        "st.",
        rf"(?P<secret>st\.(?:[0-9a-f]{{24}}|{_UUID})\.[0-9a-f]{{32}}\.[0-9a-f]{{32}})",
        "st.<uuid>.<h32>.<h32>",
        "Infisical: service tokens",
        follow="[0-9a-f]{8}",
        alone=True,
    ),
    token(
        "authress-key",
        ".acc_ .acc-",
        r"(?:sc|ext|scauth|authress)_[0-9A-Za-z]{5,30}\.[0-9A-Za-z]{4,6}\.acc[_-][0-9a-z-]{10,32}\.[0-9A-Za-z+/_=-]{30,120}",
        "sc_<l20>.<l4>.acc-<l12>.<b60>",
        "Authress: service clients",
    ),
    token(
        "stytch-secret",
        "secret-live- secret-test-",
        r"secret-(?:live|test)-[0-9A-Za-z_-]{34,}={0,2}",
        "secret-live-<w35>=",
        "Stytch: API keys",
    ),
    token(
        "portainer-token", "ptr_", r"ptr_[0-9A-Za-z/_+=-]{40,60}", "ptr_<b44>", "Portainer: access tokens", alone=True
    ),
    token("endor-key", "endr+", r"endr\+[0-9A-Za-z-]{16}", "endr+<a16>", "Endor Labs: API keys", alone=True),
    token(
        "salad-key",
        "salad_cloud_",
        r"salad_cloud_[0-9A-Za-z]{1,7}_[0-9A-Za-z]{7,235}",
        "salad_cloud_user_<a60>",
        "SaladCloud: API keys",
    ),
    token(
        "kubeconfig-key",
        "client-key-data:",
        r"client-key-data: ?(?P<secret>[0-9A-Za-z+/]{40,}={0,2})",
        "client-key-data: <b200>=",
        "Kubernetes: kubeconfig",
    ),
    token(
        "kubernetes-bootstrap-token",
        "--token token:",
        r"(?:--token[ =]|token: ?)(?P<secret>[0-9a-z]{6}\.[0-9a-z]{16})",
        "--token <l6>.<l16>",
        "Kubernetes: bootstrap tokens",
        follow="[ =]?[0-9a-z]{6}[.]",
    ),
    token(
        "google-oauth-code",
        "4/0A",
        r"4/0A[0-9A-Za-z_-]{60,}",
        "4/0A<w70>",
        "Google: OAuth 2.0 tokens",
        alone=True,
    ),
    token(
        "entra-refresh-token",
        "0.A 1.A",
        r"[01]\.A[0-9A-Za-z_-]{50,}(?:\.[0-9])?\.Ag[0-9A-Za-z_-]{250,}",
        "1.A<w80>.Ag<w400>",
        "Microsoft: Entra refresh tokens",
        follow="[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "azure-app-configuration-secret",
        ".azconfig.io;",
        r"\.azconfig\.io;Id=[^; ]+;Secret=(?P<secret>[0-9A-Za-z+/=]{20,})",
        "Endpoint=https://x.azconfig.io;Id=<a6>;Secret=<b43>=",
        "Microsoft: App Configuration",
    ),
    token(
        "azure-batch-key",
        "+ABa",
        r"[0-9A-Za-z+/]{76}\+ABa[0-9A-Za-z+/]{6}={0,2}",
        "<b76>+ABa<a5>Q==",
        "Microsoft: identifiable security keys",
    ),
    token(
        "azure-management-key",
        "APIM",
        r"[0-9A-Za-z+/]{76}APIM[0-9A-Za-z+/]{6}={0,2}",
        "<b76>APIM<a5>Q==",
        "Microsoft: identifiable security keys",
    ),
    token(
        "netbird-token",
        "nbp_",
        r"(?P<secret>nbp_[0-9A-Za-z]{36})",
        "nbp_<a36>",
        "NetBird: access tokens",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
)
