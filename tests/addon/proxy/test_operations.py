"""The operations on a real database: what is created, shown, listed, stopped and tagged."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, override
from urllib.parse import quote

import anyio
import pytest

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.jobs.database.tables import Job
from addon.jobs.key_vault import KeyVault
from addon.proxy.admission import Admission, Caller, provider_model
from addon.proxy.operations import Operations
from addon.proxy.provider_selection import Probe
from addon.settings.config import Config, ProviderSection, Target
from tests.addon.proxy.proxying import nobody_refuses
from translators.bedrock.jobs import TERMINAL, AwsError, JobStatus
from translators.providers.provider import Provider

NOON = datetime(2026, 11, 1, 12)
CALLER = Caller(provider="openai", region="us-east-1")
UNKNOWN = "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/000000000000"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class Started:
    """Stands in for the runner: which jobs were handed to it."""

    jobs: list[str] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)

    async def submit(self, job_id: str) -> None:
        self.jobs.append(job_id)

    def nudge(self, job_id: str) -> None:
        self.nudged.append(job_id)


class Broken(Started):
    @override
    async def submit(self, job_id: str) -> None:
        raise ConnectionError("the database is gone")


@dataclass
class Service:
    operations: Operations
    store: Store
    keys: KeyVault
    runner: Started
    clock: Clock

    async def created(self, caller: Caller = CALLER, **changes: Any) -> str:
        arn: str = json.loads(await self.operations.create(body(**changes), caller))["jobArn"]
        return arn

    async def shown(self, identifier: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(await self.operations.get(identifier))
        return document

    async def listed(self, caller: Caller = CALLER, **query: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(await self.operations.list(query, caller))
        return document

    def job(self, arn: str) -> Job:
        job = self.store.job(arn[-12:])
        assert job is not None
        return job


type Start = Callable[..., Service]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the service on the same files each time, as a restart does."""
    stores: list[Store] = []

    def started(
        config: dict[str, Any] | None = None,
        environment: dict[str, str] | None = None,
        runner: Started | None = None,
        probe: Probe = nobody_refuses,
    ) -> Service:
        store = Store(f"sqlite:///{tmp_path}/jobs.db")
        stores.append(store)
        keys = KeyVault(tmp_path, {})
        clock = Clock()
        runner = runner or Started()
        known = {"OPENAI_API_KEY": "server-key"} if environment is None else environment
        settings = {"openai": {"models": {"*": "gpt-4o-mini"}}}
        admission = Admission(
            config=Config.model_validate({"providers": settings, **(config or {})}), environment=known
        )
        operations = Operations(admission, AsyncStore(store), runner, keys, clock, probe=probe)
        return Service(operations, store, keys, runner, clock)

    yield started
    for store in stores:
        store.close()


@pytest.fixture
def service(start: Start) -> Service:
    return start()


def body(**changes: Any) -> bytes:
    members = {
        "jobName": "my-job",
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "modelId": "anthropic.claude-3-haiku-20240307-v1:0",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/"}},
    }
    return json.dumps({**members, **changes}).encode()


async def test_a_created_job_has_an_arn_of_its_callers_region_and_its_roles_account(service: Service) -> None:
    caller = Caller(provider="openai", region="us-gov-west-1")
    arn = await service.created(caller, roleArn="arn:aws-us-gov:iam::210987654321:role/r")
    prefix, job_id = arn.split("/")
    assert prefix == "arn:aws-us-gov:bedrock:us-gov-west-1:210987654321:model-invocation-job"
    assert len(job_id) == 12
    assert job_id.isalnum()
    assert job_id == job_id.lower()
    assert service.runner.jobs == [job_id]


async def test_a_role_without_an_account_is_of_the_callers_or_refused(service: Service) -> None:
    role = "arn:aws:iam:::role/r"
    caller = Caller(provider="openai", region="us-east-1", account="210987654321")
    assert ":210987654321:" in await service.created(caller, roleArn=role)
    with pytest.raises(AwsError, match="does not say which account"):
        await service.created(roleArn=role)


async def test_a_created_job_is_shown_as_submitted_with_what_was_asked(service: Service) -> None:
    token = "94d924e9-b24a-4f0d-ba52-da830d22a854"
    arn = await service.created(timeoutDurationInHours=48, clientRequestToken=token)
    assert await service.shown(arn) == {
        "jobArn": arn,
        "jobName": "my-job",
        "modelId": "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        "clientRequestToken": token,
        "roleArn": "arn:aws:iam::123456789012:role/r",
        "status": "Submitted",
        "submitTime": "2026-11-01T12:00:00.000Z",
        "lastModifiedTime": "2026-11-01T12:00:00.000Z",
        "inputDataConfig": {
            "s3InputDataConfig": {"s3Uri": "s3://in-bucket/in.jsonl", "s3BucketOwner": "123456789012"}
        },
        "outputDataConfig": {
            "s3OutputDataConfig": {"s3Uri": "s3://out-bucket/out/", "s3BucketOwner": "123456789012"}
        },
        "timeoutDurationInHours": 48,
        "jobExpirationTime": "2026-11-03T12:00:00.000Z",
        "modelInvocationType": "InvokeModel",
        "totalRecordCount": 0,
        "processedRecordCount": 0,
        "successRecordCount": 0,
        "errorRecordCount": 0,
    }


async def test_a_running_job_shows_its_counts_and_a_failed_one_why_and_since_when(service: Service) -> None:
    arn = await service.created()
    service.store.change(arn[-12:], NOON, status="InProgress", total=10, succeeded=3, failed=1)
    counts = {"totalRecordCount": 10, "processedRecordCount": 4, "successRecordCount": 3}
    assert (await service.shown(arn)).items() >= {**counts, "errorRecordCount": 1}.items()
    service.store.end(arn[-12:], "Failed", NOON + timedelta(hours=1), "why")
    failed = {"status": "Failed", "message": "why", "endTime": "2026-11-01T13:00:00.000Z"}
    assert (await service.shown(arn)).items() >= {**counts, **failed}.items()


async def test_a_job_is_found_by_its_id_its_arn_and_its_encoded_arn(service: Service) -> None:
    arn = await service.created()
    for identifier in (arn[-12:], arn, quote(arn, safe="")):
        assert (await service.shown(identifier))["jobArn"] == arn
        assert await service.operations.provider_of(identifier) == "openai"


@pytest.mark.parametrize("identifier", [UNKNOWN, UNKNOWN[-12:]])
async def test_a_job_that_was_not_minted_here_is_not_found(service: Service, identifier: str) -> None:
    for operation in (service.operations.get, service.operations.stop):
        with pytest.raises(AwsError, match="000000000000") as caught:
            await operation(identifier)
        assert caught.value.error_type == "ResourceNotFoundException"
    assert await service.operations.provider_of(identifier) is None


async def test_an_arn_of_another_region_is_not_this_job(service: Service) -> None:
    arn = (await service.created()).replace("us-east-1", "us-east-2")
    assert await service.operations.provider_of(arn) is None


async def test_what_is_no_identifier_is_refused_and_nobodys(service: Service) -> None:
    with pytest.raises(AwsError, match="at 'jobIdentifier'"):
        await service.operations.get("batch_abc")
    assert await service.operations.provider_of("batch_abc") is None


async def test_an_unknown_provider_is_refused_with_the_known_ones(service: Service) -> None:
    with pytest.raises(AwsError, match=r"known: bedrock, .*openai") as caught:
        await service.created(Caller(provider="opnai", region="us-east-1"))
    assert caught.value.error_type == "ValidationException"


async def test_a_job_times_out_after_its_hours_however_long_an_hour_is(start: Start) -> None:
    service = start({"jobs": {"seconds_per_hour": 0.5}})
    assert service.job(await service.created()).deadline == NOON + timedelta(seconds=12)


HAIKU = "anthropic.claude-3-haiku-20240307-v1:0"


@pytest.mark.parametrize(
    ("globs", "asked", "model"),
    [
        ({"anthropic.claude-3-haiku-*": "a"}, HAIKU, "a"),
        ({"anthropic.claude-3-haiku-*": "a"}, f"us.{HAIKU}", "a"),
        ({"anthropic.claude-3-haiku-*": "a"}, f"arn:aws:bedrock:us-east-1::foundation-model/{HAIKU}", "a"),
        ({"anthropic.claude-3-haiku-20240307-v1": "a"}, f"{HAIKU}:200k", "a"),
        ({"us.*": "a", "*": "b"}, HAIKU, "b"),
        ({"us.*": "a", "*": "b"}, f"us.{HAIKU}", "a"),
        ({"*haiku*": "a", HAIKU: "b"}, HAIKU, "a"),
        ({"*": "a"}, "gpt-4o", "a"),
        ({}, "gpt-4.1", "gpt-4.1"),
        ({}, "openai/gpt-4o", "openai/gpt-4o"),
    ],
)
def test_the_first_glob_in_file_order_gives_the_model_else_it_is_the_providers_own(
    globs: dict[str, str], asked: str, model: str
) -> None:
    config = Config.model_validate({"providers": {"openai": {"models": globs}}})
    assert provider_model(config.target("openai"), asked) == model


class SameVendor(Target):
    """A provider whose own models Bedrock sells too."""

    @property
    @override
    def provider(self) -> Provider:
        return replace(super().provider, derived_model=lambda vendor, model: f"{vendor}'s {model}")


@pytest.mark.parametrize("model", ["gpt 4o", "gpt-4o\n", "\tgpt-4o", "gpt-4o\u00a0"])
def test_a_mapped_model_with_a_blank_is_refused_by_the_settings_name(model: str) -> None:
    config = Config.model_validate({"providers": {"openai": {"models": {"*": model}}}})
    with pytest.raises(AwsError, match=r"\[providers\.openai\.models\]") as refused:
        provider_model(config.target("openai"), "anthropic.claude-3-haiku-20240307-v1:0")
    assert refused.value.error_type == "ValidationException"


@pytest.mark.parametrize(
    ("globs", "asked", "model"),
    [
        ({}, f"us.{HAIKU}", "anthropic's claude-3-haiku-20240307-v1:0"),
        ({"*haiku*": "a"}, HAIKU, "a"),
        ({}, "gpt-4o", "gpt-4o"),
    ],
)
def test_a_model_of_the_same_vendor_is_derived_unless_the_configuration_says_otherwise(
    globs: dict[str, str], asked: str, model: str
) -> None:
    target = SameVendor(name="openai", section=ProviderSection(models=globs))
    assert provider_model(target, asked) == model


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        (f"us.{HAIKU}", '"anthropic.claude-3-haiku-20240307-v1*" = "<model>"'),
        ("us.anthropic.claude-sonnet-4-6", '"anthropic.claude-sonnet-4-6*" = "<model>"'),
    ],
)
async def test_a_model_that_the_provider_does_not_have_is_refused_with_the_option_to_set(
    start: Start, asked: str, option: str
) -> None:
    with pytest.raises(AwsError) as caught:
        await start({"providers": {}}).created(modelId=asked)
    assert caught.value.error_type == "ValidationException"
    assert caught.value.message.endswith(f"set [providers.openai.models] {option} in bedrock-batch.toml")


RETIRING = datetime(2027, 1, 14)
"""The last day of gpt-4o-mini."""


@pytest.mark.parametrize(
    ("now", "warned"),
    [
        (RETIRING - timedelta(days=61), False),
        (RETIRING - timedelta(days=60), True),
        (RETIRING + timedelta(hours=23), True),
    ],
)
async def test_a_model_that_retires_soon_is_warned_of(
    service: Service, caplog: pytest.LogCaptureFixture, now: datetime, warned: bool
) -> None:
    service.clock.now = now
    await service.created()
    told = "openai's gpt-4o-mini retires on 14 January 2027; its successor is gpt-6-luna"
    assert (told in caplog.text) == warned


async def test_a_model_that_has_retired_is_refused_with_its_successor(service: Service) -> None:
    service.clock.now = RETIRING + timedelta(days=1)
    with pytest.raises(AwsError) as caught:
        await service.created()
    assert caught.value.error_type == "ValidationException"
    assert caught.value.message == (
        "'openai' cannot run 'gpt-4o-mini': OpenAI retired it on 14 January 2027; its successor is gpt-6-luna"
    )
    assert service.store.jobs() == []


async def test_a_retirement_that_the_section_moves_counts(start: Start) -> None:
    rules = {"gpt-4o*": {"retires": date(2030, 1, 1)}}
    service = start({"providers": {"openai": {"models": {"*": "gpt-4o-mini"}, "rules": rules}}})
    service.clock.now = RETIRING + timedelta(days=1)
    assert service.job(await service.created()).model == "gpt-4o-mini"


async def test_the_stored_job_runs_on_the_configured_model_of_its_provider(service: Service) -> None:
    job = service.job(await service.created())
    assert (job.provider, job.model) == ("openai", "gpt-4o-mini")


async def test_without_a_key_creation_is_denied_naming_where_it_was_looked_for(start: Start) -> None:
    service = start(environment={})
    with pytest.raises(AwsError, match="OPENAI_API_KEY") as caught:
        await service.created()
    assert caught.value.error_type == "AccessDeniedException"
    assert service.store.jobs() == []


async def test_a_key_that_no_header_can_carry_is_refused_at_creation(start: Start) -> None:
    service = start(environment={"OPENAI_API_KEY": "sk-from-a-file\n"})
    with pytest.raises(AwsError, match="openai: the key has a line end") as caught:
        await service.created()
    assert caught.value.error_type == "AccessDeniedException"
    assert service.store.jobs() == []


async def test_without_an_address_creation_is_refused_naming_where_to_set_one(start: Start) -> None:
    service = start({"providers": {"azure": {"models": {"*": "nightly"}}}}, {"AZURE_OPENAI_API_KEY": "key"})
    with pytest.raises(AwsError, match="set AZURE_OPENAI_ENDPOINT, or base_url") as caught:
        await service.created(replace(CALLER, provider="azure"))
    assert caught.value.error_type == "ValidationException"
    assert service.store.jobs() == []


def written_anywhere(folder: Path, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in folder.iterdir())


VERTEX = {"project": "a-project", "location": "us-central1", "staging": "gs://a-bucket"}


CLAUDE_OF_VERTEX = {"modelId": "anthropic.claude-haiku-4-5-20251001-v1:0"}


@pytest.mark.parametrize(
    ("section", "error_type", "message"),
    [
        (VERTEX, "AccessDeniedException", "No credentials for 'vertex' .* GOOGLE_APPLICATION_CREDENTIALS"),
        ({"api_key": "env:TOKEN"}, "ValidationException", "No project of 'vertex' is configured"),
    ],
    ids=["no credentials", "no project"],
)
async def test_vertex_without_credentials_or_a_project_is_refused(
    start: Start, monkeypatch: pytest.MonkeyPatch, section: dict[str, str], error_type: str, message: str
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    service = start({"providers": {"vertex": section}}, {"TOKEN": "a-token"})
    with pytest.raises(AwsError, match=message) as caught:
        await service.created(replace(CALLER, provider="vertex"), **CLAUDE_OF_VERTEX)
    assert caught.value.error_type == error_type


async def test_a_token_is_enough_for_vertex(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    service = start({"providers": {"vertex": {**VERTEX, "api_key": "env:TOKEN"}}}, {"TOKEN": "a-token"})
    arn = await service.created(replace(CALLER, provider="vertex"), **CLAUDE_OF_VERTEX)
    assert service.job(arn).model == "claude-haiku-4-5@20251001"


async def test_a_key_that_the_caller_brings_is_kept_encrypted_only(start: Start, tmp_path: Path) -> None:
    service = start(environment={})
    arn = await service.created(Caller(provider="openai", region="us-east-1", key="brought-by-the-caller"))
    encrypted = service.store.encrypted_key(arn[-12:])
    assert encrypted is not None
    assert service.keys.decrypt(encrypted) == "brought-by-the-caller"
    assert not written_anywhere(tmp_path, b"brought-by-the-caller")


async def test_the_servers_key_is_not_stored(service: Service, tmp_path: Path) -> None:
    arn = await service.created()
    assert service.store.encrypted_key(arn[-12:]) is None
    assert not written_anywhere(tmp_path, b"server-key")
    assert written_anywhere(tmp_path, arn.encode())


@pytest.mark.parametrize(
    "uri",
    [
        "s3://in-bucket/batch-of-another-team/in.jsonl",
        "s3://in-bucket-of-another-team/batch/in.jsonl",
        "s3://in-bucket/in.jsonl",
        "s3://in-bucket",
        "s3://in-bucket/batch/../in.jsonl",
        "s3://in-bucket/batch/./in.jsonl",
    ],
)
@pytest.mark.parametrize("side", ["inputDataConfig", "outputDataConfig"])
async def test_a_place_outside_the_allowed_ones_is_denied(start: Start, uri: str, side: str) -> None:
    service = start({"s3": {"allowed": ["s3://in-bucket/batch", "s3://out-bucket/"]}})
    place = f"s3{side[0].upper()}{side[1:]}"
    places: dict[str, Any] = {
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in-bucket/batch/in.jsonl"}}
    }
    with pytest.raises(AwsError) as caught:
        await service.created(**{**places, side: {place: {"s3Uri": uri}}})
    assert caught.value.error_type == "AccessDeniedException"
    assert caught.value.message.startswith(f"{uri} is outside")


@pytest.mark.parametrize("uri", ["s3://in-bucket/batch/", "s3://in-bucket/batch", "s3://in-bucket/batch/a/b"])
async def test_a_place_below_an_allowed_one_is_taken(start: Start, uri: str) -> None:
    service = start({"s3": {"allowed": ["s3://in-bucket/batch/", "s3://out-bucket"]}})
    assert await service.created(inputDataConfig={"s3InputDataConfig": {"s3Uri": uri}})


async def test_the_same_token_and_parameters_give_the_same_job_also_after_a_restart(start: Start) -> None:
    first = await start().created(clientRequestToken="again", tags=[{"key": "a", "value": "b"}])
    restarted = start()
    restarted.clock.advance(hours=1)
    assert await restarted.created(clientRequestToken="again", tags=[{"key": "a", "value": "b"}]) == first
    assert len(restarted.store.jobs()) == 1


async def test_other_callers_keys_do_not_make_other_parameters(service: Service) -> None:
    own = Caller(provider="openai", region="us-east-1", key="mine")
    first = await service.created(own, clientRequestToken="again")
    assert await service.created(clientRequestToken="again") == first


@pytest.mark.parametrize(
    "changes",
    [
        {"jobName": "other"},
        {"timeoutDurationInHours": 24},
        {"tags": [{"key": "a", "value": "b"}]},
        {"new": 1},
    ],
)
async def test_the_same_token_with_other_parameters_is_a_conflict(
    service: Service, changes: dict[str, Any]
) -> None:
    first = await service.created(clientRequestToken="again")
    with pytest.raises(AwsError, match=first) as caught:
        await service.created(clientRequestToken="again", **changes)
    assert caught.value.error_type == "ConflictException"
    assert len(service.store.jobs()) == 1


async def test_a_conflict_names_the_earlier_job_its_name_and_its_time(service: Service) -> None:
    arn = await service.created(clientRequestToken="string", jobName="monday")
    submitted = (await service.shown(arn))["submitTime"]
    with pytest.raises(AwsError) as caught:
        await service.created(clientRequestToken="string", jobName="tuesday")
    for words in ("'string'", arn, "jobName 'monday'", f"submitted at {submitted}"):
        assert words in str(caught.value)


async def test_the_same_token_for_another_provider_is_a_conflict(start: Start) -> None:
    sections = {name: {"kind": "openai", "models": {"*": "m"}} for name in ("openai", "team")}
    service = start({"providers": sections})
    await service.created(clientRequestToken="again")
    with pytest.raises(AwsError) as caught:
        await service.created(Caller(provider="team", region="us-east-1"), clientRequestToken="again")
    assert caught.value.error_type == "ConflictException"


async def test_without_a_token_every_call_makes_a_job(service: Service) -> None:
    assert await service.created() != await service.created()


async def test_the_same_token_twenty_times_at_once_makes_one_job(service: Service) -> None:
    """The calls to the database, which decide, are made in threads."""
    answers: set[str] = set()

    async def create() -> None:
        answers.add(await service.created(clientRequestToken="again"))

    async with anyio.create_task_group() as calls:
        for _ in range(20):
            calls.start_soon(create)
    assert len(answers) == 1
    assert len(service.store.jobs()) == 1
    assert set(service.runner.jobs) == {service.store.jobs()[0].id}


async def test_a_job_that_could_not_be_started_is_started_by_the_same_call_sent_again(start: Start) -> None:
    with pytest.raises(ConnectionError):
        await start(runner=Broken()).created(clientRequestToken="again")
    service = start()
    arn = await service.created(clientRequestToken="again")
    assert service.runner.jobs == [arn[-12:]]


async def test_a_job_that_is_over_is_not_started_again(start: Start) -> None:
    service = start()
    arn = await service.created(clientRequestToken="again")
    service.store.end(arn[-12:], "Completed", NOON)
    restarted = start()
    assert await restarted.created(clientRequestToken="again") == arn
    assert restarted.runner.jobs == []


async def test_stop_makes_a_job_stopping_and_tells_the_runner(service: Service) -> None:
    arn = await service.created()
    service.clock.advance(minutes=1)
    assert await service.operations.stop(quote(arn, safe="")) == b""
    stopping = {"status": "Stopping", "lastModifiedTime": "2026-11-01T12:01:00.000Z"}
    assert (await service.shown(arn)).items() >= stopping.items()
    assert service.job(arn).stop_requested
    assert service.runner.nudged == [arn[-12:]]


@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_stop_is_refused_for_a_job_that_is_over(service: Service, status: JobStatus) -> None:
    arn = await service.created()
    service.store.end(arn[-12:], status, NOON)
    with pytest.raises(AwsError, match=f"State was: {status}$") as caught:
        await service.operations.stop(arn)
    assert caught.value.error_type == "ValidationException"
    assert service.runner.nudged == []


async def test_stop_is_refused_for_a_job_that_is_stopping(service: Service) -> None:
    arn = await service.created()
    await service.operations.stop(arn)
    with pytest.raises(AwsError, match="State was: Stopping"):
        await service.operations.stop(arn)


async def test_a_stop_that_meets_the_jobs_end_never_undoes_it(service: Service) -> None:
    async def stopped(arn: str) -> bool:
        try:
            return await service.operations.stop(arn) == b""
        except AwsError:
            return False

    for _ in range(20):
        arn = await service.created()
        end = anyio.to_thread.run_sync(service.store.end, arn[-12:], "Completed", NOON)
        first, second, ended = await asyncio.gather(stopped(arn), stopped(arn), end)
        assert ended
        assert service.job(arn).status == ("Stopped" if first or second else "Completed")


async def several(service: Service, count: int) -> list[str]:
    """ARNs of jobs an hour apart, the newest first."""
    arns = []
    for number in range(count):
        arns.append(await service.created(jobName=f"job-{number}"))
        service.clock.advance(hours=1)
    return arns[::-1]


def arns_of(page: dict[str, Any]) -> list[str]:
    return [summary["jobArn"] for summary in page["invocationJobSummaries"]]


async def test_a_list_without_jobs_has_its_array(service: Service) -> None:
    assert await service.listed() == {"invocationJobSummaries": []}


async def test_a_list_shows_the_jobs_as_get_does_the_newest_first(service: Service) -> None:
    arns = await several(service, 3)
    assert (await service.listed())["invocationJobSummaries"] == [await service.shown(arn) for arn in arns]
    assert arns_of(await service.listed(sortOrder="Descending", sortBy="CreationTime")) == arns
    assert arns_of(await service.listed(sortOrder="Ascending")) == arns[::-1]


async def test_a_list_shows_the_jobs_of_one_provider(start: Start) -> None:
    sections = {name: {"kind": "openai", "models": {"*": "m"}} for name in ("openai", "team")}
    service = start({"providers": sections})
    team = Caller(provider="team", region="us-east-1")
    arn = await service.created(team)
    await service.created()
    assert arns_of(await service.listed(team)) == [arn]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"nameContains": "job-1"}, [1]),
        ({"nameContains": "ob-"}, [3, 2, 1, 0]),
        ({"nameContains": "none"}, []),
        ({"statusEquals": "Failed"}, [2]),
        ({"statusEquals": "Submitted"}, [3, 1, 0]),
        ({"submitTimeAfter": "2026-11-01T13:00:00Z"}, [3, 2]),
        ({"submitTimeBefore": "2026-11-01T13:00:00.000000Z"}, [0]),
        ({"submitTimeAfter": "2026-11-01T12:30:00Z", "submitTimeBefore": "2026-11-01T14:30:00Z"}, [2, 1]),
    ],
)
async def test_a_list_filters_as_asked(service: Service, query: dict[str, Any], numbers: list[int]) -> None:
    oldest_first = (await several(service, 4))[::-1]
    service.store.end(oldest_first[2][-12:], "Failed", NOON)
    assert arns_of(await service.listed(**query)) == [oldest_first[number] for number in numbers]


@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
async def test_the_pages_of_a_list_are_the_whole_list(service: Service, order: str, size: int) -> None:
    for number in range(6):  # two of each moment
        await service.created()
        service.clock.advance(hours=number % 2)
    query: dict[str, Any] = {"maxResults": str(size), "sortOrder": order}
    found = []
    while True:
        page = await service.listed(**query)
        assert 0 < len(page["invocationJobSummaries"]) <= size
        found += arns_of(page)
        if "nextToken" not in page:
            break
        query["nextToken"] = page["nextToken"]
    assert found == arns_of(await service.listed(sortOrder=order))
    assert len(set(found)) == 6


async def test_a_page_holds_a_hundred_jobs_when_its_size_is_not_asked_for(service: Service) -> None:
    for _ in range(101):
        await service.created()
    page = await service.listed()
    assert len(page["invocationJobSummaries"]) == 100
    assert len((await service.listed(nextToken=page["nextToken"]))["invocationJobSummaries"]) == 1


@pytest.mark.parametrize("token", ["x", "é", "bm90aGluZw==", "WzEsMiwzXQ=="])
async def test_a_token_that_nobody_gave_is_refused(service: Service, token: str) -> None:
    with pytest.raises(AwsError, match="nextToken") as caught:
        await service.listed(nextToken=token)
    assert caught.value.error_type == "ValidationException"


async def test_a_token_leads_on_in_its_own_list_only_whatever_the_page_size(service: Service) -> None:
    arns = await several(service, 3)
    token = (await service.listed(maxResults="1"))["nextToken"]
    assert arns_of(await service.listed(nextToken=token, maxResults="5")) == arns[1:]
    with pytest.raises(AwsError, match="a List with other parameters"):
        await service.listed(nextToken=token, statusEquals="Failed")


async def test_a_time_that_get_shows_finds_its_job_in_a_list(service: Service) -> None:
    service.clock.now = NOON.replace(microsecond=123_999)
    shown = await service.shown(await service.created())
    assert shown["submitTime"] == "2026-11-01T12:00:00.123Z"
    assert arns_of(await service.listed(submitTimeAfter="2026-11-01T12:00:00.122Z")) == [shown["jobArn"]]
    assert arns_of(await service.listed(submitTimeAfter=shown["submitTime"])) == []


def document(arn: str, **members: Any) -> bytes:
    return json.dumps({"resourceARN": arn, **members}).encode()


def tags(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


async def test_tags_of_creation_are_listed_changed_and_taken_off(service: Service) -> None:
    arn = await service.created(tags=tags(team="a", stage="test"))
    operations = service.operations
    assert json.loads(await operations.list_tags(document(arn))) == {"tags": tags(stage="test", team="a")}
    assert json.loads(await operations.tag(document(arn, tags=tags(team="b", cost="")))) == {}
    assert json.loads(await operations.untag(document(arn, tagKeys=["stage", "unknown"]))) == {}
    assert json.loads(await operations.list_tags(document(arn))) == {"tags": tags(cost="", team="b")}


async def test_tags_are_no_part_of_what_get_shows(service: Service) -> None:
    arn = await service.created(tags=tags(team="a"))
    assert "tags" not in await service.shown(arn)


async def test_more_than_fifty_tags_are_too_many(service: Service) -> None:
    fifty = tags(**{f"key-{number}": "" for number in range(50)})
    arn = await service.created(tags=fifty)
    await service.operations.tag(document(arn, tags=[{"key": "key-0", "value": "changed"}]))
    with pytest.raises(AwsError) as caught:
        await service.operations.tag(document(arn, tags=tags(another="")))
    assert caught.value.error_type == "TooManyTagsException"
    assert caught.value.members == {"resourceName": arn}
    assert len(service.store.tags(arn[-12:])) == 50
    with pytest.raises(AwsError) as caught:
        await service.created(tags=[*fifty, *tags(another="")])
    assert caught.value.error_type == "ServiceQuotaExceededException"


async def test_tags_of_a_job_that_was_not_minted_here_are_not_found(service: Service) -> None:
    for operation, members in (
        (service.operations.tag, {"tags": tags(a="b")}),
        (service.operations.untag, {"tagKeys": ["a"]}),
        (service.operations.list_tags, {}),
    ):
        with pytest.raises(AwsError) as caught:
            await operation(document(UNKNOWN, **members))
        assert caught.value.error_type == "ResourceNotFoundException"
