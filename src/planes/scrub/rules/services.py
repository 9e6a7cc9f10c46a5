"""Services that data is loaded from."""

from planes.scrub.rules.model import Rule, token

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

SERVICE_RULES: tuple[Rule, ...] = (
    token(
        "hubspot-token",
        "pat-na pat-eu pat-ap",
        rf"pat-(?:na|eu|ap)[0-9]-{_UUID}",
        "pat-eu1-<uuid>",
        "HubSpot: private apps",
    ),
    token(
        "klaviyo-key",
        "pk_",
        r"(?P<secret>pk_[0-9a-f]{34})",
        "pk_<h34>",
        "Klaviyo: API keys",
        follow="[0-9a-f]{8}",
        alone=True,
    ),
    token(
        "clickup-token",
        "pk_",
        r"(?P<secret>pk_[0-9]{4,}_[0-9A-Z]{32})",
        "pk_<d8>_<u32>",
        "ClickUp: API tokens",
        follow="[0-9]{4,12}_",
        alone=True,
    ),
    token(
        "asana-token",
        "/1",
        r"(?P<secret>[0-9]/[0-9]{13,17}(?:/[0-9]{13,17})?:[0-9A-Za-z]{32})",
        "2/1<d15>/1<d15>:<h32>",
        "Asana: personal access tokens",
        follow="[0-9]{12,16}[/:]",
    ),
    token(
        "notion-token",
        "ntn_ secret_",
        r"(?P<secret>(?:ntn_|secret_)[0-9A-Za-z]{40,})",
        "ntn_<a46>",
        "Notion: authorization",
        follow="[0-9A-Za-z]{8}",
    ),
    token(
        "linear-key",
        "lin_api_ lin_oauth_ lin_wh_",
        r"lin_(?:api|oauth|wh)_[0-9A-Za-z]{32,}",
        "lin_api_<a40>",
        "Linear: API keys",
    ),
    token(
        "trello-token",
        "ATTA",
        r"(?P<secret>ATTA[0-9A-Za-z]{64,})",
        "ATTA<h72>",
        "Trello: authorization",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token(
        "atlassian-token",
        "ATATT3 ATCTT3",
        r"AT[AC]TT3[0-9A-Za-z_=-]{50,}",
        "ATATT3<w180>",
        "Atlassian: API tokens",
    ),
    token(
        "bitbucket-password", "ATBB", r"ATBB[0-9A-Za-z]{32}", "ATBB<a24><h8>", "Bitbucket: app passwords", alone=True
    ),
    token(
        "figma-token",
        "figd_ figu_ figo_ figr_ figh_",
        r"fig[duorh]_[0-9A-Za-z_-]{36,}",
        "figd_<w40>",
        "Figma: access tokens",
    ),
    token(
        "contentful-token", "CFPAT-", r"CFPAT-[0-9A-Za-z_-]{43}", "CFPAT-<w43>", "Contentful: personal access tokens"
    ),
    token(
        "typeform-token",
        "tfp_",
        r"(?P<secret>tfp_[0-9A-Za-z_.=-]{40,})",
        "tfp_<w44>_<a14>",
        "Typeform: personal access tokens",
    ),
    token(
        "airtable-token",
        "pat",
        r"(?P<secret>pat[0-9A-Za-z]{14}\.[0-9a-f]{64})",
        "pat<a14>.<h64>",
        "Airtable: personal access tokens",
        follow=r"[0-9A-Za-z]{14}\.",
    ),
    token(
        "dropbox-token",
        "sl.",
        r"(?P<secret>sl\.(?:u\.)?[0-9A-Za-z_-]{120,})",
        "sl.u.<w140>",
        "Dropbox: OAuth guide",
        follow="(?:u[.])?[0-9A-Za-z_-]{8}",
        alone=True,
    ),
    token(
        "salesforce-session",
        "00D",
        r"(?P<secret>00D[0-9A-Za-z]{12,15}![0-9A-Za-z._]{40,})",
        "00D<a15>!<a96>",
        "Salesforce: session ids",
        follow="[0-9A-Za-z]{12,15}!",
    ),
    token(
        "zoho-token",
        "1000.",
        r"(?P<secret>1000\.[0-9a-f]{32}\.[0-9a-f]{32})",
        "1000.<h32>.<h32>",
        "Zoho: OAuth tokens",
        follow="[0-9a-f]{8}",
    ),
    token(
        "facebook-token",
        "EAA",
        r"(?P<secret>EAA[0-9A-Za-z]{80,})",
        "EAA<a170>",
        "Meta: access tokens",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token(
        "instagram-token", "IGQV IGAA", r"IG(?:QV|AA)[0-9A-Za-z_-]{80,}", "IGQV<w150>", "Meta: Instagram access tokens"
    ),
    token(
        "linkedin-secret",
        "WPL_AP",
        r"WPL_AP[0-9]\.[0-9A-Za-z]{16}\.[0-9A-Za-z+/=]{6,}",
        "WPL_AP1.<a16>.<b7>=",
        "LinkedIn: client secrets",
    ),
    token(
        "twitter-bearer",
        "AAAAAAAAAAAAAAAAAAAAA",
        r"A{21,22}[0-9A-Za-z%]{60,}",
        "AAAAAAAAAAAAAAAAAAAAAM<a88>",
        "X: bearer tokens",
    ),
    token("pinterest-token", "pina_ pinr_", r"pin[ar]_[0-9A-Z]{60,}", "pina_<u64>", "Pinterest: authentication"),
    token("okta-token", "SSWS", r"SSWS (?P<secret>[0-9A-Za-z_-]{40,})", "SSWS 00<w40>", "Okta: API tokens"),
    token(
        "mapbox-secret",
        "sk.eyJ",
        r"sk\.eyJ[0-9A-Za-z_-]{40,}\.[0-9A-Za-z_-]{20,}",
        "sk.eyJ<w60>.<w22>",
        "Mapbox: access tokens",
    ),
    token("frameio-token", "fio-u-", r"fio-u-[0-9A-Za-z_-]{64}", "fio-u-<w64>", "Frame.io: developer tokens"),
)
