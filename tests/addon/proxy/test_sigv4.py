from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials, ReadOnlyCredentials
from mitmproxy.http import Request

from addon.proxy.sigv4 import sign
from tests.addon.proxy.proxying import AWS, SIGNATURE, a_flow

PROXY = ReadOnlyCredentials("proxy-access-key", "proxy-secret-key", "proxy-session-token")
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fabcdefghij12"
ARN_PATH = f"/model-invocation-job/{ARN}"


def _signature_aws_computes(request: Request) -> str:
    """Recomputed as the service does: from the headers that the signature names, as they arrived."""
    authorization = request.headers["authorization"]
    names = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    arrived = AWSRequest(
        method=request.method,
        url=f"https://{request.headers['host']}{request.path}",
        data=request.raw_content,
        headers={name: request.headers[name] for name in names},
    )
    arrived.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(*PROXY), "bedrock", "eu-west-1")
    assert isinstance(arrived.headers, HTTPHeaders)
    return str(auth.signature(auth.string_to_sign(arrived, auth.canonical_request(arrived)), arrived))


def _arrived(method: str, path: str, body: object = None) -> Request:
    headers = {
        "Host": AWS,
        "User-Agent": "Boto3",
        "Content-Type": "application/json",
        "X-Amz-Date": "20260102T000000Z",
        "X-Amz-Security-Token": "of the caller",
        "Authorization": SIGNATURE,
        "amz-sdk-request": "attempt=1",
    }
    return a_flow(method, path, headers=headers, body=body).request


def test_the_new_signature_is_the_one_aws_computes() -> None:
    for method, path, body in (
        ("POST", "/bedrock/model-invocation-job", {"jobName": "j"}),
        ("GET", f"/bedrock{ARN_PATH}", None),
        ("GET", "/model-invocation-jobs?nameContains=a%2Fb&maxResults=5", None),
        ("POST", f"{ARN_PATH}/stop", None),
    ):
        request = _arrived(method, path, body)
        sign(request, PROXY, "eu-west-1")
        assert request.headers["authorization"].endswith(f"Signature={_signature_aws_computes(request)}")
        assert "Credential=proxy-access-key/" in request.headers["authorization"]
        assert "/eu-west-1/bedrock/aws4_request" in request.headers["authorization"]


def test_the_prefix_goes_and_the_rest_of_the_path_stays_raw() -> None:
    request = _arrived("GET", f"/bedrock{ARN_PATH}?a=%7e+b")
    sign(request, PROXY, "eu-west-1")
    assert request.path == f"{ARN_PATH}?a=%7e+b"


def test_nothing_of_the_caller_s_credentials_is_sent_on() -> None:
    request = _arrived("GET", "/model-invocation-jobs")
    sign(request, PROXY, "eu-west-1")
    assert request.headers["x-amz-security-token"] == "proxy-session-token"
    assert "AKIAIOSFODNN7EXAMPLE" not in str(request.headers.fields)

    sign(request, ReadOnlyCredentials("proxy-access-key", "proxy-secret-key", None), "eu-west-1")
    assert "x-amz-security-token" not in request.headers
