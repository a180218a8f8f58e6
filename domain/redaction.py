"""Hides secrets in texts, in every encoding. Pure.

The engine hides what it knows to be secret. This is the second net, for what tools, servers and tracebacks
print. A secret is found as it is, and in every form that JSON (Go's and Python's), YAML, URLs, HTML, shells,
Markdown, base64 and line breaks can give it: text and secret are reduced to the same form and compared there.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from domain.urls import password

MASK = "[secret]"
"""What stands for a secret; the engine's own word."""

_SECRET_VARIABLE = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|(PRIVATE|ACCESS|ACCOUNT|STORAGE|API|SHARED)_?KEY|_SAS"
)
_SECRET_PROPERTY = re.compile(r"(password|passphrase|secret|token|private_?key(_?pem)?|kubeconfig)$", re.I)
_SECRET_PARAMETER = re.compile(r"sig(nature)?|.*(token|secret|password|key)", re.I)
_PEM_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)
_SHORTEST = 6
"""A shorter secret would mask parts of ordinary words; it is masked only where it stands alone."""
_LINE = 20
"""Shortest line of a secret of several lines (a key, a kubeconfig) that is a secret by itself."""
_NO_SECRETS = {"true", "false", "yes", "no", "0", "1"}
"""Values of switches with a name that sounds like a secret's."""

_ESCAPE = re.compile(
    r"""
      \\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}   # a pair of surrogates in JSON
    | \\+(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2})
    | \\+[abefnrtv0NLP_]                                             # control characters
    | (?:%[0-9a-fA-F]{2})+                                           # URLs
    | &(?:\#[0-9]+|\#[xX][0-9a-fA-F]+|[a-zA-Z]+);                    # HTML
    | \\\n[ \t]*                                                      # continuation of a line in YAML
    """,
    re.X,
)
_CONTINUATION = re.compile(r"\\\n[ \t]*")
"""End and beginning of a line that YAML has folded: between them it may have cut an escape in two."""
_MARKER = re.compile(r"\n[ \t]*[-+~>|][ \t]")
"""Beginning of a line of a diff or of a quotation. It may also belong to the secret: both are tried."""
_DROPPED = re.compile(r"[\s\\\"'`+\u200b-\u200d\u2060\ufeff\x00-\x1f\x7f\x85\u2028\u2029]+")
"""Characters that encodings add, change or remove: quotes, escapes, white space, ``+`` for a space."""
_JUNK = rf"(?:{_DROPPED.pattern[:-1]})*?"
_DEPTH = 4
"""Encodings within each other that are undone: JSON in JSON in a URL."""
_BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{12,}")


def secret_variables(environment: Mapping[str, str]) -> list[str]:
    """The credentials in an environment: variables with such names, and passwords inside URLs."""
    named = [value for name, value in environment.items() if _SECRET_VARIABLE.search(name)]
    # A proxy needs no scheme (golang.org/x/net/http/httpproxy).
    urls = (
        value if "://" in value or not name.lower().endswith("_proxy") else f"http://{value}"
        for name, value in environment.items()
    )
    return [*named, *(part for url in urls for part in url_secrets(url))]


def url_secrets(text: str) -> Iterator[str]:
    """The password and the signed parameters of a URL; nothing for another text."""
    if "://" not in text:
        return
    if secret := password(text):
        yield unquote(secret)
    parameters = parse_qsl(text.partition("?")[2].partition("#")[0])
    yield from (value for name, value in parameters if _SECRET_PARAMETER.fullmatch(name))


def names_secret(path: str) -> bool:
    """Whether a property's name says that its value is a secret, although the engine does not know it."""
    return bool(_SECRET_PROPERTY.search(path))


class _Texts:
    """Texts to look for. A pattern of a few kilobytes takes longer to compile than all that is searched."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(sorted(texts))

    def __bool__(self) -> bool:
        return bool(self._texts)

    def within(self, text: str) -> bool:
        """Whether the text has one of them."""
        return any(wanted in text for wanted in self._texts)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where they are. Spans of two of them may overlap."""
        for wanted in self._texts:
            start = text.find(wanted)
            while start >= 0:
                yield start, (end := start + len(wanted))
                start = text.find(wanted, end)


class Redactor:
    """Replaces known secrets in texts."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Prepare the search for these secrets."""
        parts: set[str] = set()
        self._of_lines: list[str] = []
        for secret in secrets:
            whole = secret.strip()
            if "\n" in whole:
                self._of_lines.append(_reduced(whole))
            lines = (line.strip() for line in whole.splitlines())
            parts |= {part for part in (whole, *(line for line in lines if len(line) >= _LINE)) if part}
        long = {part for part in parts if len(part) >= _SHORTEST}
        self._short = {part for part in parts - long if part.lower() not in _NO_SECRETS}
        encoded = {form for part in long for form in _binary_forms(part)}
        # A secret may look like an escape itself, which its encoding in a text does not.
        needles = {_DROPPED.sub("", form) for part in long for form in _stages(part)}
        needles |= {_DROPPED.sub("", form) for form in encoded}
        self._needles = _Texts(needle for needle in needles if len(needle) >= _SHORTEST)
        odd = [part for part in long if len(_reduced(part)) < _SHORTEST]
        self._literals = _Texts({*long, *encoded})
        self._odd = re.compile("|".join(map(_loosely, odd))) if odd else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if text in self._short:
            return MASK
        return self._masked(_PEM_KEY.sub(MASK, text))

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Lines without secrets, as they come; those that may begin a secret wait for the next."""
        waiting = ""
        for line in lines:
            waiting += line
            if not self._may_begin(waiting):
                yield self(waiting)
                waiting = ""
        if waiting:
            yield self(waiting)

    def document(self, value: object) -> object:
        """A JSON document without secrets in its texts.

        Raises:
            ValueError: It is nested too deeply.
        """
        try:
            return self._document(value)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    def _document(self, value: object) -> object:
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {key: self._document(item) for key, item in value.items()}
        return [self._document(item) for item in value] if isinstance(value, list) else value

    def _may_begin(self, text: str) -> bool:
        """Whether the text ends with the beginning of a secret that has several lines."""
        if not self._of_lines:
            return False
        end = _reduced(text)
        return any(
            end.endswith(secret[:length])
            for secret in self._of_lines
            for length in range(1, min(len(end), len(secret) - 1) + 1)
        )

    def _masked(self, text: str) -> str:
        found = sorted(self._spans(text, _DEPTH))
        if not found:
            return text
        parts, position = [], 0
        for start, end in found:
            if start >= position:
                parts += [text[position:start], MASK]
            position = max(position, end)
        return "".join([*parts, text[position:]])

    def _spans(self, text: str, depth: int) -> Iterator[tuple[int, int]]:
        """Where secrets are."""
        yield from self._literals.spans(text)
        decoded = _decoded(text) if self._needles or self._odd else ""
        if self._found(decoded):
            yield from self._encoded_spans(_letters(text))
        if _CONTINUATION.search(text) and self._found(_decoded(_CONTINUATION.sub("", text))):
            yield from self._encoded_spans(_letters(text, _CONTINUATION))
        if _MARKER.search(decoded) and self._found(_MARKER.sub("\n", decoded)):
            yield from self._encoded_spans(list(_without_markers(_letters(text))))
        if depth and self._literals:
            for run in _BASE64_RUN.finditer(text):
                if any(self._holds(inner, depth - 1) for inner in _debased(run[0])):
                    yield run.span()

    def _found(self, decoded: str) -> bool:
        """Whether decoded text holds a secret; quicker than asking where."""
        return self._needles.within(_DROPPED.sub("", decoded)) or bool(
            self._odd and self._odd.search(decoded)
        )

    def _encoded_spans(self, letters: list[_Letter]) -> Iterator[tuple[int, int]]:
        dense = [item for item in letters if not _DROPPED.fullmatch(item[0])]
        for start, end in self._needles.spans(_text(dense)):
            yield dense[start][1], dense[end - 1][2]
        for match in self._odd.finditer(_text(letters)) if self._odd else ():
            yield letters[match.start()][1], letters[match.end() - 1][2]

    def _holds(self, text: str, depth: int) -> bool:
        return next(self._spans(text, depth), None) is not None


def _reduced(text: str) -> str:
    """What all encodings of a text have in common."""
    return _DROPPED.sub("", _decoded(text))


def _decoded(text: str) -> str:
    """The text without escapes."""
    *_, plain = _stages(text)
    return plain


def _stages(text: str) -> Iterator[str]:
    """The text, and what each round of undoing escapes makes of it."""
    yield text
    for _ in range(_DEPTH):
        plain = _ESCAPE.sub(lambda match: _value(match[0]), text)
        if plain == text:
            return
        yield plain
        text = plain


_Letter = tuple[str, int, int]
"""A character, and where the text that stands for it begins and ends."""


def _letters(text: str, without: re.Pattern[str] | None = None) -> list[_Letter]:
    """The characters of ``_decoded``, with their positions, as if the text were without a pattern."""
    letters = [(letter, index, index + 1) for index, letter in enumerate(text)]
    for match in reversed([*without.finditer(text)] if without else []):
        del letters[match.start() : match.end()]
    for _ in range(_DEPTH):
        letters = list(_unescaped(letters))
    return letters


def _text(letters: Iterable[_Letter]) -> str:
    return "".join(letter for letter, _, _ in letters)


def _unescaped(letters: list[_Letter]) -> Iterator[_Letter]:
    """One round of ``_decoded`` on letters with their positions."""
    text, position = _text(letters), 0
    for match in _ESCAPE.finditer(text):
        yield from letters[position : match.start()]
        start, end = letters[match.start()][1], letters[match.end() - 1][2]
        yield from ((letter, start, end) for letter in _value(match[0]))
        position = match.end()
    yield from letters[position:]


def _without_markers(letters: list[_Letter]) -> Iterator[_Letter]:
    """The letters without the beginnings of a diff's or a quotation's lines."""
    position = 0
    for match in _MARKER.finditer(_text(letters)):
        yield from letters[position : match.start() + 1]
        position = match.end()
    yield from letters[position:]


def _value(escape: str) -> str:
    """What an escape stands for."""
    if escape[0] == "%":
        return binascii.unhexlify(escape.replace("%", "")).decode(errors="replace")
    if escape[0] == "&":
        return html.unescape(escape)
    if "\n" in escape:
        return ""
    codes = re.findall(r"[uUx]([0-9a-fA-F]+)", escape)
    units = b"".join(
        int(code, 16).to_bytes(2, "big")
        if int(code, 16) < 0x10000
        else chr(int(code, 16)).encode("utf-16-be")
        for code in codes
        if int(code, 16) <= 0x10FFFF
    )
    return units.decode("utf-16-be", errors="replace") if codes else "\n"


def _binary_forms(secret: str) -> Iterator[str]:
    """The secret in base64, wherever in other bytes it begins, in hexadecimal, and as Python shows bytes."""
    content = secret.encode(errors="surrogatepass")
    for offset in range(3):
        # The first and the last characters of the code depend on the neighbours too.
        code = base64.b64encode(bytes(offset) + content).decode().rstrip("=")
        inner = code[(0, 2, 3)[offset] : len(code) - (1 if (offset + len(content)) % 3 else 0)]
        if len(inner) >= _SHORTEST:
            yield inner
            yield inner.replace("+", "-").replace("/", "_")
    yield content.hex()
    yield content.hex().upper()
    if not content.isascii():
        yield repr(content)[2:-1]  # Python's bytes: UTF-8, where YAML and JSON escape characters


def _debased(run: str) -> Iterator[str]:
    """What a run of base64 may stand for, at each alignment."""
    code = run.replace("-", "+").replace("_", "/")
    for skipped in range(4):
        whole = code[skipped : skipped + (len(code) - skipped) // 4 * 4]
        yield base64.b64decode(whole).decode(errors="replace")


def _loosely(secret: str) -> str:
    """A pattern for a secret of mostly quotes, in decoded text: encodings may add more of them."""
    if not _DROPPED.sub("", _decoded(secret)):
        # Its own characters in their order; atomic, since the first of each is as good as any other.
        first, *others = (re.escape(letter) for letter in _decoded(secret) if not letter.isspace())
        return first + "".join(rf"(?>{_JUNK}{letter})" for letter in others)
    patterns = []
    for run in re.findall(rf"{_DROPPED.pattern}|.", _decoded(secret), re.S):
        quotes = len(re.findall(r"[\"'`]", run))
        if not _DROPPED.fullmatch(run):
            patterns.append(re.escape(run))
        elif patterns and quotes:
            patterns.append(rf"(?:{_JUNK}[\"'`]){{{min(quotes, 4)}}}")
        patterns.append(_JUNK)
    while patterns and patterns[-1] == _JUNK:
        patterns.pop()
    return "".join(patterns) or re.escape(secret)
