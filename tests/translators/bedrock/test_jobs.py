"""The control plane's documents, judged by botocore: its service model, its parser, its exceptions."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from translators.bedrock.aws_errors import STATUSES, ErrorType, aws_error
from translators.bedrock.constraints import Members
from translators.bedrock.jobs import (
    TERMINAL,
    AwsError,
    CreateModelInvocationJobRequest,
    JobArn,
    JobDescription,
    JobRequest,
    JobState,
    JobStatus,
    ListModelInvocationJobsRequest,
    ListTagsForResourceRequest,
    TagResourceRequest,
    UntagResourceRequest,
    create_request,
    job_description,
    job_identifier,
    list_document,
    list_request,
    list_tags_request,
    tag_request,
    untag_request,
)
from translators.errors import ProviderError

ARN = JobArn(partition="aws", region="us-east-1", account="123456789012", job_id="abcdefghij12")
SERVICE: Mapping[str, Any] = Loader().load_service_model("bedrock", "service-2")
SHAPES: Mapping[str, Any] = SERVICE["shapes"]
LEFT_OUT = {("CreateModelInvocationJobRequest.modelId", "pattern")}
"""Constraints of AWS's that are not ours, each explained where the member is defined."""

REAL_LIST = (
    Path(__file__).parents[4]
    / "shared/real-traffic/bedrock-batch/list-model-invocation-jobs/completed-and-expired.json"
)

KEYWORDS = {
    "string": {"min": "minLength", "max": "maxLength", "pattern": "pattern", "enum": "enum"},
    "integer": {"min": "minimum", "max": "maximum"},
    "list": {"min": "minItems", "max": "maxItems"},
    "structure": {},
    "timestamp": {},
}


def body(**changes: Any) -> bytes:
    """A Create body; a member changed to `...` is left out."""
    members = {
        "jobName": "my-job",
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/"}},
    }
    kept = {name: value for name, value in {**members, **changes}.items() if value is not ...}
    return json.dumps(kept).encode()


def state(**changes: Any) -> JobState:
    moment = datetime(2025, 1, 16, 19, 42, 37, 583_000)
    values: dict[str, Any] = {
        "status": "InProgress",
        "message": None,
        "submitted": moment,
        "modified": moment.replace(hour=20),
        "ended": None,
        "expires": moment.replace(day=17),
        "total": 100,
        "succeeded": 39,
        "failed": 1,
    }
    return JobState(**{**values, **changes})


def described(create: bytes, **changes: Any) -> JobDescription:
    return job_description(ARN, create_request(create), state(**changes))


def schema_constraints(schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = {aws: schema[ours] for aws, ours in KEYWORDS[kind].items() if ours in schema}
    if "pattern" in found:
        assert found["pattern"].startswith("^(?:")
        assert found["pattern"].endswith(")$")
        found["pattern"] = found["pattern"][4:-2]
    if "const" in schema:
        found["enum"] = [schema["const"]]
    return found


def differences(path: str, schema: Mapping[str, Any], root: Mapping[str, Any], shape: str) -> Iterator[str]:
    """Differences between a pydantic schema and AWS's shape."""
    while "anyOf" in schema or "$ref" in schema:
        schema = schema["anyOf"][0] if "anyOf" in schema else root["$defs"][schema["$ref"].split("/")[-1]]
    aws = SHAPES[shape]
    ours = schema_constraints(schema, aws["type"])
    theirs = {
        name: aws[name]
        for name in ("min", "max", "pattern", "enum")
        if name in aws and (path, name) not in LEFT_OUT
    }
    if ours != theirs:
        yield f"{path}: {ours} is not {theirs}"
    if aws["type"] == "list":
        yield from differences(f"{path}[]", schema["items"], root, aws["member"]["shape"])
    if aws["type"] == "structure":
        required = list(aws["members"]) if aws.get("union") else aws.get("required", [])
        if sorted(schema.get("required", [])) != sorted(required):
            yield f"{path}: {schema.get('required')} is not {required}"
        if schema["properties"].keys() != aws["members"].keys():
            yield f"{path}: {schema['properties'].keys()} is not {aws['members'].keys()}"
        for name, member in aws["members"].items():
            yield from differences(f"{path}.{name}", schema["properties"][name], root, member["shape"])


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (CreateModelInvocationJobRequest, "CreateModelInvocationJobRequest"),
        (ListModelInvocationJobsRequest, "ListModelInvocationJobsRequest"),
        (JobRequest, "GetModelInvocationJobRequest"),
        (JobRequest, "StopModelInvocationJobRequest"),
        (TagResourceRequest, "TagResourceRequest"),
        (UntagResourceRequest, "UntagResourceRequest"),
        (ListTagsForResourceRequest, "ListTagsForResourceRequest"),
    ],
)
def test_a_request_has_the_members_and_constraints_of_the_service_model(
    model: type[Members], shape: str
) -> None:
    schema = model.model_json_schema(by_alias=True)
    assert list(differences(shape, schema, schema, shape)) == []


def test_the_unions_have_one_kind_of_member_so_that_requiring_it_means_exactly_one() -> None:
    unions = ("ModelInvocationJobInputDataConfig", "ModelInvocationJobOutputDataConfig")
    assert [list(SHAPES[union]["members"]) for union in unions] == [
        ["s3InputDataConfig"],
        ["s3OutputDataConfig"],
    ]


def test_the_statuses_are_those_of_the_service_model() -> None:
    statuses = JobDescription.model_json_schema(by_alias=True)["$defs"]["JobStatus"]["enum"]
    assert statuses == SHAPES["ModelInvocationJobStatus"]["enum"]
    assert set(statuses) > TERMINAL


def test_the_http_status_of_each_error_is_that_of_the_service_model() -> None:
    modelled = {name: shape["error"]["httpStatusCode"] for name, shape in SHAPES.items() if "error" in shape}
    ours = {name: status for name, status in STATUSES.items() if name != "SerializationException"}
    assert ours.items() <= modelled.items()


@cache
def operation(name: str) -> OperationModel:
    return ServiceModel(SERVICE, "bedrock").operation_model(name)


def parsed(name: str, document: bytes) -> dict[str, Any]:
    """A successful answer as boto3 would give it to a program."""
    response = {"status_code": 200, "headers": {}, "body": document}
    answer: dict[str, Any] = create_parser("rest-json").parse(response, operation(name).output_shape)
    assert answer.pop("ResponseMetadata")["HTTPStatusCode"] == 200
    return answer


def test_a_job_that_was_created_with_the_least_shows_what_aws_makes_explicit() -> None:
    answer = parsed("GetModelInvocationJob", described(body()).json_document())
    assert {name: value for name, value in answer.items() if not isinstance(value, datetime)} == {
        "jobArn": "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abcdefghij12",
        "jobName": "my-job",
        "modelId": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "status": "InProgress",
        "inputDataConfig": {
            "s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl", "s3BucketOwner": "123456789012"}
        },
        "outputDataConfig": {
            "s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/", "s3BucketOwner": "123456789012"}
        },
        "timeoutDurationInHours": 24,
        "modelInvocationType": "InvokeModel",
        "totalRecordCount": 100,
        "processedRecordCount": 40,
        "successRecordCount": 39,
        "errorRecordCount": 1,
    }


def test_a_job_shows_everything_that_was_asked() -> None:
    places = {
        "inputDataConfig": {
            "s3InputDataConfig": {
                "s3Uri": "s3://in-bucket/a/b",
                "s3InputFormat": "JSONL",
                "s3BucketOwner": "210987654321",
            }
        },
        "outputDataConfig": {
            "s3OutputDataConfig": {
                "s3Uri": "s3://out-bucket",
                "s3EncryptionKeyId": "alias/my-key",
                "s3BucketOwner": "210987654321",
            }
        },
        "vpcConfig": {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]},
    }
    others = {
        "clientRequestToken": "94d924e9-b24a-4f0d-ba52-da830d22a854",
        "timeoutDurationInHours": 168,
        "modelInvocationType": "Converse",
    }
    answer = parsed("GetModelInvocationJob", described(body(**places, **others)).json_document())
    assert answer.items() >= {**places, **others}.items()


def test_times_are_written_in_milliseconds_with_a_z() -> None:
    document = json.loads(described(body(), ended=datetime(2025, 1, 16, 21, 0, 0)).json_document())
    assert {name: value for name, value in document.items() if name.endswith("Time")} == {
        "submitTime": "2025-01-16T19:42:37.583Z",
        "lastModifiedTime": "2025-01-16T20:42:37.583Z",
        "endTime": "2025-01-16T21:00:00.000Z",
        "jobExpirationTime": "2025-01-17T19:42:37.583Z",
    }


@pytest.mark.parametrize("status", ["Submitted", "Validating", "Scheduled"])
def test_record_counts_are_zero_until_the_job_runs(status: JobStatus) -> None:
    answer = parsed("GetModelInvocationJob", described(body(), status=status).json_document())
    assert [value for name, value in answer.items() if name.endswith("RecordCount")] == [0, 0, 0, 0]


def test_a_message_is_cut_at_the_length_that_the_service_model_allows() -> None:
    answer = parsed(
        "GetModelInvocationJob", described(body(), status="Failed", message="é" * 3000).json_document()
    )
    assert answer["message"] == "é" * SHAPES["Message"]["max"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("openai/gpt-4o", "openai/gpt-4o"),
        (
            "us.amazon.nova-pro-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        ),
    ],
)
def test_a_model_is_shown_as_an_arn_when_it_is_one_of_bedrocks(sent: str, shown: str) -> None:
    assert described(body(modelId=sent)).model_id == shown


def test_every_required_member_of_get_and_list_is_there() -> None:
    document = json.loads(described(body()).json_document())
    for shape in ("GetModelInvocationJobResponse", "ModelInvocationJobSummary"):
        assert set(SHAPES[shape]["required"]) <= document.keys() <= SHAPES[shape]["members"].keys()


def test_a_page_of_a_list_holds_descriptions_and_the_way_to_the_next() -> None:
    job = described(body())
    answer = parsed("ListModelInvocationJobs", list_document([job], "next"))
    assert answer["nextToken"] == "next"
    assert answer["invocationJobSummaries"] == [parsed("GetModelInvocationJob", job.json_document())]


@pytest.mark.skipif(not REAL_LIST.exists(), reason="the real exchanges are not here")
def test_a_real_list_shows_nothing_that_ours_would_not() -> None:
    for real in json.loads(REAL_LIST.read_text())["response"]["body"]["invocationJobSummaries"]:
        created = body(
            jobName=real["jobName"],
            roleArn=real["roleArn"],
            modelId=real["modelId"].split("/")[1],
            inputDataConfig={"s3InputDataConfig": {"s3Uri": uri(real, "input")}},
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": uri(real, "output")}},
        )
        ours = job_description(
            JobArn.parse(real["jobArn"]),
            create_request(created),
            state(
                status=real["status"],
                submitted=datetime.fromisoformat(real["submitTime"][:-1]),
                modified=datetime.fromisoformat(real["lastModifiedTime"][:-1]),
                ended=datetime.fromisoformat(real["endTime"][:-1]),
            ),
        )
        assert json.loads(ours.json_document()).items() >= real.items()


def uri(real: Mapping[str, Any], side: str) -> str:
    place: str = real[f"{side}DataConfig"][f"s3{side.title()}DataConfig"]["s3Uri"]
    return place


def test_an_empty_list_has_its_array_and_no_token() -> None:
    assert json.loads(list_document([], None)) == {"invocationJobSummaries": []}


def refused(request: bytes) -> str:
    with pytest.raises(AwsError) as caught:
        create_request(request)
    assert caught.value.error_type == "ValidationException"
    return caught.value.message


JOB_NAME_PATTERN = r"[a-zA-Z0-9]{1,63}(-*[a-zA-Z0-9\+\-\.]){0,63}"
S3_INPUT = "inputDataConfig.s3InputDataConfig"


def s3_input(**members: Any) -> dict[str, Any]:
    return {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl", **members}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"jobName": "my job"},
            f"'my job' at 'jobName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {JOB_NAME_PATTERN}",
        ),
        (
            {"jobName": "a" * 64},
            f"'{'a' * 64}' at 'jobName' failed to satisfy constraint: "
            "Member must have length less than or equal to 63",
        ),
        (
            {"jobName": ""},
            "'' at 'jobName' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"timeoutDurationInHours": 500},
            "'500' at 'timeoutDurationInHours' failed to satisfy constraint: "
            "Member must have value less than or equal to 168",
        ),
        (
            {"timeoutDurationInHours": 0},
            "'0' at 'timeoutDurationInHours' failed to satisfy constraint: "
            "Member must have value greater than or equal to 24",
        ),
        (
            {"modelInvocationType": "Foo"},
            "'Foo' at 'modelInvocationType' failed to satisfy constraint: "
            "Member must satisfy enum value set: [InvokeModel, Converse]",
        ),
        (
            {"inputDataConfig": s3_input(s3InputFormat="CSV")},
            f"'CSV' at '{S3_INPUT}.s3InputFormat' failed to satisfy constraint: "
            "Member must satisfy enum value set: [JSONL]",
        ),
        (
            {"inputDataConfig": s3_input(s3Uri="s3://in-bucket/dt=2024-01-01/")},
            f"'s3://in-bucket/dt=2024-01-01/' at '{S3_INPUT}.s3Uri' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {SHAPES['S3Uri']['pattern']}",
        ),
        ({"roleArn": ...}, "null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        ({"roleArn": None}, "null at 'roleArn' failed to satisfy constraint: Member must not be null"),
        (
            {"outputDataConfig": {}},
            "null at 'outputDataConfig.s3OutputDataConfig' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"tags": [{"key": "a", "value": ""}, {"key": "b"}]},
            "null at 'tags.2.member.value' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"tags": [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]},
            '\'[{"key":"a","value":"1"},{"key":"a","value":"2"}]\' at \'tags\' failed to satisfy constraint: '
            "Member must not hold the same key twice",
        ),
        (
            {"vpcConfig": {"subnetIds": ["a b"], "securityGroupIds": ["sg-1"]}},
            "'[a b]' at 'vpcConfig.subnetIds' failed to satisfy constraint: Member must satisfy constraint: "
            "[Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]",
        ),
        (
            {"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": []}},
            "'[]' at 'vpcConfig.securityGroupIds' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
        (
            {"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": list("abcdef")}},
            '\'["a","b","c","d","e","f"]\' at \'vpcConfig.securityGroupIds\' failed to satisfy constraint: '
            "Member must have length less than or equal to 5",
        ),
    ],
)
def test_a_broken_constraint_is_named_in_the_words_of_aws(changes: dict[str, Any], sentence: str) -> None:
    assert refused(body(**changes)) == f"1 validation error detected: Value {sentence}"


def test_all_broken_constraints_are_named_at_once() -> None:
    message = refused(body(jobName="_", timeoutDurationInHours=1, modelId=...))
    assert message.startswith("3 validation errors detected: Value '_' at 'jobName' ")
    assert [sentence.split(" failed")[0] for sentence in message.split(": ", 1)[1].split("; ")] == [
        "Value '_' at 'jobName'",
        "Value null at 'modelId'",
        "Value '1' at 'timeoutDurationInHours'",
    ]


@pytest.mark.parametrize("name", ["my-job\n", "\nmy-job", "my-job x"])
def test_patterns_hold_for_the_whole_value(name: str) -> None:
    assert "regular expression pattern" in refused(body(jobName=name))


def test_a_pattern_that_makes_engines_backtrack_is_decided_at_once() -> None:
    assert "regular expression pattern" in refused(body(jobName="a" + "-" * 61 + "_"))


_REST = st.text(st.characters(categories=("L", "N", "P", "S")), max_size=20)


@given(
    _REST,
    st.characters(categories=("Zs", "Zl", "Zp", "Cc", "Cf")) | st.sampled_from(" \t\r\n"),
    _REST,
)
def test_a_model_with_a_blank_or_control_character_is_refused(before: str, bad: str, after: str) -> None:
    assert "'modelId' failed to satisfy constraint: Member must not hold blanks or control characters" in (
        refused(body(modelId=f"{before}{bad}{after}"))
    )


@pytest.mark.parametrize("model", ["gpt-4.1", "openai/gpt-4o", "gpt--4", "us.openai.gpt-5.6-sol"])
def test_a_provider_model_that_awss_pattern_would_refuse_is_accepted(model: str) -> None:
    assert create_request(body(modelId=model)).model_id == model


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"{", "Invalid JSON"),
        (b"", "Invalid JSON"),
        (b'{"jobName": "\xff"}', "Invalid JSON"),
        (b"[]", "Input should be an object"),
        (body(timeoutDurationInHours="24"), "timeoutDurationInHours: Input should be a valid integer"),
        (body(jobName=7), "jobName: Input should be a valid string"),
        (body(tags=[{"key": 1, "value": ""}]), "tags.1.member.key: Input should be a valid string"),
    ],
)
def test_what_cannot_be_read_is_a_serialization_exception(document: bytes, message: str) -> None:
    with pytest.raises(AwsError, match=message) as caught:
        create_request(document)
    assert (caught.value.error_type, caught.value.status) == ("SerializationException", 400)


def test_unknown_members_are_accepted_and_kept_with_the_request() -> None:
    request = create_request(body(priority={"level": 1}, clientRequestToken="token"))
    assert request.asked() == {**json.loads(body()), "priority": {"level": 1}}


def test_a_python_spelling_is_no_member() -> None:
    assert "null at 'jobName'" in refused(body(jobName=..., job_name="my-job"))


@pytest.mark.parametrize(
    ("query", "moment"),
    [
        ("2025-01-01T00:00:00Z", datetime(2025, 1, 1)),
        ("2025-02-01T01:02:03.456000Z", datetime(2025, 2, 1, 1, 2, 3, 456_000)),
        ("2025-02-01T01:02:03+02:00", datetime(2025, 1, 31, 23, 2, 3)),
        ("2025-02-01T01:02:03", datetime(2025, 2, 1, 1, 2, 3)),
        ("1735689600", datetime(2025, 1, 1)),
        ("1735689600.5", datetime(2025, 1, 1, microsecond=500_000)),
    ],
)
def test_a_list_takes_times_as_iso_or_epoch_and_reads_them_as_utc(query: str, moment: datetime) -> None:
    assert list_request({"submitTimeAfter": query}).submit_time_after == moment


def test_the_parameters_of_a_list_are_read() -> None:
    query = {
        "statusEquals": "Completed",
        "nameContains": "eval",
        "maxResults": "5",
        "nextToken": "abc",
        "sortBy": "CreationTime",
        "sortOrder": "Ascending",
    }
    request = list_request(query)
    assert request.model_dump(by_alias=True, exclude_none=True) == {**query, "maxResults": 5}
    assert request.asked() == {
        name: value for name, value in query.items() if name not in {"maxResults", "nextToken"}
    }


@pytest.mark.parametrize(
    ("query", "error_type"),
    [
        ({"maxResults": "0"}, "ValidationException"),
        ({"maxResults": "1001"}, "ValidationException"),
        ({"statusEquals": "Done"}, "ValidationException"),
        ({"sortBy": "Name"}, "ValidationException"),
        ({"nextToken": ""}, "ValidationException"),
        ({"maxResults": "many"}, "SerializationException"),
        ({"submitTimeBefore": "yesterday"}, "SerializationException"),
    ],
)
def test_a_list_refuses_bad_parameters(query: dict[str, str], error_type: ErrorType) -> None:
    with pytest.raises(AwsError) as caught:
        list_request(query)
    assert caught.value.error_type == error_type


@pytest.mark.parametrize(
    ("segment", "identifier"),
    [
        ("abcdefghij12", "abcdefghij12"),
        (str(ARN), str(ARN)),
        (
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Amodel-invocation-job%2Fabcdefghij12",
            str(ARN),
        ),
    ],
)
def test_a_path_holds_an_id_or_an_arn(segment: str, identifier: str) -> None:
    assert job_identifier(segment) == identifier


@pytest.mark.parametrize("segment", ["my-job", "ABCDEFGHIJ12", "batch_abc", "abcdefghij12%0A", ""])
def test_a_path_that_holds_neither_is_refused(segment: str) -> None:
    with pytest.raises(AwsError, match="at 'jobIdentifier' failed to satisfy constraint"):
        job_identifier(segment)


def test_an_arn_is_what_it_was_parsed_from() -> None:
    text = "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:model-invocation-job/abcdefghij12"
    assert str(JobArn.parse(text)) == text


def test_the_tag_operations_take_the_job_from_the_body() -> None:
    members = {"resourceARN": str(ARN), "tags": [{"key": "team", "value": "a"}], "tagKeys": ["team"]}
    document = json.dumps(members).encode()
    assert tag_request(document).tags[0].value == "a"
    assert untag_request(document).tag_keys == ("team",)
    assert list_tags_request(document).resource_arn == str(ARN)


@cache
def client() -> Any:
    return boto3.client(
        "bedrock",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


class _Body:
    """What botocore reads an answer from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def answered(error: AwsError) -> None:
    """Let boto3 receive an error as the answer to a Get."""

    def respond(request: Any, **_: Any) -> AWSResponse:
        return AWSResponse(request.url, error.status, error.headers("request-1"), _Body(error.body()))

    client().meta.events.register("before-send.bedrock", respond, unique_id="answer")
    try:
        client().get_model_invocation_job(jobIdentifier="abcdefghij12")
    finally:
        client().meta.events.unregister("before-send.bedrock", unique_id="answer")


@pytest.mark.parametrize("error_type", sorted(set(STATUSES) - {"SerializationException"}))
def test_boto3_raises_the_class_of_an_error(error_type: ErrorType) -> None:
    with pytest.raises(getattr(client().exceptions, error_type)) as caught:
        answered(AwsError(error_type, "why"))
    assert caught.value.response["Error"]["Message"] == "why"
    assert caught.value.response["ResponseMetadata"]["RequestId"] == "request-1"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == STATUSES[error_type]


def test_boto3_knows_a_serialization_exception_by_its_code() -> None:
    with pytest.raises(client().exceptions.ClientError, match=r"\(SerializationException\)"):
        answered(AwsError("SerializationException", "why"))


def test_error_body_has_the_class_and_further_members() -> None:
    error = AwsError("TooManyTagsException", "why", {"resourceName": str(ARN)})
    assert json.loads(error.body()) == {
        "__type": "TooManyTagsException",
        "message": "why",
        "resourceName": str(ARN),
    }


@pytest.mark.parametrize(
    ("error", "error_type"),
    [
        (ProviderError(400, "no"), "ValidationException"),
        (ProviderError(401, "no"), "AccessDeniedException"),
        (ProviderError(402, "no"), "ServiceQuotaExceededException"),
        (ProviderError(403, "no"), "AccessDeniedException"),
        (ProviderError(404, "no"), "ResourceNotFoundException"),
        (ProviderError(409, "no"), "ConflictException"),
        (ProviderError(413, "no"), "ValidationException"),
        (ProviderError(422, "no"), "ValidationException"),
        (ProviderError(429, "no"), "ThrottlingException"),
        (ProviderError(429, "no", code="insufficient_quota"), "ServiceQuotaExceededException"),
        (ProviderError(500, "no"), "InternalServerException"),
        (ProviderError(503, "no"), "ServiceUnavailableException"),
        (ProviderError(504, "no"), "ServiceUnavailableException"),
        (ProviderError(529, "no"), "ServiceUnavailableException"),
    ],
)
def test_a_providers_error_becomes_what_a_boto3_program_acts_on(
    error: ProviderError, error_type: ErrorType
) -> None:
    answer = aws_error("openai", error)
    assert answer.error_type == error_type
    assert answer.message == f"openai answered {error.status}: no"
