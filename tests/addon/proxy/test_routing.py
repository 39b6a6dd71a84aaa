import re

import pytest
from botocore.loaders import Loader
from mitmproxy.proxy.mode_specs import ProxyMode

from addon.proxy.routing import (
    Matched,
    Operation,
    host_of,
    operation_of,
    providers_of,
    region_of,
    tagged_resource,
)
from addon.settings.config import Config, ProviderSection
from tests.addon.proxy.proxying import AWS, SIGNATURE, a_flow
from translators.bedrock.jobs import AwsError

ID = "abcdefghij12"
ARN = f"arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/{ID}"
ENCODED = ARN.replace(":", "%3A").replace("/", "%2F")


def _operation(
    method: str, path: str, *, host: str = AWS, mode: str = "regular", hosts: str | None = None
) -> Matched | None:
    flow = a_flow(method, path, host=host, mode=mode)
    return operation_of(flow.request, ProxyMode.parse(mode), re.compile(hosts) if hosts else None)


@pytest.mark.parametrize("prefix", ["", "/bedrock"])
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("POST", "/model-invocation-job", Matched(Operation.CREATE)),
        ("GET", "/model-invocation-jobs", Matched(Operation.LIST)),
        ("GET", "/model-invocation-jobs?maxResults=5&nameContains=a%2Fb", Matched(Operation.LIST)),
        ("GET", f"/model-invocation-job/{ID}", Matched(Operation.GET, ID)),
        ("GET", f"/model-invocation-job/{ENCODED}", Matched(Operation.GET, ARN)),
        ("GET", f"/model-invocation-job/{ENCODED.lower()}", Matched(Operation.GET, ARN)),
        ("GET", f"/model-invocation-job/{ARN.replace('/', '%2F')}", Matched(Operation.GET, ARN)),
        ("GET", f"/model-invocation-jobs/{ENCODED}", Matched(Operation.GET, ARN)),
        ("POST", f"/model-invocation-job/{ID}/stop", Matched(Operation.STOP, ID)),
        ("POST", f"/model-invocation-job/{ENCODED}/stop", Matched(Operation.STOP, ARN)),
        ("POST", f"/model-invocation-jobs/{ID}/stop", Matched(Operation.STOP, ID)),
        ("POST", "/tagResource", Matched(Operation.TAG)),
        ("POST", "/untagResource", Matched(Operation.UNTAG)),
        ("POST", "/listTagsForResource", Matched(Operation.LIST_TAGS)),
    ],
)
def test_operation_by_method_and_raw_path(method: str, path: str, expected: Matched, prefix: str) -> None:
    assert _operation(method, prefix + path) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/model-invocation-job"),
        ("POST", "/model-invocation-jobs"),
        ("PUT", "/model-invocation-job"),
        ("DELETE", f"/model-invocation-job/{ID}"),
        ("HEAD", "/model-invocation-jobs"),
        ("POST", f"/model-invocation-job/{ID}"),
        ("GET", f"/model-invocation-job/{ID}/stop"),
        ("GET", f"/model-invocation-job/{ARN}"),  # AWS does not take a slash that is not encoded either
        ("POST", "/model-invocation-job/"),
        ("POST", "/model%2Dinvocation-job"),
        ("POST", "/v1/model-invocation-job"),
        ("POST", "/bedrock/bedrock/model-invocation-job"),
        ("POST", "/bedrockmodel-invocation-job"),
        ("POST", "/model-invocation-job-x"),
        ("POST", "/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke"),
        ("GET", "/foundation-models"),
        ("GET", "/tagResource"),
        ("GET", "/"),
    ],
)
@pytest.mark.parametrize("mode", ["regular", f"reverse:https://{AWS}"])
def test_everything_else_is_not_ours(method: str, path: str, mode: str) -> None:
    assert _operation(method, path, mode=mode) is None


def _every_control_plane_host() -> list[str]:
    partitions = Loader().load_data("partitions")["partitions"]
    suffixes = {
        (next(region for region in partition["regions"] if re.fullmatch(r"[a-z-]+\d", region)), suffix)
        for partition in partitions
        for suffix in (partition["outputs"]["dnsSuffix"], partition["outputs"]["dualStackDnsSuffix"])
    }
    return [
        f"{name}.{region}.{suffix}" for region, suffix in suffixes for name in ("bedrock", "bedrock-fips")
    ]


@pytest.mark.parametrize("host", sorted(_every_control_plane_host()))
def test_the_control_plane_is_known_in_every_partition(host: str) -> None:
    assert _operation("POST", "/model-invocation-job", host=host) is not None


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("BEDROCK.us-east-1.amazonaws.com", True),
        ("bedrock.us-east-1.amazonaws.com.", True),
        ("vpce-0123456789abcdef0-ab12cd34.bedrock.us-east-1.vpce.amazonaws.com", True),
        ("vpce-0123456789abcdef0-ab12cd34-us-east-1a.bedrock.us-east-1.vpce.amazonaws.com", True),
        ("vpce-0123456789abcdef0-ab12cd34.bedrock.cn-north-1.vpce.amazonaws.com.cn", True),
        ("bedrock-runtime.us-east-1.amazonaws.com", False),
        ("bedrock-agent.us-east-1.amazonaws.com", False),
        ("s3.us-east-1.amazonaws.com", False),
        ("bedrock.s3.amazonaws.com.example.com", False),
        ("bedrock.us-east-1.amazonaws.example.com", False),
        ("evil-bedrock.us-east-1.amazonaws.com", False),
        ("bedrock.amazonaws.com", False),
        ("127.0.0.1", False),
    ],
)
def test_only_the_control_plane_is_ours(host: str, known: bool) -> None:
    assert (_operation("POST", "/model-invocation-job", host=host) is not None) == known


@pytest.mark.parametrize("pattern", ["gateway", r"^gateway\.example\.com$", r"^gateway\.example\.com:8443$"])
def test_batch_hosts_is_searched_in_host_and_host_with_port(pattern: str) -> None:
    flow = a_flow("POST", "/model-invocation-job", host="gateway.example.com", port=8443)
    mode = ProxyMode.parse("regular")
    assert operation_of(flow.request, mode, re.compile(pattern)) is not None
    assert operation_of(flow.request, mode, re.compile("another")) is None
    assert operation_of(flow.request, mode, None) is None


def test_in_reverse_mode_every_host_is_bedrock() -> None:
    assert _operation("POST", "/model-invocation-job", host="127.0.0.1", mode="reverse:http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("mode", "believed"),
    [("regular", False), ("upstream:http://corp:3128", False), ("socks5", False), ("transparent", True)],
)
def test_the_host_header_counts_only_where_nothing_else_names_the_host(mode: str, believed: bool) -> None:
    flow = a_flow("POST", "/model-invocation-job", host="192.0.2.1", headers={"Host": AWS}, mode=mode)
    assert host_of(flow.request, flow.client_conn.proxy_mode) == (AWS if believed else "192.0.2.1")


@pytest.mark.parametrize(
    ("authorization", "host", "region"),
    [
        (SIGNATURE, AWS, "eu-west-1"),
        (SIGNATURE.replace(" Credential", "  Credential"), "127.0.0.1", "eu-west-1"),
        (SIGNATURE.replace("eu-west-1", "../../etc"), AWS, "us-east-1"),
        (SIGNATURE.replace("eu-west-1", "EU"), "127.0.0.1", "ap-south-1"),
        ("Bearer sk-caller", "bedrock-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
        ("", "Bedrock.EU-North-1.api.aws", "eu-north-1"),
        ("", "127.0.0.1", "ap-south-1"),
    ],
)
def test_the_region_is_the_signature_s_then_the_host_s(authorization: str, host: str, region: str) -> None:
    flow = a_flow("POST", "/model-invocation-job", headers={"Authorization": authorization})
    assert region_of(flow.request, host, default="ap-south-1") == region


CONFIG = Config(providers={"Local": ProviderSection(kind="openai")})


@pytest.mark.parametrize(
    ("header", "option", "providers"),
    [
        (None, "", None),
        (None, "bedrock", None),
        (None, "openai", ("openai",)),
        (None, "openai, local", ("openai", "Local")),
        ("bedrock", "", None),
        (" Bedrock ", "openai", None),
        ("openai", "", ("openai",)),
        ("\tOpenAI ", "bedrock", ("openai",)),
        ("local", "openai", ("Local",)),
        ("openai,LOCAL ,bedrock", "", ("openai", "Local", "bedrock")),
        ("openai, openai", "", ("openai",)),
    ],
)
def test_the_header_names_the_providers_and_wins_over_the_option(
    header: str | None, option: str, providers: tuple[str, ...] | None
) -> None:
    headers = {} if header is None else {"X-Model-Provider": header}
    assert providers_of(a_flow("POST", "/", headers=headers).request, option, CONFIG) == providers


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("nobody", "'nobody' is not a known provider; known: bedrock, Local, "),
        ("", "'': a name is missing"),
        ("openai, nobody", "'nobody' is not a known provider"),
        ("openai,", "'openai,': a name is missing"),
        ("bedrock, openai", "bedrock can only be the last"),
    ],
)
def test_a_header_that_names_no_provider_is_refused(header: str, words: str) -> None:
    request = a_flow("POST", "/", headers={"x-model-provider": header}).request
    with pytest.raises(AwsError, match=re.escape(words)) as refusal:
        providers_of(request, "", CONFIG)
    assert refusal.value.error_type == "ValidationException"


@pytest.mark.parametrize(
    ("body", "arn"),
    [
        (b'{"resourceARN":"arn:x"}', "arn:x"),
        (b'{"resourceArn":"arn:x"}', ""),
        (b'{"resourceARN":5}', ""),
        (b'["resourceARN"]', ""),
        (b"not json", ""),
        (b"\xff", ""),
        (b"", ""),
    ],
)
def test_the_tagged_resource_is_read_from_a_body_that_may_not_be_ours(body: bytes, arn: str) -> None:
    assert tagged_resource(body) == arn
