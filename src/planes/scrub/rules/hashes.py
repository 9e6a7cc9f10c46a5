"""Hashes of passwords as systems keep them: whoever has one may guess the password at leisure."""

from planes.scrub.rules.judging import cells
from planes.scrub.rules.model import Rule, token

HASH_RULES: tuple[Rule, ...] = (
    token(
        "bcrypt-hash",
        "$2a$ $2b$ $2y$",
        r"\$2[aby]\$[0-9]{2}\$(?P<secret>[./0-9A-Za-z]{53})",
        "$2b$12$<a53>",
        "passlib: bcrypt",
        follow="[0-9]{2}[$]",
    ),
    token(
        "argon2-hash",
        "$argon2",
        r"\$argon2(?:id|i|d)\$(?:v=[0-9]{1,3}\$)?m=[0-9]{1,9},t=[0-9]{1,9},p=[0-9]{1,9}\$(?P<secret>[0-9A-Za-z+/]{11,}\$[0-9A-Za-z+/]{16,})",
        "$argon2id$v=19$m=65536,t=3,p=4$<b22>$<b43>",
        "PHC: string format",
    ),
    token(
        "crypt-hash",
        "$1$ $5$ $6$ $7$ $y$ $gy$ $apr1$ $P$ $H$",
        r"\$(?:1|5|6|7|g?y|apr1|P|H)\$(?:rounds=[0-9]{1,9}\$|[./0-9A-Za-z]{2,8}\$)?(?P<secret>(?:[./0-9A-Za-z]{1,64}\$)?[./0-9A-Za-z]{22,128})",
        "$6$<a16>$<a86>",
        "crypt(5): storage format",
        follow="[./0-9A-Za-z=]{2}",
    ),
    token(
        "mysql-hash",
        "$A$0",
        r"\$A\$0[0-9]{2}\$(?P<secret>[!-~]{20}[./0-9A-Za-z]{43})",
        "$A$005$<a20><a43>",
        "MySQL: caching SHA-2 pluggable authentication",
        follow="[0-9]{2}[$]",
    ),
    token(
        "pbkdf2-hash",
        "pbkdf2 PBKDF2 scrypt$ scrypt:",
        r"(?:\$?(?:pbkdf2|PBKDF2)(?:[_:-](?:sha|hmac|SHA|HMAC)[0-9A-Za-z:_-]{0,20})?|scrypt)[$:][0-9a-z=,:]{1,40}[$:](?P<secret>[0-9A-Za-z+/._=-]{6,80}[$:][0-9A-Za-z+/._-]{20,200}={0,2})",
        "pbkdf2_sha256$870000$<a22>$<b43>=",
        "Django: how passwords are stored",
    ),
    token(
        "scram-hash",
        "SCRAM-SHA-",
        r"SCRAM-SHA-(?:1|256|512)\$[0-9]{1,9}:(?P<secret>[0-9A-Za-z+/]{8,}={0,2}\$[0-9A-Za-z+/]{20,}={0,2}:[0-9A-Za-z+/]{20,}={0,2})",
        "SCRAM-SHA-256$4096:<b22>==$<b43>=:<b43>=",
        "PostgreSQL: pg_authid",
        follow="(?:1|256|512)[$]",
    ),
    token(
        "ldap-hash",
        "{SSHA {ssha {SHA {MD5} {SMD5} {CRYPT}",
        r"\{(?:S?SHA(?:256|384|512)?|ssha(?:256|384|512)?|S?MD5|CRYPT|crypt)\}(?P<secret>[0-9A-Za-z+/$.]{16,}={0,2})",
        "{SSHA}<b31>=",
        "OpenLDAP: userPassword values",
    ),
    token(
        "kept-plain",
        "{PLAIN {plain {CLEAR {clear",
        r"\{(?:PLAIN(?:-TRUNC)?|plain|CLEAR(?:TEXT)?|clear(?:text)?)(?:\.(?:b64|B64|hex|HEX))?\}(?P<secret>[!-9;=?-Z^-z|~]{4,})",
        "{PLAIN}<a8>7<a6>4",
        "Dovecot: password schemes",
        judge=cells.made,
    ),
    token(
        "dovecot-hash",
        "-CRYPT} CRAM-MD5} DIGEST-MD5} PBKDF2} ARGON2",
        r"\{(?:(?:SHA256|SHA512|MD5|BLF|DES)-CRYPT|(?:CRAM|DIGEST|HMAC)-MD5|PBKDF2|ARGON2I?D?)\}(?P<secret>[0-9A-Za-z+/$.=,_-]{13,})",
        "{SHA512-CRYPT}$6$<a16>$<a86>",
        "Dovecot: password schemes",
    ),
    token(
        "nt-hash",
        ":::",
        r":[0-9]{1,10}:(?P<secret>(?:[0-9A-Fa-f]{32}|[*]{32}|NO PASSWORD[*]{21}):[0-9A-Fa-f]{32}):::",
        "loader:1001:<h32>:<h32>:::",
        "Samba: smbpasswd and pwdump",
    ),
    token(
        "minisign-key",
        "RWRTY0Iy",
        r"(?P<secret>RWRTY0Iy[0-9A-Za-z+/]{100,}={0,2})",
        "RWRTY0Iy<b204>",
        "minisign: secret key format",
    ),
    token(
        "private-key-der",
        "IBADANBgkqhkiG9w0BAQEFAASC IBAAKC AgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG",
        r"(?P<secret>MII[0-9A-Za-z+/]{3}IBADANBgkqhkiG9w0BAQEFAASC[0-9A-Za-z+/=\\]{20,}"
        r"|MII[0-9A-Za-z+/]{3}IBAAKC[0-9A-Za-z+/=]{60,}|MI[GH][0-9A-Za-z+/]AgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG[0-9A-Za-z+/=]{20,})",
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC<b64>",
        "RFC 5208: private keys in base64 without armour",
    ),
)
