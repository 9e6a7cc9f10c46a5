"""Observability, incidents, product analytics, feature flags, security scanners."""

from planes.scrub.rules.model import Rule, token

_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_HONEYCOMB = "Honeycomb: API keys"
_NEW_RELIC = "New Relic: API keys"
_SONAR = "SonarQube: tokens"


MONITORING_RULES: tuple[Rule, ...] = (
    token("honeycomb-management-key", "hcamk_ hcxmk_", r"hc[ax]mk_[0-9a-z]{32,}", "hcamk_01<l56>", _HONEYCOMB),
    token("newrelic-query-key", "NRIQ-", r"NRIQ-[0-9A-Za-z_-]{25,}", "NRIQ-<w32>", _NEW_RELIC),
    token("newrelic-mobile-token", "-NRMA", r"(?:AA[0-9a-f]{40}|eu01xx[0-9a-f]{36})-NRMA", "AA<h40>-NRMA", _NEW_RELIC),
    token("newrelic-application-key", "NRBR-", r"NRBR-[0-9a-f]{19}", "NRBR-<h19>", _NEW_RELIC),
    token("sonar-project-token", "sqp_", r"sqp_[0-9a-f]{40}", "sqp_<h40>", _SONAR, alone=True),
    token("sonar-analysis-token", "sqa_", r"sqa_[0-9a-f]{40}", "sqa_<h40>", _SONAR, alone=True),
    token("sonarcloud-token", "sqco_", r"sqco_[0-9A-Za-z]{59}", "sqco_<a59>", "SonarQube Cloud: tokens"),
    token("posthog-flags-key", "phs_", r"phs_[0-9A-Za-z]{32,}", "phs_<a43>", "PostHog: API keys", alone=True),
    token(
        "grafana-legacy-key", "eyJrIjoi", r"eyJrIjoi[0-9A-Za-z+/]{70,400}={0,2}", "eyJrIjoi<a90>", "Grafana: API keys"
    ),
    token("pganalyze-key", "pgar_", r"pgar_[0-9A-Za-z]{27}", "pgar_<a27>", "pganalyze: API keys", alone=True),
    token("rootly-key", "rootly_", r"rootly_[0-9a-f]{64}", "rootly_<h64>", "Rootly: API keys"),
    token("spectral-key", "spu-", r"spu-[0-9a-z]{32}", "spu-<l32>", "Spectral: API tokens", alone=True),
    token(
        "nightfall-key",
        "NF-",
        r"NF-[0-9A-Za-z]{32}",
        "NF-<a32>",
        "Nightfall: API keys",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token(
        "trufflehog-secret",
        "thog-secret-",
        r"thog-secret-[0-9a-f]{32}",
        "thog-secret-<h32>",
        "TruffleHog Enterprise: scanners",
    ),
    token("sentry-app-token", "sntrya_ sntryi_", r"sntry[ai]_[0-9a-f]{64}", "sntrya_<h64>", "Sentry: auth tokens"),
    token(
        "logfire-token",
        "pylf_v",
        r"pylf_v[0-9]{1,2}_[a-z]{2,12}_[0-9A-Za-z]{32,}",
        "pylf_v1_us_<a43>",
        "Pydantic Logfire: write tokens",
    ),
    token(
        "betterstack-webhook",
        "uptime.betterstack.com/api/v1/heartbeat/",
        r"uptime\.betterstack\.com/api/v1/heartbeat/(?P<secret>[0-9A-Za-z]{16,})",
        "https://uptime.betterstack.com/api/v1/heartbeat/<a24>",
        "Better Stack: heartbeats",
    ),
    token(
        "healthchecks-url",
        "hc-ping.com/",
        rf"hc-ping\.com/(?P<secret>{_UUID})",
        "https://hc-ping.com/<uuid>",
        "Healthchecks.io: pinging API",
    ),
    token(
        "sentry-dsn",
        ".ingest. @sentry.io/ @o",
        r"https://(?P<secret>[0-9a-f]{32}(?::[0-9a-f]{32})?)@(?:[0-9a-z.-]+\.)?sentry\.io/",
        "https://<h32>@o<d6>.ingest.us.sentry.io/<d6>",
        "Sentry: DSN",
    ),
    token(
        "fullstory-key",
        "na1. eu1.",
        r"(?:na|eu)1\.[0-9A-Za-z+/]{100}",
        "na1.<b100>",
        "FullStory: API keys",
        follow="[0-9A-Za-z+/]{8}",
        alone=True,
    ),
    token(
        "amplitude-experiment-key",
        "server-",
        r"server-[0-9A-Za-z]{32}",
        "server-<a32>",
        "Amplitude: deployment keys",
        follow="[0-9A-Za-z]{8}",
        alone=True,
    ),
    token(
        "tinybird-token",
        "p.eyJ",
        r"p\.eyJ[0-9A-Za-z_-]{20,}\.[0-9A-Za-z_-]{20,}",
        "p.eyJ<a60>.<w43>",
        "Tinybird: auth tokens",
        alone=True,
    ),
    token("axiom-token", "xaat- xapt-", rf"xa(?:at|pt)-{_UUID}", "xaat-<uuid>", "Axiom: API tokens"),
    token(
        "splunk-hec-token",
        "Splunk",
        rf"(?:Authorization: )?Splunk (?P<secret>(?i:{_UUID}))",
        "Splunk <uuid>",
        "Splunk: HTTP Event Collector",
        follow=" [0-9A-Fa-f]{8}-",
    ),
    token(
        "opsgenie-key", "GenieKey", rf"GenieKey (?P<secret>{_UUID})", "GenieKey <uuid>", "Opsgenie: API authentication"
    ),
    token(
        "pagerduty-token",
        "Token",
        r"Token token=(?P<secret>[0-9A-Za-z+_-]{20})",
        "Token token=<a20>",
        "PagerDuty: authentication",
        follow=" token=",
    ),
    token(
        "zapier-webhook",
        "hooks.zapier.com/hooks/catch/",
        r"hooks\.zapier\.com/hooks/catch/(?P<secret>[0-9A-Za-z/]{8,})",
        "https://hooks.zapier.com/hooks/catch/<d7>/<l7>",
        "Zapier: webhooks",
    ),
    token(
        "tines-webhook",
        ".tines.com/webhook/",
        r"\.tines\.com/webhook/(?P<secret>[0-9a-z]{32}/[0-9a-z]{32})",
        "https://x.tines.com/webhook/<l32>/<l32>",
        "Tines: webhooks",
    ),
    token(
        "make-webhook",
        ".make.com/",
        r"hook\.(?:[a-z]{2}[0-9]\.)?make\.com/(?P<secret>[0-9a-z]{32})",
        "https://hook.eu1.make.com/<l32>",
        "Make: webhooks",
    ),
    token(
        "google-chat-webhook",
        "chat.googleapis.com/v1/spaces/",
        r"chat\.googleapis\.com/v1/spaces/[0-9A-Za-z_-]+/messages\?(?P<secret>key=[0-9A-Za-z_-]+&token=[0-9A-Za-z%_=-]+)",
        "https://chat.googleapis.com/v1/spaces/<a11>/messages?key=<w39>&token=<w43>",
        "Google Chat: incoming webhooks",
    ),
    token(
        "power-automate-signature",
        "/triggers/manual/paths/invoke",
        r"/triggers/manual/paths/invoke\?[^ \t\r\"'<>]*?sig=(?P<secret>[0-9A-Za-z_-]{20,})",
        "https://x.logic.azure.com/workflows/<h32>/triggers/manual/paths/invoke?api-version=1&sig=<w43>",
        "Microsoft: Power Automate request triggers",
    ),
    token(
        "lark-webhook",
        "/open-apis/bot/v2/hook/",
        rf"/open-apis/bot/v2/hook/(?P<secret>{_UUID})",
        "https://open.feishu.cn/open-apis/bot/v2/hook/<uuid>",
        "Lark: custom bots",
    ),
    token(
        "dingtalk-webhook",
        "/robot/send?access_token=",
        r"/robot/send\?access_token=(?P<secret>[0-9a-f]{64})",
        "https://oapi.dingtalk.com/robot/send?access_token=<h64>",
        "DingTalk: custom robots",
    ),
    token(
        "wecom-webhook",
        "/cgi-bin/webhook/send?key=",
        rf"/cgi-bin/webhook/send\?key=(?P<secret>{_UUID})",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=<uuid>",
        "WeCom: group robots",
    ),
)
