"""Admission of jobs at Create: checks, the provider and model, the job's first row."""

import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self

from addon.jobs.database.store import fingerprint
from addon.jobs.database.tables import Job, utc_now
from addon.providers.credentials import NoKey, check_key, provider_endpoint
from addon.providers.google_auth import CredentialsRefused, GoogleCredentials, NoCredentials, TokenUnavailable
from addon.providers.model_mapping import chosen_model
from addon.settings.config import FILE_NAME, Config, NoAddress, Target
from translators.bedrock.jobs import AwsError, CreateModelInvocationJobRequest, JobArn
from translators.providers.conversation import Endpoint
from translators.providers.registry import UnknownProvider

TAG_LIMIT = 50
"""Tags a job can have (AWS: TooManyTagsException)."""

_ID_CHARACTERS = string.ascii_lowercase + string.digits


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller of a request, and the providers that the request names."""

    provider: str
    """Name of a provider section: the header's value, or option `batch_provider`."""
    fallbacks: tuple[str, ...] = ()
    """The providers to use next, in order, if it refuses the job; `bedrock` may be the last."""
    region: str
    """The signature's, else the host's, else the configured one."""
    account: str | None = None
    """Used if `roleArn` names none."""
    key: str | None = None
    """A provider key in the request."""


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """A provider that can run a job, its model and mode: the columns of these names in `jobs`."""

    provider: str
    model: str
    kind: str
    endpoint: str | None
    mode: str

    @classmethod
    def of(cls, target: Target, model: str) -> Self:
        """With the provider's current configuration."""
        section = target.section
        return cls(
            provider=target.name,
            model=model,
            kind=target.provider.name,
            endpoint=section.endpoint,
            mode=section.mode,
        )

    @classmethod
    def of_job(cls, job: Job) -> Self:
        """Those of an existing job."""
        return cls(
            provider=job.provider, model=job.model, kind=job.kind, endpoint=job.endpoint, mode=job.mode
        )


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Checks Create calls, as AWS does: permissions first, then the model."""

    config: Config
    environment: Mapping[str, str]
    google: GoogleCredentials = field(default_factory=GoogleCredentials)
    clock: Callable[[], datetime] = utc_now
    """Returns UTC without a zone."""

    async def assignment(self, request: CreateModelInvocationJobRequest, caller: Caller) -> Assignment:
        """The caller's provider, if it can run the job. Raises `AwsError`."""
        target = self._target(caller.provider)
        await self._check_key(target, caller)
        self._check_address(target)
        for place in (request.input_place, request.output_place):
            self._check_place(place.s3_uri)
        model = provider_model(target, request.model_id)
        why = target.retired(model, self.clock().date())
        if why is not None:
            raise AwsError("ValidationException", f"{target.name!r} cannot run {model!r}: {why}")
        return Assignment.of(target, model)

    def warning(self, assignment: Assignment) -> str | None:
        """A warning that the model of a job retires soon; None if it does not."""
        when = self._target(assignment.provider).retires_soon(assignment.model, self.clock().date())
        return None if when is None else f"{assignment.provider}'s {assignment.model} {when}"

    def job(
        self,
        request: CreateModelInvocationJobRequest,
        caller: Caller,
        assignments: Sequence[Assignment],
        refusals: Sequence[AwsError],
        now: datetime,
    ) -> Job:
        """The new job, not stored yet, assigned to the first of these. Raises `AwsError`."""
        arn = _new_arn(request.role_arn, caller)
        asked = request.asked()
        timeout = timedelta(seconds=request.hours * self.config.jobs.seconds_per_hour)
        return Job(
            id=arn.job_id,
            arn=str(arn),
            name=request.job_name,
            **asdict(assignments[0]),
            fallbacks=[asdict(assignment) for assignment in assignments[1:]],
            refusals=[refusal.message for refusal in refusals],
            request={name: value for name, value in asked.items() if name != "tags"},
            region=arn.region,
            account=arn.account,
            client_request_token=request.client_request_token,
            fingerprint=fingerprint(", ".join((caller.provider, *caller.fallbacks)), asked),
            status="Submitted",
            submitted=now,
            modified=now,
            deadline=now + timeout,
        )

    def account(self, request: CreateModelInvocationJobRequest, caller: Caller) -> str:
        """The account that owns the job. Raises `AwsError`."""
        return _owner(request.role_arn, caller)[1]

    async def endpoint(self, caller: Caller) -> tuple[Target, Endpoint]:
        """The caller's provider, its address and credentials. Raises `AwsError`."""
        target = self._target(caller.provider)
        await self._check_key(target, caller)
        self._check_address(target)
        try:
            return target, await provider_endpoint(target, caller.key, self.google, self.environment)
        except (NoKey, CredentialsRefused, TokenUnavailable) as error:
            raise AwsError("AccessDeniedException", f"{target.name}: {error}") from error

    def _target(self, name: str) -> Target:
        try:
            return self.config.target(name)
        except UnknownProvider as error:
            raise AwsError("ValidationException", str(error)) from error

    async def _check_key(self, target: Target, caller: Caller) -> None:
        """Raise `AwsError` if there is no usable key, and no credentials of this machine replace it."""
        key = caller.key if caller.key is not None else target.key(self.environment)
        if key is not None:
            try:
                check_key(key)
            except NoKey as error:
                raise AwsError("AccessDeniedException", f"{target.name}: {error}.") from error
        if not target.needs_key or key is not None:
            return
        if target.provider.login is None:
            raise AwsError(
                "AccessDeniedException",
                f"No API key for {target.name!r} is configured: set {target.key_sources} for the proxy.",
            )
        try:
            await self.google.check()
        except NoCredentials as error:
            raise AwsError(
                "AccessDeniedException",
                f"No credentials for {target.name!r} are configured: {error} "
                f"Set GOOGLE_APPLICATION_CREDENTIALS, or {target.key_sources}, for the proxy.",
            ) from error

    def _check_address(self, target: Target) -> None:
        try:
            target.base_url(self.environment)
        except NoAddress as error:
            raise AwsError("ValidationException", str(error)) from error

    def _check_place(self, uri: str) -> None:
        if not self.config.s3.allows(uri):
            allowed = ", ".join(self.config.s3.allowed or ())
            raise AwsError(
                "AccessDeniedException",
                f"{uri} is outside the places that [s3] allowed in {FILE_NAME} names: {allowed}",
            )


def provider_model(target: Target, model_id: str) -> str:
    """The provider's name of the model. Raises `AwsError` naming the option to set."""
    return chosen_model(target.name, target.provider, target.section.models, model_id)


def _new_arn(role_arn: str, caller: Caller) -> JobArn:
    """A new ARN in the role's partition and account, with an id of AWS's form."""
    partition, owner = _owner(role_arn, caller)
    job_id = "".join(secrets.choice(_ID_CHARACTERS) for _ in range(12))
    return JobArn(partition=partition, region=caller.region, account=owner, job_id=job_id)


def _owner(role_arn: str, caller: Caller) -> tuple[str, str]:
    """Partition and account."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    owner = account or caller.account
    if owner is None:
        raise AwsError("ValidationException", f"roleArn {role_arn!r} does not say which account it is of.")
    return partition, owner
