"""Settings that do not fit in one mitmproxy option: `bedrock-batch.toml`, and the environment.

The file is `batch_config`, else `./bedrock-batch.toml`, else the one in the user's config folder. With
only a provider's key variable and AWS credentials set, no file is needed.
"""

import os
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from addon.settings.config_file import APPLICATION
from addon.settings.config_file import FILE_NAME as FILE_NAME
from addon.settings.config_file import file_in_use as file_in_use
from translators.providers.provider import Provider
from translators.providers.registry import PROVIDERS, UnknownProvider, provider
from translators.providers.rules.model_rules import ModelRules, Overrides, RuleChanges, override
from translators.providers.rules.retirement import retired, retires_soon


class BadConfig(ValueError):
    """The configuration cannot be used; the message names the file, the setting and what is accepted."""


class NoAddress(LookupError):
    """The provider's address, or its folder for files, is not configured; the message names what to set."""


def _is_reference(value: str) -> str:
    if not value.startswith("env:") or not value.removeprefix("env:"):
        raise ValueError("a secret is given by reference, as 'env:NAME_OF_THE_VARIABLE'")
    return value


def _is_address(url: str) -> bool:
    """Whether it is an HTTP(S) URL with a host and a valid port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


_VARIABLE = re.compile(r"{([A-Z_]+)}")
"""An environment variable in an address that depends on the account."""

type SecretReference = Annotated[str, AfterValidator(_is_reference)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProviderSection(_Section):
    """`[providers.NAME]`; NAME is the value of the `x-model-provider` header."""

    kind: str | None = None
    """The provider that defines its wire format; the section's name by default."""
    base_url: str | None = None
    endpoint: str | None = None
    """The provider's endpoint for texts, where it has several (openai: `responses`)."""
    project: str | None = Field(default=None, pattern=r"^[a-z0-9.:-]+$")
    """The account's project (vertex)."""
    location: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    """Region of the endpoint: a region, `global`, `us`, `eu` (vertex)."""
    staging: str | None = Field(default=None, pattern=r"^gs://[a-z0-9][a-z0-9._-]+(/.*)?$")
    """The folder for input and output of batches, at providers without file storage (vertex)."""
    mode: Literal["batch", "direct"] = "batch"
    """direct: one call per record, for servers without a batch API or for immediate results."""
    concurrency: int = Field(default=8, ge=1)
    """Maximum of parallel calls in direct mode; fewer while the provider limits the rate."""
    api_key: SecretReference | None = None
    max_requests_per_batch: int | None = Field(default=None, ge=1)
    max_bytes_per_batch: int | None = Field(default=None, ge=1)
    models: dict[str, Annotated[str, Field(min_length=1)]] = {}
    """Glob on the Bedrock id → the provider's model; the first match in file order wins."""
    rules: dict[str, RuleChanges] = {}
    """Glob on the provider's model → what of its rules is otherwise; later ones count more."""


class S3Section(_Section):
    endpoint_url: str | None = None
    assume_role: bool = False
    """Read and write with the job's roleArn, as Bedrock does, instead of the proxy's own credentials."""
    allowed: tuple[Annotated[str, Field(pattern="^s3://")], ...] | None = None
    """Prefixes `s3://bucket/key` that jobs may read and write; any by default."""

    def allows(self, uri: str) -> bool:
        """Whether jobs may read and write there."""
        return self.allowed is None or any(_is_below(uri, place) for place in self.allowed)


def _is_below(uri: str, place: str) -> bool:
    """Compares whole path segments; false for segments that an HTTP client might resolve to another path."""
    if {".", ".."} & set(uri.split("/")):
        return False
    return f"{uri.rstrip('/')}/".startswith(f"{place.rstrip('/')}/")


class JobsSection(_Section):
    poll_interval: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    """Seconds between two polls of a provider's batch; overrides the option `batch_poll_interval`."""
    seconds_per_hour: float = Field(default=3600, gt=0)
    """Length of an hour of `timeoutDurationInHours`; only tests shorten it."""
    folder: Annotated[Path, AfterValidator(Path.expanduser)] | None = None
    """The folder of the database and the spool files; the user's data folder by default."""
    retry_rounds: int = Field(default=2, ge=0)
    """Number of times that records with a transient error (429, 5xx) are sent again, in further batches."""
    fall_back_after: float = Field(default=60, ge=0)
    """Seconds that a provider may be unreachable before a job with a fallback uses that."""
    keep_provider_files: bool = False
    """Whether files at providers are kept when a job's output is written: input, results, and what else holds
    them. They are deleted by default; many providers limit their number or size."""
    keep_days: float = Field(default=90, gt=0)
    """Days after its end for which a job is kept in the database."""
    keep_results_hours: float = Field(default=24, ge=0)
    """Hours after its end for which the provider's results of a job stay on this machine, so that people can
    look at them; fewer when the disk is short of room."""
    downloads: int = Field(default=2, ge=1)
    """Maximum of input objects that are downloaded at the same time, over all jobs."""
    keep_free: int = Field(default=1_000_000_000, ge=0)
    """Bytes of the disk that the files of jobs leave free; jobs wait for room."""
    shards_in_flight: int = Field(default=256, ge=1)
    """Maximum of provider batches that a process watches at the same time, over all jobs."""
    create_limit: float = Field(default=60, gt=0)
    """Seconds that a call to create a batch may take; those with the lines in them may take longer."""
    search_seconds: float | None = Field(default=None, ge=0)
    """Seconds for which a batch is searched for after the response to its creation was lost, before another
    one is created; by default six polls, at least half a minute."""
    heartbeat: float = Field(default=10, gt=0)
    """Seconds between two signs of life in the database. After four of them another member takes over."""


class DashboardSection(_Section):
    token: SecretReference | None = None
    """What the dashboard asks for; by default another one after each start. mitmweb has its own password."""
    url: str | None = Field(default=None, pattern=r"^https?://[^/?#\s@]+/?$")
    """Where people find it, if that is not where it listens: behind a reverse proxy, in a container."""


class Config(_Section):
    """The whole file."""

    providers: dict[str, ProviderSection] = {}
    s3: S3Section = S3Section()
    jobs: JobsSection = JobsSection()
    dashboard: DashboardSection = DashboardSection()

    @property
    def folder(self) -> Path:
        """The folder of this installation's data."""
        return self.jobs.folder or Path(platformdirs.user_data_dir(APPLICATION))

    @property
    def spool(self) -> Path:
        """The folder of running jobs' files, for the database that is used by default."""
        return self.folder / "spool"

    @property
    def database(self) -> str:
        """The SQLAlchemy URL used when `batch_database` is not set."""
        return f"sqlite:///{self.folder / 'jobs.db'}"

    @property
    def known_providers(self) -> tuple[str, ...]:
        """Every valid value of the `x-model-provider` header beside `bedrock`."""
        return tuple(sorted({*PROVIDERS, *self.providers}))

    def target(self, name: str) -> "Target":
        """The provider with this name. Raises `UnknownProvider` naming the known ones."""
        if name not in self.known_providers:
            raise UnknownProvider(name, ("bedrock", *self.known_providers))
        return Target(name=name, section=self.providers.get(name, ProviderSection()))


@dataclass(frozen=True, kw_only=True)
class Target:
    """One provider as configured: the registry's row of its kind, with the section's overrides."""

    name: str
    section: ProviderSection

    @property
    def provider(self) -> Provider:
        return provider(self.section.kind or self.name)

    @property
    def max_requests(self) -> int:
        return min(
            self.section.max_requests_per_batch or self.provider.max_requests, self.provider.max_requests
        )

    @property
    def max_bytes(self) -> int:
        return min(self.section.max_bytes_per_batch or self.provider.max_bytes, self.provider.max_bytes)

    @property
    def overrides(self) -> Overrides:
        """The section's changes of the rules of models."""
        return tuple(override(glob, changes) for glob, changes in self.section.rules.items())

    def rules(self, model: str) -> ModelRules:
        """The rules of a model of the provider, with the section's changes."""
        return self.provider.models.rules(model, self.overrides)

    def retired(self, model: str, today: date) -> str | None:
        """The reason for which the provider cannot run the model any more; None while it can. Of another
        operator's server the days are not known."""
        operator = self.provider.models.operator
        return None if self.is_third_party else retired(self.rules(model), operator, today)

    def retires_soon(self, model: str, today: date) -> str | None:
        """The day on which the provider retires the model, if that is soon."""
        return None if self.is_third_party else retires_soon(self.rules(model), today)

    def base_url(self, environment: Mapping[str, str] = os.environ) -> str:
        """The address from the section, the variable of the provider's SDK, or the provider's row.

        Raises `NoAddress` where it depends on the account and is not configured.
        """
        from_environment = (environment.get(name) for name in self.provider.base_url_variables)
        url = self.section.base_url or next(filter(None, from_environment), None) or self.provider.base_url
        for variable in _VARIABLE.findall(url):
            value = environment.get(variable)
            if not value:
                raise NoAddress(
                    f"No address of {self.name!r} is configured: "
                    f"set {variable}, or base_url in [providers.{self.name}] of {FILE_NAME}."
                )
            url = url.replace(f"{{{variable}}}", value)
        address = self.provider.address(url.rstrip("/"), self._settings(environment))
        if not _is_address(address):  # not quoted: it may hold a password
            raise NoAddress(f"The address of {self.name!r} has to begin with http:// or https:// and a host.")
        return address

    def staging(self, environment: Mapping[str, str] = os.environ) -> str:
        """The folder for files of batches; empty where the provider stores them. Raises `NoAddress`."""
        return self._settings(environment).get("staging", "").rstrip("/")

    def _settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """The provider's further settings, from the section or the variables of the provider's SDK."""
        found: dict[str, str] = {}
        for name, variable in self.provider.settings.items():
            value = getattr(self.section, name) or environment.get(variable)
            if not value:
                raise NoAddress(
                    f"No {name} of {self.name!r} is configured: "
                    f"set {variable}, or {name} in [providers.{self.name}] of {FILE_NAME}."
                )
            try:
                ProviderSection.model_validate({name: value})
            except ValidationError as error:
                raise NoAddress(f"{variable}: {error.errors()[0]['msg']}") from error
            found[name] = value
        return found

    def key(self, environment: Mapping[str, str] = os.environ) -> str | None:
        """The proxy's own key, from the section's reference or the variables of the provider's SDK."""
        if self.section.api_key is not None:
            return environment.get(self.section.api_key.removeprefix("env:")) or None
        if self.is_third_party:
            return None
        return next(filter(None, (environment.get(name) for name in self.provider.key_variables)), None)

    @property
    def is_third_party(self) -> bool:
        """Whether it is another operator's server with the provider's format: it must not get the provider's
        key, and may need none."""
        other_name = self.section.kind is not None and self.section.kind != self.name
        return other_name and self.section.base_url is not None

    @property
    def needs_key(self) -> bool:
        return self.section.api_key is not None or not self.is_third_party

    @property
    def key_sources(self) -> str:
        """The variables that may hold the key, for error texts."""
        if self.section.api_key is not None:
            return self.section.api_key.removeprefix("env:")
        return " or ".join(self.provider.key_variables)


def load(path: str | None = None) -> Config:
    """The configuration. Raises `BadConfig`; the file `path` must exist."""
    file = file_in_use(path)
    if file is None:
        return Config()
    try:
        values: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadConfig(f"{file}: {error}") from error
    try:
        config = Config.model_validate(values)
        _check_names(config.providers, file)
        for name in config.providers:
            _check_choices(config.target(name), file)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadConfig(f"{file}: {where}: {first['msg']}") from error
    except UnknownProvider as error:
        raise BadConfig(f"{file}: providers.{name}.kind: {error}") from error
    return config


def _check_names(sections: Collection[str], file: Path) -> None:
    """Raise `BadConfig` for names that a header cannot hold, or that differ in case or outer spaces only."""
    taken = {name: name for name in PROVIDERS}
    for name in sections:
        word = name.strip().lower()
        if not word or "," in word or word == "bedrock":
            raise BadConfig(f"{file}: providers.{name}: no header can name it; call it otherwise")
        if taken.get(word, name) != name:
            raise BadConfig(f"{file}: providers.{name}: the header cannot tell it from {taken[word]}")
        taken[word] = name


_ACCOUNT = ("project", "location", "staging")


def _check_choices(target: Target, file: Path) -> None:
    url = target.section.base_url
    if url is not None and not _VARIABLE.search(url) and not _is_address(url):
        where = f"providers.{target.name}.base_url"
        raise BadConfig(f"{file}: {where}: has to begin with http:// or https:// and a host")
    for name in _ACCOUNT:
        if getattr(target.section, name) is not None and name not in target.provider.settings:
            raise BadConfig(f"{file}: providers.{target.name}.{name}: {target.provider.name} has no {name}")
    if target.section.mode == "direct" and target.provider.load_direct is None:
        having = ", ".join(name for name in PROVIDERS if provider(name).load_direct is not None)
        where = f"providers.{target.name}.mode"
        raise BadConfig(f"{file}: {where}: {target.provider.name} has no direct mode; {having} have")
    known = target.provider.other_endpoints
    if target.section.endpoint is not None and target.section.endpoint not in known:
        accepted = ", ".join(known) or "none; leave it out"
        where = f"providers.{target.name}.endpoint"
        raise BadConfig(f"{file}: {where}: {target.section.endpoint!r} is not known; known: {accepted}")
