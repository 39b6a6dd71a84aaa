"""Whether a job may be created here, what it will run on, and the row it begins as."""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Self

from addon.jobs.store import fingerprint
from addon.jobs.tables import Job
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
    """What a request says of the one who sent it."""

    provider: str
    """Name of a provider section: the header's value, or option `batch_provider`."""
    fallbacks: tuple[str, ...] = ()
    """Who is asked next when it refuses the job, in order; `bedrock` may be the last."""
    region: str
    """From the signature's credential scope, else the host, else the configuration."""
    account: str | None = None
    """For a `roleArn` that names none."""
    key: str | None = None
    """A provider key that the caller brought."""


@dataclass(frozen=True, kw_only=True)
class Taker:
    """A provider that may run a job, and how; the columns of that name in `jobs`."""

    provider: str
    model: str
    kind: str
    endpoint: str | None
    mode: str

    @classmethod
    def of(cls, target: Target, model: str) -> Self:
        """The provider as it is configured now."""
        section = target.section
        return cls(
            provider=target.name,
            model=model,
            kind=target.provider.name,
            endpoint=section.endpoint,
            mode=section.mode,
        )

    @classmethod
    def like(cls, job: Job) -> Self:
        """The provider that runs this job, and how."""
        return cls(
            provider=job.provider, model=job.model, kind=job.kind, endpoint=job.endpoint, mode=job.mode
        )


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Decides about Create calls: AWS looks at permissions first and at the model afterwards."""

    config: Config
    environment: Mapping[str, str]
    google: GoogleCredentials = field(default_factory=GoogleCredentials)

    async def taker(self, request: CreateModelInvocationJobRequest, caller: Caller) -> Taker:
        """The caller's provider, if it may run this. Raises `AwsError`."""
        target = self._target(caller.provider)
        await self._check_key(target, caller)
        self._check_address(target)
        for place in (request.input_place, request.output_place):
            self._check_place(place.s3_uri)
        return Taker.of(target, provider_model(target, request.model_id))

    def job(
        self,
        request: CreateModelInvocationJobRequest,
        caller: Caller,
        takers: Sequence[Taker],
        refusals: Sequence[AwsError],
        now: datetime,
    ) -> Job:
        """The new job, not stored yet, for the first of these. Raises `AwsError`."""
        arn = _new_arn(request.role_arn, caller)
        asked = request.asked()
        timeout = timedelta(seconds=request.hours * self.config.jobs.seconds_per_hour)
        return Job(
            id=arn.job_id,
            arn=str(arn),
            name=request.job_name,
            **asdict(takers[0]),
            fallbacks=[asdict(taker) for taker in takers[1:]],
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
        """Whose job it will be. Raises `AwsError`."""
        return _owner(request.role_arn, caller)[1]

    async def endpoint(self, caller: Caller) -> tuple[Target, Endpoint]:
        """The caller's provider, and where it is with the key to be let in. Raises `AwsError`."""
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
        """Whether there is one that can be sent, or who this machine is stands in for it."""
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
        allowed = self.config.s3.allowed
        if allowed is not None and not any(_is_below(uri, place) for place in allowed):
            raise AwsError(
                "AccessDeniedException",
                f"{uri} is outside the places that [s3] allowed in {FILE_NAME} names: {', '.join(allowed)}",
            )


def _is_below(uri: str, place: str) -> bool:
    """Whole path segments count, and no segment that an HTTP client might resolve to somewhere else."""
    if {".", ".."} & set(uri.split("/")):
        return False
    return f"{uri.rstrip('/')}/".startswith(f"{place.rstrip('/')}/")


def provider_model(target: Target, model_id: str) -> str:
    """The provider's name of the model to run on. Raises `AwsError` saying which option to set."""
    return chosen_model(target.name, target.provider, target.section.models, model_id)


def _new_arn(role_arn: str, caller: Caller) -> JobArn:
    """Of the role's partition and account, with an id in the form of AWS's."""
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
