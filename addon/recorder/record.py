"""Writes captured flows as recordings, without their secrets (`recordings/README.md`)."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from addon.recorder import record_cases
from addon.recorder.captures import Exchange, RecordingFailed, Response, as_json, read
from addon.recorder.conversation_matcher import ConversationMatcher, Match, is_below, significant_headers
from addon.recorder.redaction import redacted
from addon.settings.config import BadConfig, Config, NoAddress, load
from translators.providers.conversation import Batch, Endpoint
from translators.providers.registry import PROVIDERS, UnknownProvider, provider

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "azure": "https://example-resource.openai.azure.com",
        "fireworks": "https://api.fireworks.ai/v1/accounts/example",
        "vertex": "https://us-central1-aiplatform.googleapis.com/v1/projects/our/locations/us-central1",
    }
)
"""Addresses in recordings, of providers with an address that depends on the account."""

STAGING: Mapping[str, str] = MappingProxyType({"vertex": "gs://example-bucket/batches"})
"""Staging folders in recordings, of providers that store no files."""

KEY = "test-key"


@dataclass(frozen=True)
class Address:
    """A provider's address in the captured flows."""

    base_url: str
    provider: str
    staging: str = ""


@dataclass(frozen=True)
class Written:
    """A folder that was written."""

    folder: Path
    about: str


def write_recordings(
    flows: Path, out: Path, provider_name: str, config: str, most_records: int
) -> list[Written]:
    """Write recordings of all that is in a flow file or HAR. Raises `RecordingFailed`.

    Conversations of ours become life-cycles, and records where the Bedrock job is in the flows as well; other
    exchanges become `traffic.json`, which is not played.
    """
    exchanges = read(flows)
    if not exchanges:
        raise RecordingFailed(f"{flows} holds no HTTP exchange")
    addresses = [*_known_addresses(config), *_addresses_in(exchanges, provider_name)]
    clean = redacted([_relocated(exchange, addresses) for exchange in exchanges])
    rests_on = f"captured from live traffic on {_date(exchanges)} with bedrock-batch record"
    name = re.sub(r"[^\w-]+", "-", flows.stem).strip("-") or "flows"
    written: list[Written] = []
    used: set[int] = set()
    for kind in PROVIDERS:
        matches = matches_of(kind, clean, used)
        used.update(at for match in matches for at in match.exchanges)
        cycles = list(life_cycles(matches))
        for number, cycle in enumerate(cycles, 1):
            folder = out / kind / (name if len(cycles) == 1 else f"{name}-{number}")
            written.append(write_life_cycle(folder, clean, cycle, rests_on))
            made = record_cases.cases(kind, cycle, clean, most_records)
            written += [
                _write_case(out / kind / f"{folder.name}-{case.name}", case, rests_on) for case in made
            ]
    rest = [exchange for at, exchange in enumerate(clean) if at not in used]
    written += _write_traffic(out, name, rest, rests_on)
    return written


def _known_addresses(config: str) -> Iterator[Address]:
    """Of the configured providers, and those in recordings."""
    try:
        loaded: Config = load(config or None)
    except BadConfig as error:
        raise RecordingFailed(str(error)) from error
    for name in loaded.known_providers:
        target = loaded.target(name)
        try:
            yield Address(target.base_url(os.environ), target.provider.name, target.staging(os.environ))
        except NoAddress:
            continue  # nothing can have been sent there
    for kind in PROVIDERS:
        yield Address(recorded_address(kind), kind)


def _addresses_in(exchanges: Iterable[Exchange], provider_name: str) -> Iterator[Address]:
    """Of the named provider, wherever an exchange may be with it. Raises `RecordingFailed`."""
    if not provider_name:
        return
    try:
        kind = provider(provider_name).name
    except UnknownProvider as error:
        raise RecordingFailed(str(error)) from error
    path = urlsplit(recorded_address(kind)).path
    for exchange in exchanges:
        parts = urlsplit(exchange.url)
        before, found, _ = parts.path.partition(path) if path else ("", "", "")
        if found or not path:
            yield Address(f"{parts.scheme}://{parts.netloc}{before}{path}", kind)


def recorded_address(kind: str) -> str:
    """The provider's address in recordings."""
    return EXAMPLES.get(kind, PROVIDERS[kind].base_url)


def _relocated(exchange: Exchange, addresses: Sequence[Address]) -> Exchange:
    """The exchange as if it had been with the provider's address in recordings."""
    fitting = [address for address in addresses if is_below(exchange.url, address.base_url)]
    if not fitting:
        return exchange
    address = max(fitting, key=lambda address: len(address.base_url))
    place = recorded_address(address.provider)

    def relocated(text: str) -> str:
        text = text.replace(address.base_url, place)
        if address.staging:
            text = text.replace(address.staging, STAGING[address.provider])
        return text.replace(_origin(address.base_url), _origin(place))

    response = exchange.response
    if response is not None:
        headers = tuple((name, relocated(value)) for name, value in response.headers)
        response = Response(status=response.status, headers=headers, body=relocated(response.body))
    body = relocated(exchange.body) if address.staging else exchange.body
    return replace(exchange, url=relocated(exchange.url), body=body, response=response)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def matches_of(kind: str, exchanges: Sequence[Exchange], used: AbstractSet[int] = frozenset()) -> list[Match]:
    """The conversations with one provider; `used` are the exchanges of conversations with others."""
    row = PROVIDERS[kind]
    endpoint = Endpoint(
        base_url=recorded_address(kind), headers=row.headers(KEY), staging=STAGING.get(kind, "")
    )
    return list(ConversationMatcher(row.batches, endpoint, exchanges, used).matches())


def life_cycles(matches: Iterable[Match]) -> Iterator[list[Match]]:
    """The conversations about each batch."""
    cycles: dict[str, list[Match]] = defaultdict(list)
    of_batch: dict[str, str] = {}
    for match in matches:
        submission = match.call.submission
        name = match.call.batch_id or "" if submission is None else str(submission.marker)
        name = of_batch.get(name, name)
        if isinstance(match.outcome, Batch):
            of_batch.setdefault(match.outcome.id, name)
        cycles[name].append(match)
    yield from cycles.values()


def write_life_cycle(
    folder: Path, exchanges: Sequence[Exchange], cycle: Sequence[Match], rests_on: str
) -> Written:
    """Write the recording of one batch. Raises `RecordingFailed`."""
    key_headers = PROVIDERS[folder.parent.name].headers(KEY)
    needed = [
        _json(exchanges[at], key_headers if at in match.unauthenticated else ())
        for match in cycle
        for at in match.exchanges
    ]
    conversations = [
        {"name": match.call.name, "arguments": match.call.arguments, **match.ending} for match in cycle
    ]
    files = {
        "exchange.json": needed,
        "meta.json": {"rests_on": rests_on, "conversations": conversations},
    }
    names = ", ".join(dict.fromkeys(match.call.name for match in cycle))
    return _write(folder, files, f"life-cycle of {len(needed)} exchanges: {names}")


def _write_case(folder: Path, case: record_cases.Case, rests_on: str) -> Written:
    meta = {**case.files["meta.json"], "rests_on": f"{rests_on}; output.json is what became of it here"}
    return _write(folder, {**case.files, "meta.json": meta}, "record")


def _write_traffic(out: Path, name: str, exchanges: Iterable[Exchange], rests_on: str) -> Iterator[Written]:
    of_host: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        of_host[_folder_name(exchange.url)].append(exchange)
    for host, traffic in of_host.items():
        files = {
            "traffic.json": [_json(exchange) for exchange in traffic],
            "meta.json": {"rests_on": rests_on},
        }
        about = f"traffic of {len(traffic)} exchanges that no conversation of ours makes"
        yield _write(out / host / f"{name}-traffic", files, about)


def _folder_name(url: str) -> str:
    kinds = [kind for kind in PROVIDERS if is_below(url, recorded_address(kind))]
    return kinds[0] if kinds else urlsplit(url).hostname or "unknown"


def _json(exchange: Exchange, absent: Iterable[str] = ()) -> dict[str, object]:
    """As recordings hold it: without the headers that carry the key, or with null where it was not sent."""
    response = exchange.response
    return {
        "request": {
            "method": exchange.method,
            "url": exchange.url,
            "headers": {**dict(significant_headers(exchange)), **dict.fromkeys(absent)},
            "body": as_json(exchange.body),
        },
        "response": None
        if response is None
        else {"status": response.status, "headers": dict(response.headers), "body": as_json(response.body)},
    }


def _write(folder: Path, files: Mapping[str, object], about: str) -> Written:
    """Write a new folder. Raises `RecordingFailed`."""
    try:
        folder.mkdir(parents=True)
        for name, content in files.items():
            text = json.dumps(content, indent=2, ensure_ascii=False)
            (folder / name).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise RecordingFailed(f"{folder}: {error.strerror}") from error
    return Written(folder, about)


def _date(exchanges: Sequence[Exchange]) -> str:
    return f"{datetime.fromtimestamp(min(exchange.began for exchange in exchanges), UTC):%Y-%m-%d}"
