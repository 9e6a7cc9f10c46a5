"""Values that commands, statements and lists tell by their place: piped, bound to parameters, quoted for addresses."""

import base64

import pytest

from planes.scrub import scrub_text

S = "Kd93mQx7Lw2RtZ0vB5yN"
SEED = "MQ7LWTR2ZKVB5YNXGD4HCAJF3EPSIO6U"
ENCODED = base64.b64encode(f"VuaCfGcBCdbkQm:{S}".encode()).decode()

MASKED = [
    f"echo -n {S} | gcloud secrets create db-pass --data-file=-",
    f"printf '%s' '{S}' | gcloud secrets versions add db-pass --data-file=-",
    f"echo '{S}' | docker secret create db_password -",
    f"echo {S} | npx wrangler secret put API_KEY",
    f"printf %s '{S}' | vault kv put secret/db password=-",
    f"printf '%s' '{S}' | gh secret set TOKEN",
    f"sed -i 's/__PASSWORD__/{S}/' config.yml",
    f"sed -i 's/@@API_KEY@@/{S}/g' config.yml",
    f"rclone config create b2 b2 account 0012 key {S}",
    f"expdp system/{S} DIRECTORY=dp DUMPFILE=x.dmp",
    f"rman target sys/{S}@orcl",
    f"230 Login OK; sent: PASS {S}",
    f"return_to=https%3A%2F%2Fbot%3A{S}%40git.acme%2Fr.git",
    f"postgresql%3A%2F%2Fetl%3A{S}%2540%40pg%3A5432%2Fraw",
    f'     -> http.request.header.x-api-key: Slice(["{S}"])',
    f"bindpw {S}",
    f"WIFI:T:WPA;S:office guest;P:{S};H:false;;",
    f"TOTP seed for etl: {SEED}",
    f"2FA seed: {SEED}",
    f"Enter this key manually: {SEED}",
    f"Can't scan the QR code? Use this key: {SEED}",
    "Recovery codes: 7a1f-k9d2, e0b24-37c64, 28379-8b302",
    "Backup codes:\n  1. 7a1f0-k9d2e\n  2. e0b24-37c64\n  3. 28379-8b302",
    f'{{"id":"VuaCfGcBCdbkQm","encoded":"{ENCODED}"}}',
    f'chpasswd: {{list: ["root:{S}"]}}',
    f'const apiKey = process.env.KEY || "{S}";',
    f"$password = getenv('PW') ?: '{S}';",
    f'password := cmp.Or(os.Getenv("PW"), "{S}")',
    f'query: INSERT INTO "user"("name","password") VALUES ($1, $2) -- PARAMETERS: ["etl","{S}"]',
    f'query: UPDATE "user" SET "password" = $1 WHERE "id" IN ($2) -- PARAMETERS: ["{S}",1]',
    f'(0.002) UPDATE "t" SET "password" = %s WHERE "id" = %s; args=(\'{S}\', 4); alias=default',
    f'Executing (default): UPDATE "Users" SET "password"=$1 WHERE "id" = $2; "{S}", 4',
    f'Executing (default): INSERT INTO "Users" ("id","password") VALUES (DEFAULT,$1) RETURNING "id"; "{S}"',
    f"INSERT INTO users (name, password, made) VALUES (?, ?, now())\n[generated in 0.0001s] ('etl', '{S}')",
    f'createUser etl SHA "{S}" AES "{S}"',
    f"winexe -U 'ACME/etl%{S}' //h cmd",
    f"pdftk x.pdf input_pw {S} output y.pdf",
    f"knife ssh -P {S}",
    f"[smtp.acme.com]:587 etl:{S}",
    f"OTEL_EXPORTER_OTLP_HEADERS=x-honeycomb-team={S}",
    f"OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-scope=a,api-key={S},b=c",
    f"OP_SESSION_my={S}",
    f"Bearer:{S}",
    "AES key (hex): " + "4f1d9a" * 10 + "7c20",
    f"URLSafeTimedSerializer('{S}')",
]
LEFT = [
    "sed -i 's/password/passphrase/' doc.md",
    'echo "$TOKEN" | gh secret set NPM_TOKEN',
    "echo done | tee log; kubectl create secret generic db --from-file=x",
    "impdp / as sysdba",
    "sqlldr control=load/emp.ctl log=x",
    "url=https%3A%2F%2Fapi.acme.com%3A443%2Fv1%2Fusers%2Fme%40acme.com",
    '     -> http.request.header.content-type: Slice(["application/json"])',
    "Recovery codes left: 8 of 10",
    "Recovery codes: generated, downloaded, none used",
    "Authenticator attachment key: CROSSPLATFORM",
    "Passwords:\n  1. use 12 characters or more\n  2. rotate-quarterly",
    "const apiKey = opts.apiKey || 'test';",
    'token = localStorage.getItem("token") || null',
    "$env:DB_PASSWORD = $secret.Password",
    'query: SELECT "password" FROM "user" WHERE "email" = $1 -- PARAMETERS: ["a@example.com"]',
    'query: INSERT INTO "user"("name","email") VALUES ($1, $2) -- PARAMETERS: ["etl","a@x.io"]',
    'query: UPDATE "user" SET "password_changed_at" = $1 WHERE "id" IN ($2) -- PARAMETERS: ["2026-11-27T00:00:00Z",1]',
    "data key: 3f8b1c2e-9d4a-4c1b-8f4e-7a6b5c4d3e2f",
    "OTEL_EXPORTER_OTLP_HEADERS=x-scope-orgid=tenant-4711",
    "bearer=authorization-header-missing",
    "smtp.acme.com:587 connect:refused",
    "createUser loader in AES mode",
    '{"encoded":"aGVsbG8gd29ybGQgdGhpcyBpcyBhIHRlc3Q=","len":26}',
]


@pytest.mark.parametrize("text", MASKED)
def test_value_is_masked(text: str) -> None:
    out = scrub_text(text)

    assert "[masked:" in out
    assert not any(piece in out for piece in (S, SEED, ENCODED, "k9d2", "37c64", "8b302", "4f1d9a4f"))


@pytest.mark.parametrize("text", LEFT)
def test_what_no_value_is_stays(text: str) -> None:
    assert scrub_text(text) == text
