"""Redacts keys, tokens, signatures, accounts and organisations from captured exchanges.

Only known headers are kept. In what stays, every secret becomes a placeholder, the same one wherever it
occurs: a key that a provider's error repeats, the session of an upload that one response names and the next
request uses.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal
from urllib.parse import quote, quote_plus, unquote

from addon.recorder.captures import Exchange, Headers, Response

type Kind = Literal["key", "token", "signature", "account", "organisation", "project", "access-key-id"]

KEPT = re.compile(
    r"content-type|anthropic-(version|beta)|openai-beta|x-goog-upload-(?!header-content-length).+"
    r"|date|retry-after(-ms)?|x-should-retry|location|x-amzn-errortype|x-model-provider"
)
"""Headers that recordings have. Sizes are not among them: redaction changes them."""

SHORTEST = 8
"""Characters of a secret that is redacted everywhere; a shorter one may be a word, and is redacted only where
it was found."""

_CREDENTIAL_HEADER = re.compile(
    r"(?!.*ratelimit|.*token-count|access-control).*"
    r"(auth|token|secret|key|cookie|credential|signature|session|passw|-vk).*"
)
_ORGANISATION_HEADER = re.compile(r".*(organization|project|account|tenant|workspace)(-id)?")

_SECRET_MEMBER = (
    r"(?:x-)?api[-_]?key|apikey|access[-_]?token|refresh[-_]?token|id[-_]?token|auth[-_]?token|api[-_]?token"
    r"|session[-_]?token|security[-_]?token|bearer[-_]?token|client[-_]?secret|secret|secret[-_]?key"
    r"|secret[-_]?access[-_]?key|password|passwd|private[-_]?key(?:[-_]?id)?|authorization|cookie"
    r"|connection[-_]?string|assertion"
)
_SECRET_PARAMETER = (
    r"key|sig|signature|auth|token|code|policy|upload_id|subscription-key|googleaccessid|awsaccesskeyid"
    r"|key-pair-id|x-amz-[\w-]+|x-goog-(?:signature|credential|security-token)|" + _SECRET_MEMBER
)
_OWNER_MEMBER = (
    r"organi[sz]ation[-_]?u?u?id|org[-_]?id|workspace[-_]?id|project[-_]?id|team[-_]?id|tenant[-_]?id"
    r"|customer[-_]?id|subscription[-_]?id|account[-_]?id"
)

_PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?P<secret>.+?)-----END", re.DOTALL)),
    # In a JSON string that holds JSON, quotes are escaped.
    ("token", re.compile(rf'"(?:{_SECRET_MEMBER})"\s*:\s*"(?P<secret>(?:[^"\\]|\\.)+)"', re.IGNORECASE)),
    ("token", re.compile(rf'\\"(?:{_SECRET_MEMBER})\\"\s*:\s*\\"(?P<secret>[^"\\]+)\\"', re.IGNORECASE)),
    (
        "signature",
        re.compile(
            rf"(?:[?&;]|\\u0026|^)(?:{_SECRET_PARAMETER})=(?P<secret>[^&\s\"'\\<>#;]+)",
            re.IGNORECASE | re.MULTILINE,
        ),
    ),
    ("key", re.compile(r"://[^/\s\"@:]*:(?P<secret>[^/\s\"@]+)@")),
    ("key", re.compile(r"\b(?:Bearer|Basic)\s+(?P<secret>(?=\S*\d)[\w.~+/=-]{16,})", re.IGNORECASE)),
    ("access-key-id", re.compile(r"\b(?P<secret>(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,})\b")),
    (
        "token",
        re.compile(
            r"<(?:SecretAccessKey|SessionToken|AccessKeyId|OwnerId)>(?P<secret>[^<]+)<", re.IGNORECASE
        ),
    ),
    ("token", re.compile(r"\b(?P<secret>eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)")),
    (
        "key",
        re.compile(
            r"(?<![\w-])(?P<secret>(?:sk|pk|rk|gsk|xai|fw|tgp|hf|ghp|github_pat)[-_][\w-]{16,}"
            r"|AIza[\w-]{30,}|ya29\.[\w.-]{16,})"
        ),
    ),
    (
        "account",
        re.compile(r"arn(?::|%3A)aws[\w-]*(?:(?::|%3A)[\w-]*?){2}(?::|%3A)(?P<secret>\d{12})(?::|%3A)"),
    ),
    (
        "account",
        re.compile(r'"[\w]*(?:account(?:[-_]?id)?|owner)"\s*:\s*"?(?P<secret>\d{12})\b', re.IGNORECASE),
    ),
    ("organisation", re.compile(rf'"(?:{_OWNER_MEMBER})"\s*:\s*"(?P<secret>[^"\\]+)"', re.IGNORECASE)),
    ("organisation", re.compile(r"\b(?P<secret>(?:org|proj|user)[-_](?=[A-Za-z]*\d)[A-Za-z0-9]{16,})\b")),
    ("project", re.compile(r"\bprojects/(?P<secret>[a-z0-9][a-z0-9.:-]{3,})")),
    ("project", re.compile(r"(?P<secret>[\w.-]+@[\w.-]+\.gserviceaccount\.com)")),
)
"""Secrets in URLs and bodies."""


def redacted(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges with placeholders for their secrets."""
    secrets = _Secrets()
    for exchange in exchanges:
        _collect(exchange, secrets)
    return [_redacted(exchange, secrets) for exchange in exchanges]


class _Secrets:
    """The secrets that were found, and their placeholders."""

    def __init__(self) -> None:
        self._placeholders: dict[str, str] = {}
        self._found: dict[str, set[str]] = {}
        """Secret → as it was written, which may be the secret itself: one may look as if it were escaped."""
        self._taken: set[str] = set()
        self._accounts = 0
        self._pattern: re.Pattern[str] | None = None
        self._forms: dict[str, str] = {}

    def placeholder(self, kind: Kind, secret: str) -> str:
        """The same for all spellings of the secret."""
        if secret in self._taken:
            return secret
        plain = _unescaped(secret)
        if plain not in self._placeholders:
            self._placeholders[plain] = self._new(kind)
            self._taken.add(self._placeholders[plain])
            self._found[plain] = {plain}
            self._pattern = None
        if secret not in self._found[plain]:
            self._found[plain].add(secret)
            self._pattern = None
        return self._placeholders[plain]

    def _new(self, kind: Kind) -> str:
        match kind:
            case "access-key-id":
                return "AKIAIOSFODNN7EXAMPLE"
            case "account":
                self._accounts += 1
                return str(123_456_789_011 + self._accounts)
            case _:
                return f"scrubbed-{kind}-{len(self._placeholders) + 1}"

    def redact(self, text: str) -> str:
        """The text with every secret replaced where it was found, and long ones everywhere."""
        for kind, pattern in _PATTERNS:
            text = pattern.sub(partial(self._replaced, kind), text)
        if self._pattern is None:
            self._pattern = self._everywhere()
        return self._pattern.sub(lambda found: self._forms[found[0]], text)

    def _replaced(self, kind: Kind, found: re.Match[str]) -> str:
        before, after = found.start("secret") - found.start(), found.end("secret") - found.start()
        return found[0][:before] + self.placeholder(kind, found["secret"]) + found[0][after:]

    def _everywhere(self) -> re.Pattern[str]:
        self._forms = {
            form: placeholder
            for plain, placeholder in self._placeholders.items()
            if len(plain) >= SHORTEST
            for secret in self._found[plain]
            for form in _spellings(secret)
        }
        longest_first = sorted(self._forms, key=len, reverse=True)
        words = (rf"(?<!\d){form}(?!\d)" if form.isdecimal() else re.escape(form) for form in longest_first)
        return re.compile("|".join(words) or r"(?!)")


def _unescaped(secret: str) -> str:
    """A secret without the escapes of JSON and URLs."""
    if "\\" in secret:
        try:
            secret = str(json.loads(f'"{secret}"'))
        except ValueError:
            return secret
    return unquote(secret) if re.search(r"%[0-9A-Fa-f]{2}", secret) else secret


def _spellings(secret: str) -> Iterator[str]:
    """Spellings that a secret may have in a URL, in JSON, or in JSON within JSON."""
    escaped = json.dumps(secret)[1:-1]
    for form in (secret, escaped, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(escaped)[1:-1]):
        yield form
        yield form.replace("/", "\\/")
    for form in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield form
        yield re.sub("%..", lambda found: found[0].lower(), form)


def _collect(exchange: Exchange, secrets: _Secrets) -> None:
    _collect_headers(exchange.headers, secrets)
    if exchange.response is not None:
        _collect_headers(exchange.response.headers, secrets)
    for text in _texts(exchange):
        for kind, pattern in _PATTERNS:
            for found in pattern.finditer(text):
                secrets.placeholder(kind, found["secret"])


def _texts(exchange: Exchange) -> Iterator[str]:
    yield exchange.url
    yield exchange.body
    yield from (value for name, value in exchange.headers if KEPT.fullmatch(name))
    if exchange.response is not None:
        yield exchange.response.body
        yield from (value for name, value in exchange.response.headers if KEPT.fullmatch(name))


def _collect_headers(headers: Headers, secrets: _Secrets) -> None:
    for name, value in headers:
        if KEPT.fullmatch(name) or not value:
            continue
        if _ORGANISATION_HEADER.fullmatch(name):
            secrets.placeholder("organisation", value)
        elif _CREDENTIAL_HEADER.fullmatch(name):
            # What follows in a cookie that is set is no secret.
            for secret in _in_header(value.partition(";")[0] if name == "set-cookie" else value):
                secrets.placeholder("key", secret)


def _in_header(value: str) -> Iterable[str]:
    """The whole value, and its parts: after the scheme, in cookies, in a signature of AWS, in base64."""
    scheme, _, rest = value.partition(" ")
    yield value
    if rest and scheme.replace("-", "").isalnum():
        yield rest
    if scheme.lower() == "basic":
        try:
            yield from filter(None, base64.b64decode(rest, validate=True).decode().split(":", 1))
        except (binascii.Error, UnicodeDecodeError):
            return
    for part in re.split(r"[;,]\s*", value):
        _, equals, word = part.partition("=")
        if equals and len(word) >= SHORTEST:
            yield word.partition("/")[0] if "/aws4_request" in word else word


def _redacted(exchange: Exchange, secrets: _Secrets) -> Exchange:
    response = exchange.response
    if response is not None:
        response = Response(
            status=response.status,
            headers=_redacted_headers(response.headers, secrets),
            body=secrets.redact(response.body),
        )
    return replace(
        exchange,
        url=secrets.redact(exchange.url),
        headers=_redacted_headers(exchange.headers, secrets),
        body=secrets.redact(exchange.body),
        response=response,
    )


def _redacted_headers(headers: Headers, secrets: _Secrets) -> Headers:
    return tuple((name, secrets.redact(value)) for name, value in headers if KEPT.fullmatch(name))
