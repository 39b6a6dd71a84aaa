"""`bedrock-batch doctor`: checks everything that a job needs. Never shows a secret."""

import asyncio
import json
import os
import platform
import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import anyio
import botocore.session
import httpx
from botocore.exceptions import BotoCoreError
from cryptography import x509
from mitmproxy.options import CONF_DIR
from rich.console import Console
from rich.text import Text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from addon.cli.errors import CommandError
from addon.cli.jobs.database import NoDatabase, opened
from addon.cli.visible_text import visible
from addon.jobs.database import sqlite
from addon.jobs.fleet.executors import Executors
from addon.jobs.key_vault import SECRET_KEY_VARIABLE, BadSecretKey, KeyVault
from addon.providers.credentials import NoKey, access_headers
from addon.providers.google_auth import CredentialsRefused, GoogleCredentials, TokenUnavailable
from addon.providers.retry_policy import Unreachable
from addon.providers.transport import Transport
from addon.proxy import ca_bundle
from addon.settings.config import BadConfig, Config, NoAddress, Target, file_in_use, load
from addon.settings.egress_proxy import proxy_for
from addon.storage.s3 import S3, Access, Location, S3Refused, S3Unavailable
from translators.errors import ACCESS_DENIED, ProviderError

type Level = Literal["ok", "skip", "warn", "fail"]

CALL_LIMIT = 15.0
"""Seconds that one call over the network may take."""
SPACE_NEEDED = 200 * 2**20
SPACE_RECOMMENDED = 5 * 2**30
"""Bytes: a job's input, its provider's results and its output lie in the spool at the same time."""
OWN_ADDRESS = ("127.0.0.1", 8080)
"""The address on which a proxy listens by default."""

_STYLES: Mapping[Level, str] = {"ok": "green", "skip": "dim", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True)
class Finding:
    """The result of one check, and a hint on how to resolve a problem."""

    check: str
    level: Level
    text: str
    hint: str = ""


def examine(config_path: str, database: str, bucket: str, *, as_json: bool) -> bool:
    """Run all checks and print what they find. Returns whether none failed."""
    findings: list[Finding] = []
    console = Console(highlight=False)

    async def run() -> None:
        async for finding in _findings(config_path, database, bucket):
            findings.append(finding)
            if not as_json:
                _print(console, finding)

    asyncio.run(run())
    healthy = all(finding.level != "fail" for finding in findings)
    if as_json:
        print(json.dumps({"healthy": healthy, "findings": [asdict(one) for one in findings]}, indent=2))
    return healthy


async def _findings(config_path: str, database: str, bucket: str) -> AsyncIterator[Finding]:
    environment = os.environ
    yield _versions()
    try:
        config = load(config_path)
    except BadConfig as error:
        yield Finding("configuration", "fail", str(error), "repair the file; without it nothing starts")
        return
    yield _configuration(config_path)
    yield _sqlite(database or config.database)
    yield _database(config_path, database)
    for finding in _fleet(config, config_path, database, environment):
        yield finding
    yield _folder(config)
    transport = Transport(own={OWN_ADDRESS})
    try:
        async for finding in _providers(config, transport, environment):
            yield finding
        yield await asyncio.to_thread(_aws_credentials)
        yield await _s3(config, bucket, transport, environment)
    finally:
        await transport.close()
    for finding in (*_certificates(environment), _egress_proxy(environment)):
        yield finding


def _versions() -> Finding:
    text = ", ".join(f"{name} {version(name)}" for name in ("bedrock-batch-proxy", "mitmproxy", "dbos"))
    return Finding("versions", "ok", f"{text}, Python {platform.python_version()}")


def _configuration(path: str) -> Finding:
    file = file_in_use(path)
    if file is None:
        return Finding("configuration", "ok", "no file: everything as the environment says")
    return Finding("configuration", "ok", f"{file.absolute()}")


def _sqlite(url: str) -> Finding:
    try:
        if make_url(url).get_backend_name() != "sqlite":
            return Finding("SQLite", "skip", "not used: the database is another one")
        module = sqlite.sqlite_module()
    except ArgumentError:
        return Finding("SQLite", "skip", "the database's URL cannot be read")
    except sqlite.SQLiteTooOld as error:
        return Finding("SQLite", "fail", str(error), "pip install pysqlite3-binary, or use PostgreSQL")
    return Finding("SQLite", "ok", f"{module.sqlite_version} ({module.__name__})")


def _database(config_path: str, database: str) -> Finding:
    try:
        with opened(database, config_path) as store:
            url = make_url(store.url).render_as_string(hide_password=True)
            return Finding("database", "ok", f"{url}, {len(store.unfinished())} jobs running")
    except NoDatabase as error:
        return Finding("database", "ok", str(error))
    except CommandError as error:
        hint = "an SQLAlchemy URL: sqlite:///jobs.db, postgresql+psycopg://user@host/name"
        return Finding("database", "fail", str(error), hint)


def _fleet(
    config: Config, config_path: str, database: str, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """The members that share a PostgreSQL database, and whether they have this machine's secret."""
    try:
        if make_url(database or config.database).get_backend_name() == "sqlite":
            return
        with opened(database, config_path) as store:
            members = Executors(store, config.jobs.heartbeat).living()
            keys = KeyVault(config.folder, environment)
    except (ArgumentError, CommandError, BadSecretKey, OSError) as error:
        yield Finding("fleet", "skip", f"not examined: {error}")
        return
    runners = sum(member.role == "runs" for member in members)
    names = ", ".join(f"{member.id} ({member.role})" for member in members) or "none runs now"
    level: Level = "ok" if runners or not members else "warn"
    yield Finding("members", level, names, "" if level == "ok" else "none of them runs jobs: start a worker")
    hint = f"set {SECRET_KEY_VARIABLE} to the same value for all proxies and workers"
    if others := [member.id for member in members if member.key != keys.fingerprint]:
        yield Finding("secret", "fail", f"it differs from that of {', '.join(others)}", hint)
    elif SECRET_KEY_VARIABLE not in environment:
        yield Finding("secret", "warn", "it is in a file, which other machines do not have", hint)
    else:
        yield Finding("secret", "ok", "the same as that of all members")


def _folder(config: Config) -> Finding:
    """Is there a writable folder for the files of running jobs, with enough space?"""
    folder = config.spool
    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding("folder", "fail", f"{existing} cannot be written", "set [jobs] folder in the file")
    free = shutil.disk_usage(existing).free
    text = f"{folder}, {free / 2**30:.1f} GiB free"
    if free < SPACE_RECOMMENDED:
        hint = "jobs wait when the disk is full; set [jobs] folder to a larger one"
        return Finding("folder", "fail" if free < SPACE_NEEDED else "warn", text, hint)
    return Finding("folder", "ok", text)


async def _providers(
    config: Config, transport: Transport, environment: Mapping[str, str]
) -> AsyncIterator[Finding]:
    """Every provider that has a section or a key."""
    targets = [config.target(name) for name in config.known_providers]
    wanted = [target for target in targets if target.name in config.providers or target.key(environment)]
    if not wanted:
        variables = ", ".join(target.key_sources for target in targets)
        yield Finding("providers", "fail", "none has a key", f"set one of: {variables}")
    today = datetime.now(UTC).date()
    for target in wanted:
        yield await _provider(target, transport, environment)
        for finding in _models(target, today):
            yield finding


async def _provider(target: Target, transport: Transport, environment: Mapping[str, str]) -> Finding:
    check = f"provider {target.name}"
    try:
        headers = await access_headers(target, target.key(environment), GoogleCredentials({OWN_ADDRESS}))
        url = f"{target.base_url(environment)}{target.provider.probe}"
    except (NoKey, CredentialsRefused, TokenUnavailable) as error:
        hint = "or let callers bring theirs, as `Authorization: Bearer …`"
        return Finding(check, "fail", f"no key: {error}", f"set it, {hint}")
    except NoAddress as error:
        return Finding(check, "fail", "no address", str(error))
    shown = _without_password(url)
    try:
        status = await _status(transport, url, headers)
    except NoAnswer as error:
        return Finding(check, "fail", f"{shown}: {error}", "check base_url, the network, and HTTPS_PROXY")
    if status in ACCESS_DENIED:
        hint = f"the key in {target.key_sources} is not accepted there"
        return Finding(check, "fail", f"{shown} answers {status}", hint)
    known = f"key in {target.key_sources}" if target.key(environment) else "this machine's own credentials"
    text = f"{known}; {shown} answers {status}"
    if status != httpx.codes.OK:
        return Finding(check, "warn", text, "reachable, but this tells nothing about the key")
    staging = target.staging(environment)
    if staging and (problem := await _staging_problem(transport, staging, headers)):
        hint = "the proxy and the provider's own account read and write it; check that, and the network"
        return Finding(check, "fail", problem, hint)
    return Finding(check, "ok", text)


def _models(target: Target, today: date) -> Iterator[Finding]:
    """Models of the section that retire soon, or are over."""
    hint = f"name another in [providers.{target.name}.models]"
    for model in dict.fromkeys(target.section.models.values()):
        check = f"model {model} of {target.name}"
        if why := target.retired(model, today):
            yield Finding(check, "fail", why, hint)
        elif when := target.retires_soon(model, today):
            yield Finding(check, "warn", when, hint)


async def _staging_problem(transport: Transport, staging: str, headers: Mapping[str, str]) -> str | None:
    """The reason for which the folder for files of batches cannot be listed; None if it can."""
    try:
        status = await _status(transport, f"{staging}/", headers)
    except NoAnswer as error:
        return f"{staging}: {error}"
    return None if status == httpx.codes.OK else f"{staging} answers {status}"


class NoAnswer(Exception):
    """A GET has no usable answer; the message states the reason, without anything from the request."""


async def _status(transport: Transport, url: str, headers: Mapping[str, str]) -> int:
    """The status with which a GET is answered. Raises `NoAnswer`."""
    try:
        with anyio.fail_after(CALL_LIMIT):
            response = await transport.send(httpx.Request("GET", url, headers=headers))
            if response.is_server_error:
                raise NoAnswer(f"the answer is {response.status_code}")
            return response.status_code
    except (Unreachable, ProviderError, httpx.InvalidURL) as error:
        raise NoAnswer(str(error)) from error
    except TimeoutError:
        raise NoAnswer(f"no answer within {CALL_LIMIT:.0f} s") from None


def _aws_credentials() -> Finding:
    check = "AWS credentials"
    hint = (
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or log in: the proxy reads S3 itself"
    )
    try:
        credentials = botocore.session.get_session().get_credentials()
        if credentials is None:
            return Finding(check, "fail", "none found", hint)
        credentials.get_frozen_credentials()
    except BotoCoreError as error:
        return Finding(check, "fail", str(error), hint)
    return Finding(check, "ok", f"found by {credentials.method}")


async def _s3(config: Config, bucket: str, transport: Transport, environment: Mapping[str, str]) -> Finding:
    variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    named = (config.s3.endpoint_url, *(environment.get(name) for name in variables))
    endpoint = next(filter(None, named), None)
    if bucket:
        return await _bucket(config, bucket)
    if endpoint is None:
        return Finding("S3", "skip", "not tried", "--bucket NAME tries to list one")
    shown = _without_password(endpoint)
    try:
        status = await _status(transport, endpoint, {})
    except NoAnswer as error:
        return Finding("S3", "fail", f"{shown}: {error}", "check endpoint_url or AWS_ENDPOINT_URL_S3")
    return Finding("S3", "ok", f"{shown} answers {status}", "--bucket NAME tries to list one")


async def _bucket(config: Config, bucket: str) -> Finding:
    place = Location(bucket.removeprefix("s3://").partition("/")[0], "")
    region = botocore.session.get_session().get_config_variable("region") or "us-east-1"
    try:
        with anyio.fail_after(CALL_LIMIT):
            await S3(config.s3, own={OWN_ADDRESS}).reachable(place, Access(region=region))
    except S3Refused as error:
        return Finding("S3", "fail", str(error), "the proxy's own credentials need access to the buckets")
    except S3Unavailable as error:
        return Finding("S3", "fail", str(error), "check the network, HTTPS_PROXY and AWS_ENDPOINT_URL_S3")
    except TimeoutError:
        return Finding("S3", "fail", f"{place}: no answer within {CALL_LIMIT:.0f} s", "check the network")
    return Finding("S3", "ok", f"{place} can be listed")


def _certificates(environment: Mapping[str, str]) -> Iterator[Finding]:
    confdir = Path(CONF_DIR).expanduser()
    file, bundle = ca_bundle.ca_file(confdir), ca_bundle.bundle_file(confdir)
    if not file.is_file():
        yield Finding("CA", "warn", f"{file} is not there yet", "mitmproxy makes it when the proxy starts")
        return
    expires = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    text = f"{file}, valid until {expires:%Y-%m-%d}"
    if expires < datetime.now(UTC):
        yield Finding("CA", "fail", text, "remove it and mitmproxy-ca.pem beside it: the proxy makes another")
    else:
        yield Finding("CA", "ok", text)
    yield _bundle("CA bundle", bundle, confdir)
    named = environment.get("AWS_CA_BUNDLE")
    if named and Path(named) != bundle:
        yield _bundle("AWS_CA_BUNDLE", Path(named), confdir)


def _bundle(check: str, bundle: Path, confdir: Path) -> Finding:
    hint = f"the proxy writes {ca_bundle.bundle_file(confdir)} when it starts; set AWS_CA_BUNDLE to that"
    try:
        if ca_bundle.holds_ca(bundle, confdir):
            return Finding(check, "ok", f"{bundle} holds mitmproxy's CA")
    except ca_bundle.NoBundle as error:
        return Finding(check, "warn", str(error), hint)
    return Finding(check, "warn", f"{bundle} does not hold mitmproxy's CA", hint)


def _egress_proxy(environment: Mapping[str, str]) -> Finding:
    """Do our own calls avoid this proxy, when the environment names one?"""
    target = "https://api.openai.com"
    named = proxy_for(target, environment)
    if named is None:
        return Finding("HTTPS_PROXY", "ok", "not set: calls to providers and S3 go out directly")
    shown = _without_password(named)
    if proxy_for(target, environment, {OWN_ADDRESS}) is None:
        hint = "set it for the application only; a proxy on another port than 8080 is seen when it starts"
        return Finding("HTTPS_PROXY", "warn", f"{shown} is this proxy: its own calls go out directly", hint)
    return Finding("HTTPS_PROXY", "ok", f"calls to providers and S3 go through {shown}")


def _without_password(url: str) -> str:
    return re.sub(r"^(\w+://)?[^/]*@", r"\1", url)  # no parser: it is shown when it cannot be parsed, too


def _print(console: Console, finding: Finding) -> None:
    line = Text.assemble(
        (f"{finding.level:<5}", _STYLES[finding.level]), (finding.check, "bold"), f": {visible(finding.text)}"
    )
    console.print(line, soft_wrap=True)
    if finding.hint:
        console.print(Text(f"      {visible(finding.hint)}", style="dim"), soft_wrap=True)
