"""Tells a phrase of words that is a password from prose and from a program's messages."""

import re

# Words of which sentences and messages are made, and passphrases hardly ever.
_COMMON = frozenset(
    b"""
    a an the this that these those it its he she we you your yours our their my me i us them
    is are was were be been being am has have had having do does did done can could may might must shall should will
    would cannot not no nor none never only also just already still yet again once both each every any all some such
    same other another more most less least than then so too very much many few
    of in on at by to from for with without within into onto over under above below between through during before after
    until since about against as if else when while where why how what which who whose because or and but per via
    yes ok okay please note see use used uses using user users username enter entered entering type typed
    access account accounts admin allowed api app application argument arguments attribute attempt attempts auth
    authenticate authenticated authentication authorization authorize authorized available bad base bearer block body
    bool boolean bytes cache cached call called case change changed changes char character characters check checked
    checking checks class client cli code column columns command complete completed config configuration configured
    confirm confirmed connect connected connecting connection contain contains content correct count create created
    creates creating credential credentials current data database date default defaults defined delete deleted denied
    description detail details detected different digit digits directory disabled does duplicate email empty enabled
    encoded encrypted encryption end environment error errors event exceeded exception exist existing exists expected
    expire expired expires expiry failed failing fails failure fetch fetched fetching field fields file files first
    format forgot forgotten found function generate generated generating get given go granted group handler hash hashed
    header hidden host ignored ignoring incorrect info input install installed instead int integer interval invalid
    issue issued job json key keys last length letter letters level limit line lines list load loaded loading local log
    logged login long lookup lower lowercase manager match matched matches maximum message method minimum missing mode
    model module must name named names need needed needs new next null number numbers object off old open option
    optional options output page parameter parameters parse parsed parsing passed password passwords path pending
    permission place plain policy port prefix previous private process profile prompt prompted properties property
    provide provided provider public query random range rate read reading ready received redacted refresh refreshed
    refreshing register registered rejected remote remove removed rename renamed renew renewed replace replaced request
    requested requests require required requirement requires reset resolved resource response restart result results
    retrieve retrieved retry retrying return returned returns revoked role rotate rotated rotating rotation row rows
    rule run running same save saved schema scheme scope second seconds secret secrets section select sensitive sent
    server service session set sets setting settings short show shown sign signed signing size skip skipped source space
    spaces special started starting state status step storage store stored stores string strings strong success
    successful successfully symbols sync system table tables target temporary test tests text thread time timeout times
    token tokens tool total true false try type types unable undefined unexpected unique unknown unset update updated
    updates updating upper uppercase url valid validate validated validating validation value values variable variables
    vault verified verify verifying version wait waiting warning weak workspace worker write wrong
    deprecated implicit explicit unchanged rotated skipped written stale mandatory case-sensitive read-only up-to-date
    production development staging primary secondary replica
    """.split()
)
# Endings by which adjectives, adverbs and forms of verbs are told from nouns.
_ENDINGS = (b"ed", b"ing", b"able", b"ible", b"ly", b"less", b"ful", b"ive", b"ous", b"ent", b"ant", b"tion", b"ment")
_PHRASE = re.compile(
    rb"[A-Za-z][a-z]*[0-9]{0,4}[!?]?(?: [A-Za-z][a-z]*[0-9]{0,4}[!?]?| [0-9]{1,6}[!?]?){2,11}"
    rb"(?=$|[\"'`|),;\]}\\<]|\xe2|[ \t]{2}| #)"
)
# Words, and names of code; random letters take capitals anywhere.
_WRITTEN = re.compile(rb"[A-Z]?[a-z]+(?:[A-Z][a-z]{2,})*|[A-Z]+")
_PLAIN = re.compile(rb"[A-Za-z'/.-]*|[0-9.]{1,5}|[A-Z]?[a-z]+[0-9]?|[A-Z_]+")
_PARTS = re.compile(rb"[^A-Za-z]+")


def is_common(word: bytes) -> bool:
    """Whether messages use a word: then it is no password where prose may stand."""
    lowered = word.lower()
    if lowered in _COMMON:
        return True
    return len(lowered) > 5 and lowered.endswith(_ENDINGS) and _WRITTEN.fullmatch(word) is not None


def is_common_text(text: bytes) -> bool:
    """Whether one of the words of a text is a common one."""
    return any(is_common(part) for part in _PARTS.split(text) if part)


_SENTENCE = re.compile(rb"[\"'(*`]?[A-Za-z][A-Za-z'-]*[\"')*`]?[.,:;!?]?(?: +[\w\"'(*`/.-]+[)\"'*`]?[.,:;!?]?){3,}")
_LEAST_COMMON = 2


def is_sentence(text: bytes) -> bool:
    """Whether a line is one of prose: words, of which several are such as messages use."""
    if not _SENTENCE.fullmatch(text):
        return False
    words = [word.strip(b"\"'()*`.,:;!?") for word in text.split()]
    return sum(map(is_common, words)) >= _LEAST_COMMON and all(map(_PLAIN.fullmatch, words))


def phrase_end(line: bytes, start: int) -> int:
    """Where a passphrase ends that begins at `start`: three words or more that no sentence holds; -1: none does."""
    match = _PHRASE.match(line, start, start + 200)
    if match is None or match.end() == start + 200:
        return -1
    words = match[0].split()
    named = [word for word in words if word[:1].isalpha()]
    if len(named) < 3 or any(word.rstrip(b"0123456789!?").lower() in _COMMON for word in named):
        return -1
    return match.end()
