"""Values that other texts about a name show: a check of settings, a debugger, a form, an annotated line of code."""

import functools
import re
from typing import NamedTuple

from planes.scrub.below.model import Step, below, is_no_word, is_secret, is_telling
from planes.scrub.below.rows import closing, row_of
from planes.scrub.rulebook import Span
from planes.scrub.rules.judging.prose import is_common
from planes.scrub.rules.named.below import ASKED_BELOW, MADE_BELOW
from planes.scrub.rules.named.keys import is_sensitive_key
from planes.scrub.rules.named.languages import FOREIGN_KEY
from planes.scrub.rules.named.vocabulary import KEY
from planes.scrub.search.engine import Pattern, compile_pattern

_INPUT = re.compile(rb"input_value=[\[(]{0,2}[bruf]?([\"'])")
_ANSWER = re.compile(
    rb"(?:\[1\][ \t]+|={1,2}>[ ]+|\$[0-9]+ = (?:0x[0-9a-f]+ )?"
    rb"|Out\[[0-9]+\]:[ \t]*|##\[debug\](?:=>|Result:)[ \t]*)?[bruf]{0,2}([\"'])"
)
# A text of SQL on a line of its own.
_LITERAL = re.compile(rb"(?::?=[ \t]*)?[nN]?'")
_FORM_HEADER = re.compile(rb"[A-Za-z-]{4,40}: ")
_WORD = re.compile(rb"[A-Za-z_]\w*")
# Below a line of code: marks that lead up from a value to its name.
_ANNOTATED = re.compile(rb"(?:[ |]|\xe2\x94\x82)*(?:->|\xe2\x94\x94)[ \t]+[bruf]{0,2}([\"'])")
_LEADS = re.compile(rb"(?:[ |]|\xe2\x94\x82)*(?:[|]|\xe2\x94\x82|->|\xe2\x94\x94)")
_MOST_ANNOTATIONS = 12
_RULER = re.compile(rb"[-=]{3,}")
_ENCODED = re.compile(rb"(?:^|[ '\"])([0-9A-Za-z+/]{6,}={0,2})(?:\\r\\n)?['\"]?[ \t\r]*$")
_PROMPTS = (
    b">>> ",
    b"In [",
    b"(Pdb",
    b"(pdb",
    b"(gdb",
    b"ipdb>",
    b"pdb>",
    b"irb",
    b"(lldb",
    b"jshell>",
    b"[",
    b"> ",
    b"iex",
    b"pry",
    b"julia>",
    b"scala>",
)
_CONTINUING = bytes(range(0x80, 0xC0))


# A row of a frame of one column: the index and the value.
_INDEXED = re.compile(rb"[^ ]+(?: [^ ]+)?[ ]{2,}([^ ]+)$")


class Column(NamedTuple):
    """The rows of a frame of one column, whose values end where its name ends, as pandas prints one."""

    end: int

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = _INDEXED.match(line) if len(line) == self.end else None
        if row is None:
            return [], None
        return below(*row.span(1)) if is_telling(row[1]) or is_no_word(row[1]) else [], self


class FieldName(NamedTuple):
    """A name alone on its line.

    Attributes:
        is_asked: at a prompt, so that the next line is the answer.
        column: where the name ends, if it stands apart from the margin.
    """

    is_asked: bool
    column: int = 0

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if self.column and len(line) == self.column and _INDEXED.match(line):
            return Column(self.column).take(line)
        row = row_of(line)
        if _RULER.fullmatch(row.text):
            return [], OneColumn()
        if literal := _LITERAL.match(row.text):
            begin, end = row.start + literal.end(), closing(line, b"'", row.start + literal.end())
            is_whole = end >= 0 and not line[end + 1 : row.end].strip(b",;) ")
            return below(begin, end) if is_whole and is_secret(line[begin:end]) else [], None
        found = _ANSWER.match(row.text) if self.is_asked else _INPUT.search(row.text) if row.indent else None
        if found is None:
            return [], None
        begin = row.start + found.end()
        end = closing(line, found[1], begin)
        end = row.end if end < 0 else end
        return below(begin, end) if is_secret(line[begin:end]) else [], None


_LOCATED = re.compile(rb"[\"']?(?:type|msg|message|ctx|url|input)[\"']?[ ]?:|\],?$|[0-9]+,?$|[\"'][\w.-]+[\"'],?$")
_GIVEN = re.compile(rb"[\"']input[\"'][ ]?:[ ]?([\"'])")


class LocatedName(NamedTuple):
    """A name alone in a list, as a check of settings tells where an error lies: what was given stands some lines below.

    Or the list is a pair, whose last item is the value.
    """

    left: int = 6

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        found = _GIVEN.match(row.text)
        if found is None:
            is_pair = self.left == LocatedName().left and row.text[:1] in (b"'", b'"') and row.text[-1:] == row.text[:1]
            if is_pair and len(row.text) > 2 and is_telling(row.text[1:-1]):
                return below(row.start + 1, row.start + len(row.text) - 1), None
            return [], self._replace(left=self.left - 1) if self.left > 0 and _LOCATED.match(row.text) else None
        begin = row.start + found.end()
        end = closing(line, found[1], begin)
        return below(begin, end) if end > begin and is_secret(line[begin:end]) else [], None


_NUMBERED = re.compile(rb"[0-9]{1,4}\) ([\"'])")


class NumberedName(NamedTuple):
    """A name in a numbered list of names and values, as Redis answers: its value is the next item."""

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        found = _NUMBERED.match(row.text)
        if found is None:
            return [], None
        begin = row.start + found.end()
        end = closing(line, found[1], begin)
        return below(begin, end) if is_secret(line[begin:end]) else [], None


class OneColumn(NamedTuple):
    """A table of one column, below its name and a ruler: words alone on their lines."""

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if not _WORD_ALONE.fullmatch(row.text):
            return [], None
        return below(row.start, row.end) if is_telling(row.text) else [], self


_GO_ON = re.compile(rb"(?:\b334|(?:^|[ :])\+)(?:\\r\\n)?[\"' \t\r]*$")


class Answered(NamedTuple):
    """Behind a mail server's question for the password: the client's next line, in base64.

    `may_wait`: its answer that the client may go on (`334`, `+`) may stand between.
    """

    may_wait: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if self.may_wait and _GO_ON.search(line):
            return [], Answered()
        found = _ENCODED.search(line)
        is_encoded = found is not None and len(found[1]) % 4 == 0 and is_secret(found[1])
        return [Span(*found.span(1), ASKED_BELOW)] if found and is_encoded else [], None


# Commands that print a secret and nothing else.
_READS = (
    rb"\b(?:(?:kubectl|oc)\b.* get (?:secret|-n ).*(?:jsonpath|go-template|custom-columns)"
    rb"|argocd admin initial-password|gcloud secrets versions access"
    rb"|gcloud auth (?:application-default )?print-\w+-token|gh auth token"
    rb"|vault (?:kv )?(?:get|read) .*-field|aws (?:secretsmanager get-secret-value|ssm get-parameter) .*text"
    rb"|aws ecr get-login-password|op read op:|az account get-access-token .*tsv|az keyvault secret show .*tsv"
    rb"|op (?:item )?get .*(?:fields|reveal)|pass (?:show )?\S*/\S+$|gopass show|bw get \w+|lpass show|keyring get"
    rb"|secret-tool lookup|chamber read|doppler secrets get .*plain|heroku config:get|infisical secrets get .*plain"
    rb"|cat \S*(?:secret|token|passw|credential|api[_-]?key)\S*$"
    rb"|security find-generic-password .*-w|(?:echo|printenv|printf \S+) [\"']?\$?\{?[A-Za-z_]\w*\}?[\"']?$)"
)
# Commands that make one, which is for nothing else.
_MAKES = re.compile(
    rb"openssl rand (?:-\w+ )*[0-9]+$|pwgen(?: -\w+)*(?: [0-9]+)*$|secrets\.token_(?:hex|urlsafe)\(\w*\)"
    rb"|wg gen(?:key|psk)|/dev/u?random [|].*base64"
)
# Commands that print what stores hold below the name that they are given, and nothing else.
_LOOKS_UP = (
    rb"(?i)(?:consul kv get|etcdctl .*\bget|zkcli.* get|nomad var get|redis-cli .*\bget|snap get|dotenv get"
    rb"|pulumi config get|terraform output -raw|ansible-vault view|sops .*--extract|pass (?:show )?"
    rb"|git config (?:--\w+ )*)\b[^|;>\n]*" + KEY + rb"[\"'\]]*$"
)
# Any other command or expression that asks for something sensitive by its name.
_ASKS_FOR = (
    rb"(?i)(?:[ :_-](?:get|show|read|print|output|reveal|fetch|access|view|lookup|generate|create|export|retrieve)\b"
    rb"[^|;>\n]*" + KEY + rb"(?:$|[^0-9a-z])|^PS[^>]*>.*[.]" + KEY + rb"$)"
)
_NAMES_IT = rb"(?i)" + KEY + rb"(?:$|[^0-9a-z])"
# Commands that print ids and digests of what they are given, whatever its name.
_IDENTIFIES = re.compile(rb"[^ ]*[ ]*(?:sudo )?(?:git|docker|podman|nerdctl|\w*sum) ")
# `pod/token-refresh-7d9f6c-x7k2p`
_RESOURCE = re.compile(rb"[a-z0-9.]+(?:[-/][a-z0-9.]+)+")
_MIXED = re.compile(rb"(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])")
_WORD_ALONE = re.compile(rb"[^\s{}<>\[\]]{6,}")
# `Save this key, it will not be shown again.`
_SHOWN_ONCE = re.compile(
    rb"\b(?:key|token|secret|password|credentials?)\b.*\b(?:(?:shown|displayed|visible|seen?) (?:\w+ ){0,3}"
    rb"(?:again|once)|once only|only time)\b",
    re.IGNORECASE,
)
_LONGEST_SENTENCE = 240
_FEWEST_BLANKS = 2
_SHELL_LINE = re.compile(
    rb"(?:[^ ]*[$#>%]|[+]{1,3}|PS [^ >]*>) "
    rb"|(?:pass|gopass|bw|lpass|keyring|secret-tool|chamber|doppler|heroku|infisical) "
    rb"|(?:consul|etcdctl|nomad|redis-cli|terraform|pulumi|sops|dotenv) "
    rb"|(?:kubectl|oc|argocd|gcloud|gh|vault|aws|op|az|security|cat|echo|printenv) "
)


@functools.cache
def _reads() -> Pattern:
    return compile_pattern(_READS)


@functools.cache
def _looks_up() -> Pattern:
    return compile_pattern(_LOOKS_UP)


@functools.cache
def _asks_for() -> Pattern:
    return compile_pattern(_ASKS_FOR)


@functools.cache
def _names_it() -> Pattern:
    return compile_pattern(_NAMES_IT)


class Printed(NamedTuple):
    """Behind a command that prints a secret: the next line, if it is one word.

    Attributes:
        is_sure: of a known command, which prints nothing else; behind any other the word must look made.
        is_asked: of one that asks for what it names; behind any other the word holds letters of both cases and digits.
        patience: empty lines that may still come.
        is_made: of one that makes it now and has no name for it.
    """

    is_sure: bool = True
    is_asked: bool = True
    patience: int = 0
    is_made: bool = False

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if not row.text and self.patience:
            return [], self._replace(patience=self.patience - 1)
        begin, tab, _ = row.text.partition(b"\t")
        word = begin if tab and not self.is_sure else row.text
        if word[:1] == b"/" and _names_it().search(word):
            return [], self  # the place, which stands above what lies there
        if word[:1] in (b'"', b"'") and word[-1:] == word[:1] and len(word) > 2:
            start, word = row.start + 1, word[1:-1]
        else:
            start = row.start
        fits = _WORD_ALONE.fullmatch(word) and (is_secret if self.is_sure else is_telling)(word)
        fits = fits and (self.is_sure or not _RESOURCE.fullmatch(word)) and (self.is_asked or _MIXED.match(word))
        if not fits or is_common(word):
            return [], None
        return [Span(start, start + len(word), MADE_BELOW)] if self.is_made else below(start, start + len(word)), None


def opened_command(line: bytes) -> Printed | None:
    """What a line of a shell opens that asks for a secret."""
    if not _SHELL_LINE.match(line):
        return None
    if _MAKES.search(line):
        return Printed(is_made=True)
    if _reads().search(line):
        return Printed()
    if _IDENTIFIES.match(line):
        return None
    if _looks_up().search(line):
        return Printed()
    if _asks_for().search(line):
        return Printed(is_sure=False)
    return Printed(is_sure=False, is_asked=False) if _names_it().search(line) else None


def opened_promise(line: bytes) -> Printed | None:
    """What a sentence opens that names a secret and ends with a colon, or asks to keep one that is not shown again."""
    text = line.rstrip()
    if text[-1:] not in (b":", b".") or len(text) > _LONGEST_SENTENCE or text.count(b" ") < _FEWEST_BLANKS:
        return None
    is_promise = _SHOWN_ONCE.search(text) or (text[-1:] == b":" and _names_it().search(text))
    return Printed(is_sure=False, is_asked=False, patience=1) if is_promise else None


@functools.cache
def _asked() -> Pattern:
    prompts = (
        rb"(?:>>>|in \[[0-9]+\]:|\((?:[pg]|ll)db\)|i?pdb>|(?:\[[0-9]+\] )?(?:irb|iex|pry|julia|scala|jshell)[^> ]*>|>)"
    )
    return compile_pattern(rb"(?i)^" + prompts + rb"[ ]+[^=\n]{0,160}" + KEY + rb"[\"'\w\])(,. ]{0,40}$")


def opened_prompt(line: bytes) -> FieldName | None:
    """What an expression opens that asks an interpreter for something sensitive: its answer stands below."""
    return FieldName(is_asked=True) if line.startswith(_PROMPTS) and _asked().search(line) else None


class MultipartName(NamedTuple):
    """A field of a form in parts: behind its headers and an empty line stands its value."""

    is_begun: bool = False
    left: int = 4

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        row = row_of(line)
        if self.left <= 0 or row.text.startswith(b"--"):
            return [], None
        if not row.text:
            return [], self._replace(is_begun=True, left=self.left - 1)
        if not self.is_begun:
            is_header = _FORM_HEADER.match(row.text)
            return [], self._replace(left=self.left - 1) if is_header else None
        return below(row.start, row.end) if is_secret(row.text) else [], None


class Code(NamedTuple):
    """A line of code below which its values may be noted; `columns`: where in it sensitive names begin."""

    columns: tuple[int, ...]
    left: int = _MOST_ANNOTATIONS

    def take(self, line: bytes) -> Step:
        """See `Opening.take`."""
        if self.left <= 0 or not _LEADS.match(line):
            return [], None
        here = self._replace(left=self.left - 1)
        found = _ANNOTATED.match(line)
        if found is None:
            return [], here
        lead = found[0].find(b"->")
        lead = lead if lead >= 0 else found[0].rfind(b"\xe2\x94\x94")
        if len(line[:lead].translate(None, _CONTINUING)) not in self.columns:
            return [], here
        begin = found.end()
        end = closing(line, found[1], begin)
        end = len(line.rstrip()) if end < 0 else end
        return below(begin, end) if is_secret(line[begin:end]) else [], here


@functools.cache
def _ends_in_name() -> Pattern:
    """What a word surely matches that names something sensitive: of RE2 it takes a part of a look by `re`."""
    return compile_pattern(rb"(?i)(?:" + KEY + rb"|" + FOREIGN_KEY + rb"|authorization|cookie)$")


def opened_code(line: bytes) -> Code | None:
    """What a line of code opens that names something sensitive."""
    may_name = _ends_in_name().places
    columns = [
        len(line[: word.start()].translate(None, _CONTINUING))
        for word in _WORD.finditer(line)
        if may_name(word[0]) and is_sensitive_key(word[0].decode("ascii", "replace"))
    ]
    return Code(tuple(columns[:16])) if columns else None
