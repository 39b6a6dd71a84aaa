import asyncio
import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import orjson
import pytest
from mitmproxy.exceptions import OptionsError
from mitmproxy.flow import Error
from mitmproxy.http import HTTPFlow, Response
from sqlalchemy.exc import OperationalError

from addon.jobs.database.job_views import JobView, Views
from addon.proxy.addon import BedrockBatch, Start
from addon.proxy.options import Settings
from addon.proxy.services import CannotStart, Services
from tests.addon.proxy.proxying import AWS, CALLERS_KEY, SIGNATURE, a_create, a_flow, a_proxy, config_file

ROUTED = {"x-model-provider": "openai"}
REVERSE = f"reverse:https://{AWS}"
FOREIGN_ARN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/zzzzzzzzzz99"

NATIVE = ("batch_1", "msgbatch_1", "batches/1", "batches%2F1", "0b7c1f6e-4a52-4f0e-9d0a-3f1d5f0f9a11")
"""Ids that providers give to their batches."""

AWS_LIST = {"invocationJobSummaries": [{"jobArn": FOREIGN_ARN}], "extra": 1}


def _answer(flow: HTTPFlow) -> Response:
    assert flow.response is not None
    return flow.response


def _document(flow: HTTPFlow) -> dict[str, object]:
    document: dict[str, object] = orjson.loads(_answer(flow).content or b"")
    return document


def _error(flow: HTTPFlow) -> tuple[int, str]:
    """Checks on the way that boto3 and clients that read only bodies see the same exception."""
    document = _document(flow)
    assert _answer(flow).headers["x-amzn-ErrorType"] == document["__type"]
    assert _answer(flow).headers["content-type"] == "application/json"
    assert len(_answer(flow).headers["x-amzn-RequestId"]) == 36
    assert document["message"]
    return _answer(flow).status_code, str(document["__type"])


def _arn(flow: HTTPFlow) -> str:
    assert _answer(flow).status_code == 200
    return str(_document(flow)["jobArn"])


def _quoted(arn: str) -> str:
    return arn.replace(":", "%3A").replace("/", "%2F")


def _state(flow: HTTPFlow) -> object:
    """All that a flow is, but for the answer."""
    return {**flow.get_state(), "response": None}


@pytest.mark.parametrize("mode", ["regular", REVERSE, "transparent"])
async def test_a_routed_create_makes_a_job(tmp_path: Path, mode: str) -> None:
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(a_create({**ROUTED, "Host": AWS, "Authorization": SIGNATURE}, mode=mode))
        arn = _arn(flow)
    job_id = arn[-12:]
    assert arn == f"arn:aws:bedrock:eu-west-1:123456789012:model-invocation-job/{job_id}"
    assert proxy.runner.jobs == [job_id]
    assert (flow.marked, flow.comment) == (":rocket:", f"→ openai, job {job_id}")
    assert flow.metadata["batch.job"] == job_id
    assert flow.metadata["batch.provider"] == "openai"
    assert flow.metadata["batch.operation"] == "CreateModelInvocationJob"
    assert _answer(flow).headers["content-type"] == "application/json"
    assert len(_answer(flow).headers["x-amzn-RequestId"]) == 36


@pytest.mark.parametrize("headers", [{}, {"x-model-provider": "openai"}, {"x-model-provider": "nobody"}])
async def test_the_id_alone_decides_after_the_create(tmp_path: Path, headers: dict[str, str]) -> None:
    async with a_proxy(tmp_path) as proxy:
        arn = _arn(await proxy.request(a_create(ROUTED)))
        for identifier in (arn[-12:], _quoted(arn)):
            got = await proxy.request(a_flow("GET", f"/model-invocation-job/{identifier}", headers=headers))
            assert _document(got)["jobArn"] == arn
            assert got.comment == f"→ openai, job {arn[-12:]}: Submitted"
            assert got.metadata["batch.job"] == arn[-12:]
        body = {"resourceARN": arn, "tags": [{"key": "team", "value": "a"}]}
        assert _document(await proxy.request(a_flow("POST", "/tagResource", body=body))) == {}
        listed = await proxy.request(a_flow("POST", "/listTagsForResource", body={"resourceARN": arn}))
        assert _document(listed) == {"tags": [{"key": "team", "value": "a"}]}
        untag = a_flow("POST", "/untagResource", body={"resourceARN": arn, "tagKeys": ["team"]})
        assert _document(await proxy.request(untag)) == {}
        stop = await proxy.request(a_flow("POST", f"/model-invocation-job/{_quoted(arn)}/stop"))
        assert (_answer(stop).status_code, _answer(stop).content) == (200, b"")
    assert proxy.runner.nudged == [arn[-12:]]


async def test_a_job_is_known_by_its_id_after_a_restart(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        arn = _arn(await proxy.request(a_create(ROUTED)))
    async with a_proxy(tmp_path) as proxy:
        got = await proxy.request(a_flow("GET", f"/model-invocation-job/{arn[-12:]}"))
        assert _document(got)["jobArn"] == arn


async def test_a_list_shows_the_jobs_of_the_provider_it_names(tmp_path: Path) -> None:
    config = config_file(tmp_path, '[providers.other]\nkind = "openai"\n')
    async with a_proxy(tmp_path, batch_config=config) as proxy:
        arn = _arn(await proxy.request(a_create(ROUTED)))
        found = await proxy.request(a_flow("GET", "/model-invocation-jobs?maxResults=5", headers=ROUTED))
        other = {"x-model-provider": "other"}
        other["Authorization"] = "Basic ???"  # no key is needed to look
        none = await proxy.request(a_flow("GET", "/model-invocation-jobs", headers=other))
    (summary,) = orjson.loads(_answer(found).content or b"")["invocationJobSummaries"]
    assert summary["jobArn"] == arn
    assert found.comment == "→ openai"
    assert _document(none) == {"invocationJobSummaries": []}


def _unrouted() -> list[HTTPFlow]:
    bedrock = {"x-model-provider": "bedrock", "Authorization": SIGNATURE}
    paths = ("/model-invocation-job/zzzzzzzzzz99", f"/model-invocation-job/{_quoted(FOREIGN_ARN)}")
    return [
        a_create({"Authorization": SIGNATURE}),
        a_create(bedrock),
        a_create(mode=REVERSE),
        a_flow("GET", "/model-invocation-jobs?maxResults=5"),
        a_flow("GET", "/model-invocation-jobs", headers=bedrock),
        *(a_flow("GET", path) for path in paths),
        *(a_flow("GET", path, headers=ROUTED) for path in paths),
        *(a_flow("POST", f"{path}/stop", headers=ROUTED) for path in paths),
        *(a_flow("GET", f"/model-invocation-job/{native}") for native in NATIVE),
        *(a_flow("POST", f"/model-invocation-job/{native}/stop", headers=bedrock) for native in NATIVE),
        a_flow("GET", "/model-invocation-job/...", headers=ROUTED),
        a_flow("POST", "/tagResource", body={"resourceARN": FOREIGN_ARN, "tags": []}, headers=ROUTED),
        a_flow("POST", "/untagResource", body={"resourceARN": FOREIGN_ARN, "tagKeys": []}),
        a_flow("POST", "/listTagsForResource", body=b"not JSON"),
        a_flow("POST", "/listTagsForResource", body=b"not gzip", headers={"content-encoding": "gzip"}),
        a_flow("GET", "/foundation-models", headers=ROUTED),
        a_flow("POST", "/model-invocation-job", headers=ROUTED, host="s3.us-east-1.amazonaws.com"),
        a_flow("PUT", "/bucket/in.jsonl", headers={"x-api-key": "theirs"}, host="s3.amazonaws.com"),
    ]


@pytest.mark.parametrize(
    "number", range(len(_unrouted())), ids=[f"{f.request.method} {f.request.path}" for f in _unrouted()]
)
async def test_a_flow_that_is_not_routed_is_not_touched(tmp_path: Path, number: int) -> None:
    flow = _unrouted()[number]
    before = _state(flow)
    async with a_proxy(tmp_path) as proxy:
        await proxy.request(flow)
    assert flow.response is None
    assert _state(flow) == before


CHAIN = {"x-model-provider": "groq, openai, bedrock", "Authorization": SIGNATURE, "x-api-key": "sk-caller"}


async def test_the_next_provider_in_the_header_takes_what_the_first_cannot(tmp_path: Path) -> None:
    chain = {"x-model-provider": "groq, openai, bedrock"}
    async with a_proxy(tmp_path) as proxy:
        created = await proxy.request(a_create(chain))
        again = await proxy.request(a_create(chain, clientRequestToken="once"))
        same = await proxy.request(a_create(chain, clientRequestToken="once"))
        listed = await proxy.request(a_flow("GET", "/model-invocation-jobs", headers=chain))
        job = proxy.stores[0].job(_arn(created)[-12:])
    assert job is not None
    assert job.provider == "openai"
    assert "GROQ_API_KEY" in job.refusals[0]
    assert created.comment.startswith("→ groq, openai, bedrock, job ")
    assert _arn(again) == _arn(same) != _arn(created)
    assert len(orjson.loads(_answer(listed).content or b"")["invocationJobSummaries"]) == 2


async def test_create_that_all_providers_refuse_goes_to_bedrock_unchanged(tmp_path: Path) -> None:
    flow = a_create(CHAIN, modelId="anthropic.claude-3-haiku-20240307-v1:0")
    before = _state(flow)
    async with a_proxy(tmp_path, environment={}) as proxy:
        await proxy.request(flow)
    assert flow.response is None
    assert flow.comment.startswith("→ bedrock: ")
    flow.comment, flow.marked = "", ""
    assert _state(flow) == before


async def test_the_provider_option_stands_for_the_header_on_create_and_list(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, batch_provider="openai") as proxy:
        arn = _arn(await proxy.request(a_create()))
        listed = await proxy.request(a_flow("GET", "/model-invocation-jobs"))
        to_aws = await proxy.request(a_create({"x-model-provider": "bedrock"}))
        foreign = await proxy.request(a_flow("GET", "/model-invocation-job/zzzzzzzzzz99"))
    (summary,) = orjson.loads(_answer(listed).content or b"")["invocationJobSummaries"]
    assert summary["jobArn"] == arn
    assert (to_aws.response, foreign.response) == (None, None)


async def test_further_hosts_are_an_option(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, batch_hosts=r"^gateway\.example\.com:8443$") as proxy:
        flow = a_flow("GET", "/model-invocation-jobs", headers=ROUTED, host="gateway.example.com", port=8443)
        assert _document(await proxy.request(flow)) == {"invocationJobSummaries": []}


@pytest.mark.parametrize(
    ("flow", "error"),
    [
        (a_create({"x-model-provider": "nobody"}), (400, "ValidationException")),
        (a_create({"x-model-provider": "bedrock,openai"}), (400, "ValidationException")),
        (a_create(ROUTED, jobName="my job"), (400, "ValidationException")),
        (a_flow("POST", "/model-invocation-job", headers=ROUTED, body=b"{"), (400, "SerializationException")),
        (a_create({**ROUTED, "Authorization": "Basic ???"}), (403, "AccessDeniedException")),
        (
            a_flow("GET", "/model-invocation-jobs?maxResults=0", headers=ROUTED),
            (400, "ValidationException"),
        ),
    ],
)
async def test_a_refusal_is_one_of_aws_s(tmp_path: Path, flow: HTTPFlow, error: tuple[int, str]) -> None:
    async with a_proxy(tmp_path) as proxy:
        assert _error(await proxy.request(flow)) == error
    assert flow.comment.endswith(f": {error[1]}")
    assert flow.marked == ":no_entry:"


async def test_a_flow_that_somebody_answered_is_left_alone(tmp_path: Path) -> None:
    flow = a_create(ROUTED)
    refusal = flow.response = Response.make(407)
    async with a_proxy(tmp_path) as proxy:
        await proxy.request(flow)
    assert flow.response is refusal
    assert proxy.runner.jobs == []


async def test_a_flow_read_from_a_file_is_left_alone(tmp_path: Path) -> None:
    flow = a_create(ROUTED)
    flow.live = False
    flow.request.stream = True
    listed = a_flow("GET", "/model-invocation-jobs")
    listed.live = False
    listed.response = Response.make(200, orjson.dumps(AWS_LIST))
    async with a_proxy(tmp_path, batch_merge_lists=True) as proxy:
        await proxy.request(flow)
        assert (flow.response, flow.error, proxy.runner.jobs) == (None, None, [])
        await proxy.request(a_create(ROUTED))
        await proxy.addon.response(listed)
        assert _document(listed) == AWS_LIST


class _Fails:
    """A job runner that cannot take jobs."""

    async def submit(self, job_id: str) -> None:
        raise RuntimeError("the queue is gone")

    def nudge(self, job_id: str) -> None:
        raise RuntimeError("the queue is gone")


async def test_a_failure_is_an_answer_and_never_a_call_to_aws(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    flow = a_create({**ROUTED, "Authorization": f"Bearer {CALLERS_KEY}"})
    async with a_proxy(tmp_path, runner=_Fails()) as proxy:
        assert _error(await proxy.request(flow)) == (500, "InternalServerException")
    assert flow.comment == "→ openai: InternalServerException"
    assert "the queue is gone" in caplog.text
    assert CALLERS_KEY not in caplog.text
    assert CALLERS_KEY not in str(flow.get_state())


async def test_a_job_that_cannot_be_looked_up_is_not_passed_on(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        with closing(sqlite3.connect(tmp_path / "jobs.db")) as database:
            database.execute("DROP TABLE jobs")
        flow = await proxy.request(a_flow("GET", "/model-invocation-job/zzzzzzzzzz99"))
    assert _error(flow) == (500, "InternalServerException")


async def test_a_database_that_is_away_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(self: Views, job_id: str) -> JobView | None:
        raise OperationalError("SELECT secret FROM jobs", {}, sqlite3.OperationalError("disk I/O error"))

    monkeypatch.setattr(Views, "job", away)
    async with a_proxy(tmp_path) as proxy:
        flow = await proxy.request(a_flow("GET", "/model-invocation-job/zzzzzzzzzz99"))
    assert _error(flow) == (503, "ServiceUnavailableException")
    assert flow.response is not None
    assert "SELECT" not in (flow.response.text or "")


def _perhaps_routed() -> list[HTTPFlow]:
    return [
        a_create(ROUTED),
        a_flow("GET", "/model-invocation-jobs", headers=ROUTED),
        a_flow("GET", "/model-invocation-job/zzzzzzzzzz99"),
        a_flow("POST", f"/model-invocation-job/{_quoted(FOREIGN_ARN)}/stop"),
        a_flow("POST", "/listTagsForResource", body={"resourceARN": FOREIGN_ARN}),
    ]


@pytest.mark.parametrize("flow", _perhaps_routed(), ids=lambda flow: flow.request.path)
async def test_what_may_be_ours_is_to_be_tried_again_before_the_start(tmp_path: Path, flow: HTTPFlow) -> None:
    async with a_proxy(tmp_path, started=False) as proxy:
        assert _error(await proxy.request(flow)) == (503, "ServiceUnavailableException")


@pytest.mark.parametrize(
    "flow",
    [
        a_create(),
        a_flow("GET", "/model-invocation-jobs"),
        a_flow("GET", "/model-invocation-job/not-an-id"),
        a_flow("POST", "/listTagsForResource", body={"resourceARN": "arn:aws:bedrock:::custom-model/x"}),
        a_flow("GET", "/foundation-models"),
    ],
    ids=lambda flow: flow.request.path,
)
async def test_what_cannot_be_ours_does_not_wait_for_the_start(tmp_path: Path, flow: HTTPFlow) -> None:
    async with a_proxy(tmp_path, started=False) as proxy:
        await proxy.request(flow)
    assert flow.response is None


class _Slow:
    """A job runner that accepts a job when the test lets it."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def submit(self, job_id: str) -> None:
        self.asked.set()
        await self.may_go_on.wait()

    def nudge(self, job_id: str) -> None:
        raise NotImplementedError


async def test_a_call_under_way_is_answered_before_the_end_and_new_ones_are_not_taken(tmp_path: Path) -> None:
    runner = _Slow()
    flow = a_create(ROUTED)
    async with a_proxy(tmp_path, runner=runner) as proxy, asyncio.TaskGroup() as group:
        group.create_task(proxy.request(flow))
        await runner.asked.wait()
        end = group.create_task(proxy.addon.done())
        await asyncio.sleep(0)
        late = await proxy.request(a_create(ROUTED))
        unrouted = await proxy.request(a_flow("GET", "/model-invocation-job/zzzzzzzzzz99"))
        assert not end.done()
        runner.may_go_on.set()
        await end
        assert _arn(flow)
        assert _error(late) == (503, "ServiceUnavailableException")
        assert unrouted.response is None
        assert _error(await proxy.request(a_create(ROUTED))) == (503, "ServiceUnavailableException")


SECRETS = {
    "Authorization": f"Bearer {CALLERS_KEY}",
    "X-Api-Key": "another-secret",
    "X-Amz-Security-Token": "session-token",
}


async def test_no_key_stays_in_a_flow_that_was_answered(tmp_path: Path) -> None:
    refused = a_create({"x-model-provider": "nobody", **SECRETS})
    answered = a_create({**ROUTED, **SECRETS})
    async with a_proxy(tmp_path) as proxy:
        for flow in (refused, answered):
            await proxy.request(flow)
            state = str(flow.get_state())
            assert not any(secret in state for secret in (CALLERS_KEY, "another-secret", "session-token"))
            assert flow.request.headers["authorization"] == "Bearer ***"


async def test_a_client_that_leaves_early_leaves_no_key_in_its_flow(tmp_path: Path) -> None:
    """mitmproxy saves such a flow while the hook is still at work."""
    runner = _Slow()
    flow = a_create({**ROUTED, **SECRETS})
    async with a_proxy(tmp_path, runner=runner) as proxy, asyncio.TaskGroup() as group:
        group.create_task(proxy.request(flow))
        await runner.asked.wait()
        assert CALLERS_KEY not in str(flow.get_state())
        runner.may_go_on.set()


async def test_caller_key_is_enough_and_stored_encrypted(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, environment={}) as proxy:
        assert _error(await proxy.request(a_create(ROUTED))) == (403, "AccessDeniedException")
        arn = _arn(await proxy.request(a_create({**ROUTED, "x-api-key": CALLERS_KEY})))
        assert proxy.stores[0].encrypted_key(arn[-12:]) is not None
    assert CALLERS_KEY.encode() not in _everything_below(tmp_path)


def _everything_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("provider", ["openai", "nobody"])
async def test_a_routed_create_that_is_streamed_to_aws_is_cut_off(
    tmp_path: Path, provider: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_proxy(tmp_path, stream_large_bodies="1m") as proxy:
        large = a_create({"x-model-provider": provider})
        large.request.stream = True
        proxy.addon.requestheaders(large)
        growing = a_create({"x-model-provider": provider, "transfer-encoding": "chunked"})
        proxy.addon.requestheaders(growing)
        late = a_create(
            {"x-model-provider": provider}
        )  # as when the header is put in after the headers' hook
        late.request.stream = True
        await proxy.addon.request(late)
    for flow in (large, growing, late):
        assert flow.error is not None
        assert flow.error.msg == Error.KILLED_MESSAGE
    assert proxy.runner.jobs == []
    assert "stream_large_bodies" in caplog.text


async def test_a_chunked_create_that_is_not_streamed_is_answered(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        assert _arn(await proxy.request(a_create({**ROUTED, "transfer-encoding": "chunked"})))


@pytest.mark.parametrize(
    "flow",
    [
        a_create(),
        a_flow("PUT", "/bucket/in.jsonl", host="s3.amazonaws.com", headers=ROUTED),
        a_flow("POST", "/model-invocation-job/zzzzzzzzzz99/stop", headers=ROUTED),
    ],
    ids=lambda flow: flow.request.path,
)
async def test_other_streamed_bodies_flow_on(tmp_path: Path, flow: HTTPFlow) -> None:
    flow.request.stream = True
    async with a_proxy(tmp_path) as proxy:
        await proxy.request(flow)
    assert (flow.error, flow.response) == (None, None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        (
            "batch_provider",
            "nobody",
            "batch_provider: 'nobody' is not a known provider; known: bedrock, .*openai",
        ),
        ("batch_hosts", "(", r"batch_hosts: '\(' is not a regular expression"),
        ("batch_config", "/no/such/file.toml", "batch_config: /no/such/file.toml: .*No such file"),
        ("batch_database", "jobs.db", "batch_database: not an SQLAlchemy URL"),
        ("batch_workers", -1, "batch_workers: -1 is less than 0"),
        ("batch_poll_interval", 0, "batch_poll_interval: 0 is less than 1"),
    ],
)
async def test_a_bad_value_is_refused_in_one_line(
    tmp_path: Path, name: str, value: object, words: str
) -> None:
    async with a_proxy(tmp_path) as proxy:
        with pytest.raises(OptionsError, match=words) as refusal:
            proxy.set(**{name: value})
    assert "\n" not in str(refusal.value)


async def test_a_value_that_cannot_change_under_running_jobs_is_refused(tmp_path: Path) -> None:
    async with a_proxy(tmp_path) as proxy:
        with pytest.raises(OptionsError, match="are read when the proxy starts"):
            proxy.set(batch_workers=1)
        proxy.set(batch_provider="openai", batch_workers=2)
        assert _arn(await proxy.request(a_create()))


async def test_a_file_that_went_bad_does_not_hinder_other_options(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, batch_config=config_file(tmp_path, "")) as proxy:
        config_file(tmp_path, "[")
        proxy.set(ssl_insecure=True)
        with pytest.raises(OptionsError, match="batch_config"):
            proxy.set(batch_merge_lists=True)


async def test_the_file_in_the_working_folder_is_read_when_no_option_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config_file(tmp_path, '[providers.other]\nkind = "openai"\n')
    monkeypatch.chdir(tmp_path)
    async with a_proxy(tmp_path) as proxy:
        assert _arn(await proxy.request(a_create({"x-model-provider": "other"})))


def _cannot(words: str) -> Start:
    async def start(settings: Settings, own: set[tuple[str, int]]) -> Services:
        raise CannotStart(words)

    return start


async def test_a_start_that_fails_is_one_error_which_ends_mitmproxy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_proxy(tmp_path, wrap=lambda _: _cannot("the database is gone")) as proxy:
        assert _error(await proxy.request(a_create(ROUTED))) == (503, "ServiceUnavailableException")
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage() == "bedrock-batch cannot start: the database is gone"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("batch_provder", "did you mean batch_provider?"),
        ("batch_xyzzy", "known: batch_provider, batch_config"),
    ],
)
async def test_unknown_option_stops_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str, hint: str
) -> None:
    async with a_proxy(tmp_path, started=False) as proxy:
        proxy.context.options.deferred.update({name: ["x"], "of_another_addon": ["y"]})
        await proxy.addon.running()
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert f"unknown option {name}; {hint}" in record.getMessage()
    assert proxy.stores == []


def test_the_addon_has_a_name_that_no_other_has() -> None:
    assert BedrockBatch.name == "bedrock_batch"


async def _listed(folder: Path, answer: Response, path: str, *, merge: bool = True) -> HTTPFlow:
    async with a_proxy(folder, batch_merge_lists=merge) as proxy:
        await proxy.request(a_create(ROUTED, jobName="ours"))
        flow = await proxy.request(a_flow("GET", path))
        assert flow.response is None
        flow.response = answer
        await proxy.addon.response(flow)
    return flow


def _names(flow: HTTPFlow) -> list[object]:
    summaries = orjson.loads(_answer(flow).content or b"")["invocationJobSummaries"]
    return [summary.get("jobName", summary["jobArn"]) for summary in summaries]


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_merged_lists_end_with_the_routed_jobs(tmp_path: Path, encoding: str) -> None:
    answer = Response.make(200, b"", {"content-encoding": encoding})
    answer.content = orjson.dumps(AWS_LIST)
    flow = await _listed(tmp_path, answer, "/model-invocation-jobs?maxResults=1")
    assert _names(flow) == [FOREIGN_ARN, "ours"]
    assert _document(flow)["extra"] == 1
    assert int(_answer(flow).headers["content-length"]) == len(_answer(flow).raw_content or b"")


async def test_merged_lists_keep_to_the_filters(tmp_path: Path) -> None:
    answer = Response.make(200, orjson.dumps(AWS_LIST))
    path = "/model-invocation-jobs?nameContains=theirs"
    flow = await _listed(tmp_path, answer, path)
    assert _names(flow) == [FOREIGN_ARN]


@pytest.mark.parametrize(
    ("merge", "status", "body"),
    [
        (False, 200, orjson.dumps(AWS_LIST)),
        (True, 403, orjson.dumps(AWS_LIST)),
        (True, 200, orjson.dumps({**AWS_LIST, "nextToken": "more"})),
        (True, 200, b"<html>"),
        (True, 200, b"[]"),
    ],
)
async def test_other_answers_of_aws_stay_as_they_came(
    tmp_path: Path, merge: bool, status: int, body: bytes
) -> None:
    answer = Response.make(status, body)
    before = answer.copy().data
    flow = await _listed(tmp_path, answer, "/model-invocation-jobs", merge=merge)
    assert _answer(flow).data == before


async def test_a_list_that_was_answered_here_is_not_merged_again(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, batch_merge_lists=True) as proxy:
        await proxy.request(a_create(ROUTED, jobName="ours"))
        flow = await proxy.request(a_flow("GET", "/model-invocation-jobs", headers=ROUTED))
        await proxy.addon.response(flow)
    assert _names(flow) == ["ours"]


@pytest.mark.parametrize("path", ["/foundation-models", "/model-invocation-job/zzzzzzzzzz99"])
async def test_only_lists_are_merged(tmp_path: Path, path: str) -> None:
    answer = Response.make(200, orjson.dumps(AWS_LIST))
    assert _names(await _listed(tmp_path, answer, path)) == [FOREIGN_ARN]


async def test_a_list_to_be_merged_waits_for_the_start(tmp_path: Path) -> None:
    async with a_proxy(tmp_path, started=False, batch_merge_lists=True) as proxy:
        flow = await proxy.request(a_flow("GET", "/model-invocation-jobs"))
    assert _error(flow) == (503, "ServiceUnavailableException")


@pytest.mark.parametrize(
    ("mode", "path", "signed_anew"),
    [
        (REVERSE, "/model-invocation-jobs", True),
        ("regular", "/bedrock/model-invocation-jobs", True),
        ("regular", "/model-invocation-jobs", False),
        (REVERSE, "/foundation-models", False),
    ],
)
async def test_requests_with_an_invalid_signature_are_signed_again_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, path: str, signed_anew: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "proxy-access-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "proxy-secret-key")
    headers = {"Host": AWS, "Authorization": SIGNATURE}
    async with a_proxy(tmp_path, batch_resign=True) as proxy:
        flow = await proxy.request(a_flow("GET", path, headers=headers, mode=mode))
        assert flow.response is None
        assert ("Credential=proxy-access-key/" in flow.request.headers["authorization"]) == signed_anew
        assert flow.request.path == ("/model-invocation-jobs" if signed_anew else path)
        routed = await proxy.request(a_create({**headers, **ROUTED}, mode=mode))
        assert _arn(routed)


async def test_resigning_without_credentials_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    async with a_proxy(tmp_path, batch_resign=True) as proxy:
        flow = await proxy.request(a_flow("GET", "/model-invocation-jobs", mode=REVERSE))
    assert _error(flow) == (403, "AccessDeniedException")


async def test_requests_are_signed_with_the_key_of_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.json"
    config = tmp_path / "config"
    config.write_text(f"[default]\ncredential_process = cat {keys}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")

    def issue(key: str) -> None:
        keys.write_text(f'{{"Version": 1, "AccessKeyId": "{key}", "SecretAccessKey": "s"}}')

    async def signed(status: int) -> str:
        flow = await proxy.request(a_flow("GET", "/model-invocation-jobs", mode=REVERSE))
        flow.response = Response.make(status)
        await proxy.addon.response(flow)
        authorization: str = flow.request.headers["authorization"]
        return authorization.partition("Credential=")[2].partition("/")[0]

    async with a_proxy(tmp_path, batch_resign=True) as proxy:
        issue("OLD")
        assert await signed(200) == "OLD"
        issue("NEW")  # which no file or variable shows
        assert await signed(403) == "OLD"
        assert await signed(200) == "NEW"


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("bedrock.us-east-1.amazonaws.com", "bedrock.eu-west-1.amazonaws.com"),
        ("bedrock-fips.us-east-1.api.aws", "bedrock-fips.eu-west-1.api.aws"),
        ("gateway.example.com", "gateway.example.com"),
    ],
)
async def test_a_call_that_is_signed_anew_goes_to_the_region_of_its_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, called: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "proxy-access-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "proxy-secret-key")
    headers = {"Host": host, "Authorization": SIGNATURE}
    async with a_proxy(tmp_path, batch_resign=True) as proxy:
        flow = a_flow("GET", "/model-invocation-jobs", headers=headers, host=host, mode=REVERSE)
        await proxy.request(flow)
    assert (flow.request.host, flow.request.headers["host"]) == (called, called)
    assert "/eu-west-1/bedrock/aws4_request" in flow.request.headers["authorization"]


async def test_a_bearer_token_is_valid_as_it_is(tmp_path: Path) -> None:
    headers = {"Authorization": "Bearer bedrock-api-key"}
    async with a_proxy(tmp_path, batch_resign=True) as proxy:
        flow = a_flow("GET", "/bedrock/model-invocation-jobs", headers=headers, mode=REVERSE)
        await proxy.request(flow)
    assert flow.request.headers["authorization"] == "Bearer bedrock-api-key"
    assert flow.request.path == "/model-invocation-jobs"
