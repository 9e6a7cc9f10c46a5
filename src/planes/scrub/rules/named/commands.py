"""Command lines: flags, logins, and what a shell passes on."""

import re

from planes.scrub.rules.judging import cells, command_judges, judges, login_judges, told
from planes.scrub.rules.judging.plausible import looks_random
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import FOLLOW, KEY, SIGNS, named

_WORD = rb"(?P<secret>[^ \t\r\"']+)"
# Between a flag and its word: blanks, or what stands there in a list of arguments.
_NEXT_WORD = rb"(?:[ \t]|[\"'][ \t]*,[ \t]*[bu]?[\"'])"
# Programs whose `-p` is a password, and may touch it.
_MYSQL = rb"(?:mysql[a-z]*|mariadb[a-z-]*|7z[a-z]?|7zz|rar|unrar)"
_LOGINS = (
    rb"(?:sshpass|(?:docker|podman|buildah|skopeo|crane|oras|nerdctl|helm registry|oc|cf|ibmcloud|argocd)[ \t]login"
    rb"|az[ \t]+[a-z]+"
    rb"|mongo|mongosh|mongodump|mongorestore|mongoimport|mongoexport|influx|snowsql|twine|cqlsh|beeline|cypher-shell"
    rb"|sqoop|psexec[0-9]*"
    rb"|rabbitmqadmin|useradd|usermod|rdesktop|ncftp[a-z]*|couchbase-cli"
    rb"|hdbsql|nzsql|tabcmd|ksql|mosquitto_[a-z]+|msoffcrypto-tool)"
)
# Up to the next command: a `;` inside an address ends none.
_ARGUMENTS = rb"(?:[^|;\n]|;[^ \n])*"
# Ids and digests, which scripts look at as often.
_ID = re.compile(rb"[0-9a-f]{7,}|[0-9A-F]{7,}|[0-9a-f-]{36}")
_MIXED = re.compile(rb"(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])")


def traced(line: bytes, begin: int, start: int, end: int) -> int:
    """A value that a traced test or `echo` shows without a name: only one that nothing else looks like."""
    secret = line[start:end]
    if _ID.fullmatch(secret) or secret[:1] == b"-":
        return -1
    is_sure = looks_random(secret) and _MIXED.match(secret)
    return judges.quoted(line, begin, start, end) if is_sure else -1


def _put_in_vault(place: int) -> Rule:
    """The member at a place, counted from one, of what a command puts into a vault: whatever it is called."""
    member = rb"[ \t]+[\"']?[0-9a-z_./-]{1,80}=[\"']?"
    return named(
        f"vault-member-{place}",
        rb"(?:\b|\\[nrt])vault[ \t]+(?:kv[ \t]+(?:put|patch)|write)(?:[ \t]+-[^ \t]+)*[ \t]+[^ \t=-][^ \t=]*"
        + (member + rb"[^ \t\n\"']*[\"']?") * (place - 1)
        + member
        + rb"(?P<secret>[^ \t\r\n\"'@][^ \t\r\n\"']{4,})",
        "vault kv put kv/db " + "user=x " * (place - 1) + "value=<a12>7<a4>",
        cells.made,  # settings of the vault itself are words
        ((b"vault kv put ", b"vault kv patch ", b"vault write "), rb""),
    )


COMMAND_RULES: tuple[Rule, ...] = (
    named(
        "named-flag",
        rb"(?:^|[^0-9A-Za-z-])--?[0-9A-Za-z_.-]*(?:" + KEY + rb"|bearer|pass)[ \t]+[\"']?" + _WORD,
        "tool --db-password <a8>7<a8> --verbose",
        command_judges.flag,
        ((*SIGNS, b"bearer", b"pass"), rb"[0-9A-Za-z_]{0,10}[ \t]"),
        needs=(b"-",),
    ),
    named(
        "flag-in-list",
        rb"[\"' ]--?[0-9A-Za-z_.-]*(?:" + KEY + rb"|pass)[\"'][ \t]*,[ \t]*[bu]?[\"'](?P<secret>[^\"']+)",
        "['tool', '--token', '<a16>']",
        command_judges.flag_pair,
        ((*SIGNS, b"pass"), rb"[0-9A-Za-z_]{0,10}[\"']"),
        needs=(b'"-', b"'-", b" -"),
    ),
    named(
        "command-password",
        rb"(?:"
        + _MYSQL
        + rb"\b"
        + _ARGUMENTS
        + rb"[ \t\"']-p[\"']?|"
        + _LOGINS
        + rb"\b"
        + _ARGUMENTS
        + rb"[ \t\"']-p"
        + _NEXT_WORD
        + rb"*[\"']?"
        rb"|redis-cli\b[^|;\n]*[ \t\"']-a" + _NEXT_WORD + rb"+[\"']?"
        rb"|(?:(?:ldap[a-z]+|vsql)\b|[ \t\"']-D"
        + _NEXT_WORD
        + rb"+[\"']?(?:cn|uid|ou|dc)=)[^|;\n]*[ \t\"']-w"
        + _NEXT_WORD
        + rb"+[\"']?"
        rb"|(?:sqlcmd|bcp|zip|knife|ipmitool|tsql|osql|freebcp)\b[^|;\n]*[ \t\"']-P" + _NEXT_WORD + rb"*[\"']?"
        rb"|openssl\b[^|;\n]*[ \t](?:-pass(?:in|out)?[ \t]+[\"']?pass:|-[kK][ \t]+[\"']?)"
        rb"|(?:smbclient|winexe|rpcclient|wmic|smbget|smbmap|net[ ]rpc)\b[^|;\n]*[ \t]-U[ \t]+[\"']?[^ %\"']+%[\"']?)"
        + _WORD,
        "mysql -u me -p<a16> -h db",
        command_judges.command,
        (
            (
                *(b" -p", b" -a ", b" -w ", b" -pass", b" -u ", b" -k "),
                *(b"'-p", b'"-p', b"'-a'", b'"-a"', b"'-w'", b'"-w"'),
            ),
            rb"",
        ),
    ),
    named(
        "environment-command",
        rb"(?:^|[ \t\"'])(?:env|arg|setx|setenv|set(?:[ \t]+--?[a-z]{1,9}){1,3}|heroku config:set|fish_set)"
        rb"[ \t]+[0-9a-z_]*" + KEY + rb"[ \t]+[\"']?" + _WORD,
        "ENV API_TOKEN <a8>7<a8>",
        command_judges.environment,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[ \t]"),
        needs=(b"env", b"arg", b"set"),
    ),
    named(
        "set-command",
        rb"(?:config|configure|config:set|secrets?|variable|env|params?|parameter)[ \t]+"
        rb"(?:[^ \t\n-][^ \t\n]*[ \t]+)?(?:set|add|put|import)[ \t]+"
        rb"(?:-{1,2}[0-9a-z-]+[ \t]+)*[^ \t\n]*" + KEY + rb"[ \t]+[\"']?" + _WORD,
        "aws configure set aws_secret_access_key <a16>",
        command_judges.flag,
        (SIGNS, rb"[0-9A-Za-z_]{0,10}[ \t]"),
        needs=(b"set", b"add", b"put", b"import"),
    ),
    named(
        "secret-value",
        rb"(?:secret|parameter|credential|password)s?\b[^\n|;]{0,200}"
        rb"[ \t]--(?:value|secret-string|string-value|plaintext|data)"
        rb"[ \t=]+[\"']?" + _WORD,
        "az keyvault secret set --name db --value <a16>",
        command_judges.flag,
        ((b" --value", b" --secret-string", b" --string-value", b" --plaintext"), rb"[ \t=]"),
    ),
    named(
        "login-command",
        rb"(?:(?:\b|\\[nrt])vault[ \t]+login[ \t]+(?:-[^ ]+[ \t]+)*|\bnet[ \t]+user[ \t]+[^ \t/]+[ \t]+"
        rb"|\bnet[ \t]+use[ \t]+(?:[a-z*]:?[ \t]+)?\\\\[^ \t]+[ \t]+(?:/(?:user|u):[^ \t]+[ \t]+)?"
        rb"|\bsnmp[a-z]*\b[^|;\n]*[ \t]-[AX][ \t]+[\"']?"
        rb"|\bsnmp[a-z-]*:?[ \t]+community[ \t]+"
        rb"|\bcreateUser[ \t]+(?:-e[ \t]+[^ \t]+[ \t]+)?[^ \t]+[ \t]+(?:MD5|SHA[0-9-]{0,4})[ \t]+"
        rb"|\bpdftk\b[^|;\n]*[ \t](?:input|owner|user)_pw[ \t]+"
        rb"|\brabbitmqctl[ \t]+(?:add_user|change_password)[ \t]+[^ \t]+[ \t]+"
        rb"|\bssh-keygen\b[^|;\n]*[ \t]-[NP][ \t]+[\"']?|\blftp\b[^|;\n]*[ \t]-u[ \t]+[\"']?[^ ,\t\"']+,"
        rb"|\bisql[ \t]+(?:-[a-z]+[ \t]+)*[a-z][^ \t/]*[ \t]+[a-z][^ \t]*[ \t]+"
        rb"|\b(?:(?:cargo|wandb)[ \t]+login|snyk[ \t]+auth|rclone[ \t]+obscure"
        rb"|rclone[ \t]+config[ \t]+(?:create|update)[ \t][^|;\n]{0,200}[ \t](?:key|pass)"
        rb"|vercel[ \t]+env[ \t]+add[ \t]+[^ \t]+[ \t]+[a-z]+)[ \t]+|\bacl[ \t]+setuser[ \t][^\n]{0,80}?[ \t]>"
        rb"|\bconnect[ \t]+to[ \t]+[^ \t]+[ \t]+user[ \t]+[^ \t]+[ \t]+using[ \t]+|\.logon[ \t]+[^ \t/]+/[^ \t,]+,"
        rb"|\b(?:addauth[ \t]+digest|stats[ \t]+auth)[ \t]+[^ :\t]+:|\b(?:xfreerdp|wfreerdp)\b[^|;\n]*[ \t]/p:)[\"']?"
        + _WORD,
        "vault login <a16>",
        command_judges.command,
        (
            (
                b"vault login ",
                b"net user ",
                b"net use ",
                b"snmp",
                b"rabbitmqctl ",
                b"ssh-keygen ",
                b"lftp ",
                b"addauth ",
                b"stats auth ",
                *(
                    b"cargo login ",
                    b"wandb login ",
                    b"snyk auth ",
                    b"rclone obscure ",
                    b"rclone config ",
                    b"vercel env add ",
                ),
                *(b"createuser ", b"pdftk "),
                b"isql ",
                b"acl setuser ",
                b"connect to ",
                b".logon ",
                b"freerdp ",
            ),
            rb"",
        ),
    ),
    named(
        "traced-test",
        # What a shell traces of a look at a variable, and of the word that goes into a pipe.
        rb"[+][ ](?:(?:\[\[|'\['|test)[ ](?:'?!'?[ ])?(?:-[nz][ ])?"
        rb"|(?:echo|printf)[ ](?:-[en]{1,2}[ ])?(?:'?%s(?:\\n)?'?[ ])?)"
        rb"'?(?P<secret>[^ '\n]{8,})",
        "+ [[ -z <a12>B7b<a4> ]]",
        traced,
        ((b"+ [[ ", b"+ '[' ", b"+ test ", b"+ echo ", b"+ printf "), rb""),
    ),
    named(
        "snmp-privacy",
        rb"(?:\b|\\[nrt])createUser[ \t][^\n]{1,80}[ \t](?:MD5|SHA[0-9-]{0,4})[ \t][^\n]{1,100}"
        rb"[ \t](?:DES|AES[0-9-]{0,4})[ \t]+[\"']?" + _WORD,
        "createUser loader SHA x<a16> AES <a16>",
        command_judges.command,
        ((b"createuser ",), rb""),
        needs=(b"des", b"aes"),
    ),
    named(
        "powershell-password",
        rb"(?:ConvertTo-SecureString[ \t]+(?:-(?:String|AsPlainText|Force)[ \t]+){0,3}"
        rb"|-AsPlainText[ \t]+)[\"'](?P<secret>[^\"'\n]+)",
        'ConvertTo-SecureString "<a16>" -AsPlainText -Force',
        judges.quoted,
        ((b"convertto-securestring", b"-asplaintext"), rb"[ \t]"),
    ),
    named(
        "powershell-bare",
        rb"ConvertTo-SecureString[ \t]+(?:-String[ \t]+)?(?P<secret>[^ \t\n\"'$(@-][^ \t\n\"']*)"
        rb"[ \t]+-(?:AsPlainText|Force)",
        "ConvertTo-SecureString <a16> -AsPlainText -Force",
        cells.made,
        ((b"convertto-securestring",), rb"[ \t]"),
    ),
    named(
        "powershell-piped",
        rb"[\"'](?P<secret>[^\"'\n]+)[\"'][ \t]*[|][ \t]*ConvertTo-SecureString\b",
        '"<a16>" | ConvertTo-SecureString -AsPlainText -Force',
        judges.quoted,
        ((b"| convertto-securestring", b"|convertto-securestring"), rb""),
    ),
    named(
        "piped-login",
        rb"(?:echo|printf)(?:[ \t]+-[a-z]+)*[ \t]+[\"']?[0-9a-z_.-]+:(?P<secret>[^ \t|\"']+)[\"']?[ \t]*[|]"
        rb"[ \t]*(?:(?:sudo[ \t]+)?chpasswd|base64)",
        "echo 'root:<a16>' | chpasswd",
        judges.quoted,
        ((b"chpasswd", b"| base64", b"|base64"), rb""),
    ),
    named(
        "secret-command",
        rb"(?:gh|glab)[ \t]+(?:secret|variable)[ \t]+set[ \t]+[0-9a-z_]+(?:[ \t]+-[^b][^ \t]*[ \t]+[^ \t]+)*"
        rb"[ \t]+(?:--body|--value|-b|-v)[ \t=]*[\"']?" + _WORD,
        "gh secret set DB --body <a16>",
        command_judges.flag,
        ((b"secret set", b"variable set"), rb"[ \t]"),
        needs=(b"set",),
    ),
    named(
        "piped-password",
        rb"(?:echo|printf)(?:[ \t]+-n)?(?:[ \t]+[\"']?%s(?:\\+n)?[\"']?)?[ \t]+[\"']?"
        rb"(?P<secret>[^ \t|\"']+)[\"']?[ \t]*[|]"
        rb"(?:[^|;&\n]{0,200}(?:\b(?:secrets?|secrets[ ]versions)[ ](?:create|add|put|set|import|insert)"
        rb"|\bcreate[ ]secret|\bkubeseal|\bvault[ ](?:kv[ ])?(?:put|write|patch))\b"
        rb"|[^|\n]{0,200}(?:--(?:password-stdin|with-token|stdin)|--passphrase-fd|\bsudo[ \t]+-[a-zA-Z]*S)"
        rb"|[ \t]*(?:sudo[ \t]+)?(?:kinit|cryptsetup|smbpasswd|passwd|vault[ \t]+login|ecryptfs[a-z-]*)\b)",
        "echo <a16> | docker login -u me --password-stdin",
        judges.quoted,
        (
            (
                *(b"--password-stdin", b"--with-token", b"--stdin", b"--passphrase-fd", b"sudo -", b"| vault login"),
                *(b"| kinit", b"| cryptsetup", b"| smbpasswd", b"| passwd", b"| ecryptfs", b"| sudo "),
                *(b"secret create", b"secrets create", b"versions add", b"secret put", b"secret set", b"secrets set"),
                *(b"secrets put", b"secret add", b"secret import", b"secrets import", b"secret insert"),
                *(b"create secret", b"| kubeseal", b"vault kv ", b"vault write"),
            ),
            rb"",
        ),
    ),
    named(
        "written-to-file",
        rb"(?:\b|\\[nrt])(?:echo|printf)(?:[ \t]+-[a-z]+)*(?:[ \t]+[\"']?%s(?:\\+n)?[\"']?)?[ \t]+[\"']?"
        rb"(?P<secret>[^ \t|\"'$]+)[\"']?[ \t]*(?:>{1,2}|[|][ \t]*(?:sudo[ \t]+)?tee(?:[ \t]+-a)?)[ \t]*[^ \t>|;]*"
        + KEY,
        "echo <a12>7<a4> > /run/secrets/password",
        told.answered,
        (SIGNS, FOLLOW),
        needs=(b"echo ", b"printf "),
    ),
    named(
        "user-and-password",
        rb"(?:\bconfluent[ \t]+api-key[ \t]+store[ \t]+[^ \t]+"
        rb"|\bmc[ \t]+(?:alias[ \t]+set|config[ \t]+host[ \t]+add)[ \t]+[^ \t]+[ \t]+[^ \t]+[ \t]+[^ \t]+"
        rb"|http-basic\.[^ \t]{1,60}[ \t]+[^ \t-][^ \t]*|\bconfig[ \t]+pypi-token\.[^ \t]{1,60}"
        rb"|-(?:create|modify)credential[ \t]+[^ \t]+[ \t]+[^ \t]+"
        rb"|htpasswd[^|;\n]{0,80}[ \t]-(?:[a-z]*b[a-z]*[ \t]+[^ \t]+|[a-z]*(?:nb|bn)[a-z]*)[ \t]+[^ \t]+)"
        rb"[ \t]+[\"']?" + _WORD,
        "poetry config http-basic.main me <a16>",
        command_judges.command,
        (
            (
                b"http-basic.",
                b"pypi-token.",
                b"htpasswd",
                b"mc alias set",
                b"api-key store",
                b"mc config host add",
                b"ecredential ",
                b"ycredential ",
            ),
            rb"",
        ),
    ),
    named(
        "hdbuserstore-password",
        rb"(?:\b|\\[nrt])hdbuserstore[ \t]+(?:-[a-z]+[ \t]+)*set(?:[ \t]+[^ \t]+){3}[ \t]+[\"']?" + _WORD,
        "hdbuserstore SET KEY db.example.com:30015 me <a16>",
        command_judges.command,
        ((b"hdbuserstore",), rb""),
    ),
    named(
        "mail-login",
        rb"\bAUTH(?:ENTICATE)?[ \t]+(?:plain|login|cram-md5|xoauth2|oauthbearer|scram-sha-[0-9]+)[ \t]+"
        rb"(?P<secret>[0-9a-z+/]{8,}={0,2})",
        "send: 'AUTH PLAIN <b32>'",
        judges.quoted,
        ((b"auth ", b"authenticate "), rb"(?:plain|login|cram|x?oauth|scram)"),
    ),
    named(
        "transfer-login",
        rb"(?:\*cmd\*[ \t]+[\"']|--->[ \t]*|>[ \t]+(?:b?[\"'])?)"
        rb"(?:(?-i:PASS)[ \t]+|user[ \t]+[^ \t]+[ \t]+|[0-9a-z]+[ \t]+LOGIN[ \t]+[^ \t]+[ \t]+[\"']?)"
        rb"(?P<secret>[^ \t\r\"'\\]+)",
        "*cmd* 'PASS <a16>'",
        judges.quoted,
        ((b"pass ", b"login ", b"> user "), rb""),
    ),
    named(
        "transfer-password",
        rb"(?:user[ \t]+[^ \t]+[ \t]+|sent:?[ \t]+[\"']?)(?-i:PASS)[ \t]+(?P<secret>[^ \t\r\"'\\]{4,})",
        "USER loader PASS <a16>",
        told.answered,
        ((b" pass ", b"'pass ", b'"pass '), rb""),
        needs=(b"user ", b"sent"),
    ),
    named(
        "mail-login-quoted",
        rb"(?:^|[ \t]|b?[\"'])(?:[0-9a-z]{2,12} )?LOGIN [^ \t\r\n]{1,80} [\"'](?P<secret>[^\"'\r\n]+)",
        "b'ABCD1 LOGIN loader \"<a16>\"'",
        judges.quoted,
        ((b" login ", b"'login ", b'"login '), rb"[^ \t\r\n]+ [\"']"),
    ),
    named(
        "curl-user",
        rb"(?:(?:curl|http|https|xh)(?:[ \t][^\n]*)?[ \t]-[ua][ \t]*|--user|--proxy-user|--auth|--(?:src-|dest-)?creds"
        rb"|--credentials|--basic-auth|--basic)[ \t=]*[\"']?"
        rb"[^ \t\r:\"'/-][^ \t\r:\"'/]*:[\"']?(?P<secret>[^ \t\r\"']+)",
        "curl -s -u me:<a16> https://example.com",
        login_judges.enclosed,
        ((b" -u", b" -a", b"--user", b"--proxy-user", b"--auth", b"--cred", b"-creds", b"--basic"), rb""),
    ),
    named(
        "bearer-argument",
        rb"(?:-A|--auth-type)[ =]bearer[ \t]+(?:-a|--auth)[ =]*[\"']?(?P<secret>[^ \t\r\n\"']{8,})",
        "http -A bearer -a <a12>7<a20> https://example.com",
        judges.quoted,
        ((b"-a bearer", b"-type bearer", b"-type=bearer"), rb"[ \t]"),
    ),
    named(
        "curl-cookie",
        rb"(?:curl\b[^\n]*?[ \t]-b|--cookie)[ \t=]+[\"']?(?P<secret>[^ \t\r=;,\"'`]+=[^\r\"'`]+)",
        "curl -b 'session=<a16>' https://example.com",
        judges.quoted,
        ((b" -b", b"--cookie"), rb"[ \t=]"),
    ),
    *(_put_in_vault(place) for place in (1, 2, 3)),
    named(
        "here-string",
        rb"(?:pass|secret|token|key|login|sudo|stdin|auth|openssl|gpg|kinit|luks)[^\n|;<]{0,200}"
        rb"(?:<<<[ \t]*|(?:[<$]\(|[\"'])(?:echo|printf)(?:[ \t]+-[a-z]+)*[ \t]+)[\"']?(?:[0-9a-z_.-]{1,40}:)?"
        rb"(?P<secret>[^ \t\r\"'$)]{5,})",
        "docker login -u me --password-stdin <<< '<a16>'",
        command_judges.command,
        (
            (b"<<<", b"<(echo", b"<(printf", b"$(echo", b"$(printf", b"'echo ", b'"echo ', b"'printf ", b'"printf '),
            rb"",
        ),
    ),
    named(
        "typed-answer",
        rb"(?:\b|\\[nrt])send[ \t]+(?:-[a-z-]*[ \t]+)?\"(?P<secret>[^\"\\ ]{6,})\\+[rn]",
        'send "<a12>7<a4>\\r"',
        judges.random,
        ((b"send ",), rb"[ \t]*[\"-]"),
    ),
    named(
        "put-in-place",
        rb"(?:\b|\\[nrt])sed\b[^\n]{0,200}?[ \t\"']s[/|#,~][^/|#,~\n]{0,40}"
        + KEY
        + rb"[^0-9a-z/|#,~=:\n]{0,4}[/|#,~](?P<secret>[^ \t\"'/|#,~\\\n]{8,})[/|#,~]",
        "sed -i 's/__PASSWORD__/<a12>7<a4>/' settings.yml",
        judges.random,
        (SIGNS, rb"[^0-9A-Za-z\n]{0,4}[/|#,~]"),
        needs=(b"sed ",),
    ),
    named(
        "windows-command",
        rb"(?:" + KEY + rb"[^\n|;]{0,80}[ \t](?:-value|/d)|\bschtasks\b[^\n]{0,200}[ \t]/rp)[ \t]+[\"']?" + _WORD,
        'New-Item Env:DB_PASSWORD -Value "<a16>"',
        command_judges.command,
        ((b" -value ", b" /d ", b" /rp "), rb""),
    ),
)
