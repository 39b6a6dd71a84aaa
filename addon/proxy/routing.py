"""Matches requests to batch operations of Bedrock's control plane, and to the providers that they name.

Paths are matched undecoded: an ARN arrives percent-encoded in one segment, which decoding would split.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import orjson
from mitmproxy import http
from mitmproxy.proxy import mode_specs

from addon.providers.provider_names import canonical_name
from addon.settings.config import Config
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.jobs import ProviderFile, provider_file
from translators.bedrock.native_jobs import native_id
from translators.providers.registry import UnknownProvider

PROVIDER_HEADER = "x-model-provider"
BEDROCK = "bedrock"
"""The header's value for the real service, the default."""
PREFIX = "/bedrock"
"""The path below which gateways mount Bedrock's."""


class Operation(StrEnum):
    """A batch operation by AWS's name."""

    CREATE = "CreateModelInvocationJob"
    GET = "GetModelInvocationJob"
    LIST = "ListModelInvocationJobs"
    STOP = "StopModelInvocationJob"
    TAG = "TagResource"
    UNTAG = "UntagResource"
    LIST_TAGS = "ListTagsForResource"


TAG_OPERATIONS = frozenset({Operation.TAG, Operation.UNTAG, Operation.LIST_TAGS})
"""Operations with the job's ARN in the body."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A batch operation, and the job's decoded id or ARN, if any."""

    operation: Operation
    identifier: str = ""


_IDENTIFIER = "(?:batches/)?[^/]+"
"""One segment; Gemini's ids have two, and some clients do not encode the slash between them."""

_PATHS = tuple(
    (method, re.compile(f"(?:{PREFIX})?{path}"), operation)
    for method, path, operation in (
        ("POST", "/model-invocation-job", Operation.CREATE),
        ("GET", "/model-invocation-jobs", Operation.LIST),
        ("GET", f"/model-invocation-jobs?/({_IDENTIFIER})", Operation.GET),
        ("POST", f"/model-invocation-jobs?/({_IDENTIFIER})/stop", Operation.STOP),
        ("POST", "/tagResource", Operation.TAG),
        ("POST", "/untagResource", Operation.UNTAG),
        ("POST", "/listTagsForResource", Operation.LIST_TAGS),
    )
)

_SUFFIXES = (  # of every partition, standard and dual-stack (botocore: partitions.json)
    "amazonaws.com",
    "api.aws",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    "amazonaws.eu",
    "api.amazonwebservices.eu",
    "c2s.ic.gov",
    "api.aws.ic.gov",
    "sc2s.sgov.gov",
    "api.aws.scloud",
    "cloud.adc-e.uk",
    "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov",
    "api.aws.hci.ic.gov",
)
_REGION = "[a-z0-9-]{1,20}"
_HOST = re.compile(
    rf"(?:vpce-[a-z0-9-]+\.)?bedrock(?:-fips)?\.(?P<region>{_REGION})(?:\.vpce)?"
    rf"\.(?:{'|'.join(map(re.escape, _SUFFIXES))})\.?",
    re.IGNORECASE,
)
_SCOPE = re.compile(
    rf"AWS4-HMAC-SHA256\s.*?\bCredential=[^/\s,]+/\d{{8}}/(?P<region>{_REGION})/[^/\s,]+/aws4_request"
)


def operation_of(
    request: http.Request, mode: mode_specs.ProxyMode, hosts: re.Pattern[str] | None
) -> Matched | None:
    """The batch operation of a request; None for any other request.

    `hosts`: pattern of further Bedrock hosts, searched in `host` and `host:port`.
    """
    path = request.path.partition("?")[0]
    for method, pattern, operation in _PATHS:
        if request.method == method and (match := pattern.fullmatch(path)):
            if not _is_bedrock(request, mode, hosts):
                return None
            return Matched(operation, unquote(match[1]) if match.lastindex else "")
    return None


def _is_bedrock(request: http.Request, mode: mode_specs.ProxyMode, hosts: re.Pattern[str] | None) -> bool:
    if isinstance(mode, mode_specs.ReverseMode):
        return True
    host = host_of(request, mode)
    if _HOST.fullmatch(host):
        return True
    return hosts is not None and bool(hosts.search(host) or hosts.search(f"{host}:{request.port}"))


def host_of(request: http.Request, mode: mode_specs.ProxyMode) -> str:
    """The destination host of a request.

    The Host header counts only in modes where the client does not name a host to the proxy; elsewhere it may
    differ from the destination.
    """
    intercepting = (
        mode_specs.TransparentMode,
        mode_specs.LocalMode,
        mode_specs.WireGuardMode,
        mode_specs.TunMode,
    )
    return request.pretty_host if isinstance(mode, intercepting) else request.host


def region_of(request: http.Request, host: str, default: str) -> str:
    """The caller's region: of the signature's credential scope, else of the host, else the default."""
    if scope := _SCOPE.match(request.headers.get("authorization", "")):
        return scope["region"]
    if named := _HOST.fullmatch(host):
        return named["region"].lower()
    return default


def without_prefix(path: str) -> str:
    """The path below `PREFIX`; any other path as it is."""
    return path.removeprefix(PREFIX) if path.startswith(f"{PREFIX}/") else path


def host_in_region(host: str, region: str) -> str:
    """A public Bedrock host, in this region; any other host as it is."""
    named = _HOST.fullmatch(host)
    if named is None or host.lower().startswith("vpce-"):
        return host
    return f"{host[: named.start('region')]}{region}{host[named.end('region') :]}"


def providers_of(request: http.Request, option: str, config: Config) -> tuple[str, ...] | None:
    """The providers of a Create or List, in fallback order; None for Bedrock itself.

    The header overrides `option`. Raises a `ValidationException` for invalid names.
    """
    try:
        return named_providers(request.headers.get(PROVIDER_HEADER, option or BEDROCK), config)
    except BadName as error:
        raise AwsError("ValidationException", f"{PROVIDER_HEADER}: {error}") from None


class BadName(ValueError):
    """An unknown provider, or `bedrock` before the last place."""


def named_providers(value: str, config: Config) -> tuple[str, ...] | None:
    """The providers of a comma-separated list, in order; None for Bedrock itself. Raises `BadName`."""
    names: list[str] = []
    for written in value.split(","):
        name = canonical_name(written, (*config.known_providers, BEDROCK))
        if not name:
            raise BadName(f"{value!r}: a name is missing")
        try:
            names.append(BEDROCK if name == BEDROCK else config.target(name).name)
        except UnknownProvider as error:
            raise BadName(str(error)) from None
    if BEDROCK in names[:-1]:
        raise BadName(f"{value!r}: {BEDROCK} can only be the last; what it refuses goes to no other provider")
    return None if names == [BEDROCK] else tuple(dict.fromkeys(names))


def native_batch(request: http.Request, matched: Matched, config: Config) -> tuple[str, str] | None:
    """The header's first provider and its batch id, for a Get or Stop of a batch created outside this proxy;
    None for Bedrock. Raises as `providers_of` does."""
    if matched.operation not in {Operation.GET, Operation.STOP} or PROVIDER_HEADER not in request.headers:
        return None
    batch_id = native_id(matched.identifier)
    providers = None if batch_id is None else providers_of(request, "", config)
    return None if batch_id is None or providers is None else (providers[0], batch_id)


def file_of_create(content: bytes) -> ProviderFile | None:
    """The file at the provider that the tags of a Create's body name; None for other bodies."""
    try:
        body = orjson.loads(content)
        return provider_file({tag["key"]: tag["value"] for tag in body["tags"]})
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None  # validation of the request reports what is wrong with the body


def tagged_resource(content: bytes) -> str:
    """The `resourceARN` of a tag operation's body; empty where there is none."""
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        return ""
    arn = body.get("resourceARN") if isinstance(body, dict) else None
    return arn if isinstance(arn, str) else ""
