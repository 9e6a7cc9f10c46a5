"""Values beside a sensitive name in elements, attributes and cells of markup."""

from planes.scrub.rules.judging import cells, judges, told
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import FOLLOW, KEY, SIGNS, named

MARKUP_RULES: tuple[Rule, ...] = (
    named(
        "named-attribute",
        rb"<[0-9a-z_.:-]{1,40}[ \t][^<>]{0,80}(?:name|key|id|property|var)=[\"'][0-9a-z_.:-]*"
        + KEY
        + rb"[\"'][^<>]{0,80}>(?:[ \t]*<[0-9a-z:]{1,20}>)?(?P<secret>[^<>]+)</",
        '<string name="db_password"><a16></string>',
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"<",),
    ),
    named(
        "named-element",
        rb"<[0-9A-Za-z_.:-]*" + KEY + rb"(?:[ \t][^<>]{0,160})?>(?P<secret>[^<>]+)</",
        "<db:password><a16></db:password>",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"<",),
    ),
    named(
        "named-characters",
        rb"(?:<|=[\"'])[0-9A-Za-z_.:/-]*"
        + KEY
        + rb"[\"']?(?:[ \t][^<>]{0,160})?>[ \t]*(?:<[a-z]{1,10}>[ \t]*)?<!\[cdata\[(?P<secret>[^\n]+?)\]\]>",
        "<password><![CDATA[<a16>]]></password>",
        told.shown,
        (SIGNS, FOLLOW),
        needs=(b"cdata",),
    ),
    named(
        "named-open-element",
        rb"<[0-9A-Za-z_.:-]*" + KEY + rb"(?:[ \t][^<>]{0,160})?>(?P<secret>[0-9A-Za-z+/=_.~-]{16,})(?:[ \t\r\])]|$)",
        "<db:password><a16>",
        judges.random,
        (SIGNS, FOLLOW),
        needs=(b"<",),
    ),
    named(
        "named-prefixed-element",
        rb"<(?:api|app|auth|access|account|secret|private|shared|signing|encryption|license|service|storage|master)"
        rb":key(?:[ \t][^<>]{0,160})?>(?P<secret>[^<>]+)</",
        "<api:key><a16></api:key>",
        judges.quoted,
        ((b":key>", b":key "), rb""),
    ),
    named(
        "named-escaped-element",
        rb"(?:&lt;|\\+u003c)[0-9A-Za-z_.:-]*" + KEY + rb"(?:&gt;|\\+u003e)(?P<secret>[^<>&\\\n]+)(?:&lt;|\\+u003c)/",
        "&lt;password&gt;<a16>&lt;/password&gt;",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"&lt;", b"u003c"),
    ),
    named(
        "named-property",
        rb"<name>[ \t]*[0-9a-z_.:-]*" + KEY + rb"[ \t]*</name>[ \t]*"
        rb"<value(?:[ ][^<>]{0,60})?>(?P<secret>[^<>\n]+)</value>",
        "<name>db.password</name><value><a16></value>",
        judges.quoted,
        (SIGNS, FOLLOW),
        needs=(b"</name>",),
    ),
    named(
        "named-markup-cell",
        rb">[0-9A-Za-z_ .:-]{0,40}" + KEY + rb":?[ ]{0,40}</(?:td|th|dt|b|strong|label|span|name|key)>"
        rb"[ \t]*(?:</?[a-z]{1,6}>)?[ \t]*"
        rb"<(?:td|dd|code|span|pre|value|string)(?:[ \t][^<>]{0,80})?>[ \t]*(?:<code>)?(?P<secret>[^<>\t\n]+)",
        "<td>Password</td><td><a12>7<a4></td>",
        told.shown,
        (SIGNS, FOLLOW),
        needs=(b"</",),
    ),
    named(
        "named-markup-between",
        rb">[0-9A-Za-z_ .:-]{0,40}"
        + KEY
        + rb":?[ ]{0,40}</(?:td|th)>(?:[ ]?<td(?:[ ][^<>]{0,80})?>[^<>]{0,40}</td>){1,2}"
        rb"[ ]?<td(?:[ ][^<>]{0,80})?>(?P<secret>[^<>\t\n]+)</td>",
        "<td>Password</td><td>env</td><td><a12>7<a4></td>",
        cells.made,
        (SIGNS, FOLLOW),
        needs=(b"</t", b"</T"),
    ),
)
