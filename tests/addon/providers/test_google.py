"""Google's tokens and Cloud Storage, against servers on a real socket."""

import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from addon.demo.fake_provider.faults import Cut, Refuse
from addon.providers.credentials import NoKey, access_headers
from addon.providers.google_auth import (
    CredentialsRefused,
    GoogleCredentials,
    NoCredentials,
    TokenUnavailable,
)
from addon.providers.retry_policy import Unreachable
from addon.providers.transport import Transport
from addon.settings.config import Config, Target
from addon.storage.object_store import PART, SLICE
from tests.end_to_end.google_servers import BUCKET, GoogleServers, Point, key_file
from translators.errors import ProviderError
from translators.providers.conversation import Batch, Conversation, Endpoint, Marker, Submission
from translators.providers.vertex import batches

SUBMISSION = Submission(
    marker=Marker(job="k3v9x0q2m7ab", shard=0, round=0), model="gemini-2.5-flash-lite", group="", lines=1
)
OBJECT = "batches/k3v9x0q2m7ab-0-0/input.jsonl"


@pytest.fixture(scope="module")
def one_google() -> Iterator[GoogleServers]:
    with GoogleServers() as servers:
        yield servers


@pytest.fixture(scope="module")
def account(one_google: GoogleServers, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return key_file(tmp_path_factory.mktemp("account"), one_google.url)


@pytest.fixture
def google(one_google: GoogleServers, account: Path, monkeypatch: pytest.MonkeyPatch) -> GoogleServers:
    one_google.restore()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", one_google.storage)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GOOGLE_CLOUD_QUOTA_PROJECT", raising=False)
    return one_google


async def no_pause(_: float) -> None:
    return


type Play = Callable[..., Any]


@pytest.fixture
async def play(google: GoogleServers) -> Play:
    """Plays a conversation with Cloud Storage as this machine."""
    credentials = GoogleCredentials()

    async def played[Outcome](
        conversation: Callable[[Endpoint], Conversation[Outcome]], folder: Path | None = None
    ) -> Outcome:
        transport = Transport(pause=no_pause, google=credentials)
        endpoint = Endpoint(
            base_url=google.url, headers=await credentials.headers(), staging=f"gs://{BUCKET}/batches"
        )
        try:
            return await transport.play(conversation(endpoint), folder=folder)
        finally:
            await transport.close()

    return played


def uploading(data: bytes) -> Callable[[Endpoint], Conversation[str]]:
    return lambda endpoint: batches.upload(endpoint, SUBMISSION, BytesIO(data))


def fetching(*folders: str) -> Callable[[Endpoint], Conversation[tuple[str, ...]]]:
    batch = Batch(id="1", state="ended", raw_status="JOB_STATE_SUCCEEDED", result_files=folders)
    return lambda endpoint: batches.results(endpoint, batch)


def reading(url: str) -> Callable[[Endpoint], Conversation[httpx.Response]]:
    def conversation(endpoint: Endpoint) -> Conversation[httpx.Response]:
        return (yield httpx.Request("GET", url, headers=endpoint.headers))

    return conversation


@pytest.mark.parametrize(("size", "parts"), [(5, 0), (PART, 0), (2 * PART + 1, 3)])
async def test_lines_arrive_in_cloud_storage_whole(
    google: GoogleServers, play: Play, size: int, parts: int
) -> None:
    data = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    assert await play(uploading(data)) == f"gs://{BUCKET}/{OBJECT}"
    assert google.objects[OBJECT] == data
    assert google.parts[OBJECT] == parts


async def test_a_part_that_is_lost_is_sent_again(google: GoogleServers, play: Play) -> None:
    def cut(point: Point, count: int) -> None:
        if (point, count) == ("put", 2):
            raise Cut

    google.at = cut
    data = b"x" * (2 * PART + 1)
    await play(uploading(data))
    assert google.objects[OBJECT] == data


def unfinished_files(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


async def test_results_of_any_size_become_files(google: GoogleServers, play: Play, tmp_path: Path) -> None:
    large = b"0123456789" * (SLICE // 10 + 7)
    google.objects = {
        "out/of 1/predictions.jsonl-00000-of-00002": b"{}\n",
        "out/of 1/predictions.jsonl-00001-of-00002": large,
        "out/of 1/row_count.json": b"2",
        "out/of 10/predictions.jsonl": b"somebody else's",
    }
    names = await play(fetching(f"gs://{BUCKET}/out/of 1"), tmp_path)
    assert names == ("results-0.jsonl", "results-1.jsonl")
    assert [(tmp_path / name).read_bytes() for name in names] == [b"{}\n", large]
    assert not unfinished_files(tmp_path)


async def test_an_object_is_read_where_it_is_not_saved(google: GoogleServers, play: Play) -> None:
    google.objects["a"] = b"{}"
    assert (await play(reading(f"gs://{BUCKET}/a"))).content == b"{}"
    listing = (await play(reading(f"gs://{BUCKET}/"))).json()
    assert listing == {"items": [{"name": "a", "size": "2"}]}


async def test_an_error_of_cloud_storage_keeps_its_status_and_message(
    google: GoogleServers, play: Play
) -> None:
    def refuse(point: Point, count: int) -> None:
        raise Refuse(403, "batch@a-project has no access & never had.", type="AccessDenied")

    google.at = lambda point, count: None if point == "token" else refuse(point, count)
    with pytest.raises(ProviderError, match="has no access & never had") as refused:
        await play(uploading(b"{}\n"))
    assert (refused.value.status, refused.value.code, refused.value.passing) == (403, "AccessDenied", False)


async def test_what_is_not_there_is_missing(google: GoogleServers, play: Play) -> None:
    assert (await play(reading(f"gs://{BUCKET}/nothing"))).status_code == 404


async def test_cloud_storage_that_is_not_there_may_come_back(
    google: GoogleServers, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.storage.object_store.RETRIES", 0)
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "127.0.0.1:1")  # the scheme may be missing
    with pytest.raises(Unreachable, match=f"{BUCKET}.*refused"):
        await play(uploading(b"{}\n"))


async def test_without_a_token_nothing_is_asked(google: GoogleServers) -> None:
    transport = Transport(pause=no_pause)
    endpoint = Endpoint(base_url=google.url, headers={}, staging=f"gs://{BUCKET}/batches")
    with pytest.raises(ProviderError) as refused:
        await transport.play(batches.upload(endpoint, SUBMISSION, BytesIO(b"{}\n")))
    await transport.close()
    assert refused.value.status == 401
    assert google.seen == []


async def test_an_expired_token_is_renewed_during_a_transfer(google: GoogleServers) -> None:
    google.seconds, google.holding = 100, 1  # too short for google-auth to use a token twice
    credentials = GoogleCredentials()
    headers = await credentials.headers()
    await credentials.headers()
    transport = Transport(pause=no_pause, google=credentials)
    endpoint = Endpoint(base_url=google.url, headers=headers, staging=f"gs://{BUCKET}/batches")
    await transport.play(batches.upload(endpoint, SUBMISSION, BytesIO(b"{}\n")))
    await transport.close()
    assert google.objects[OBJECT] == b"{}\n"
    assert len(google.tokens) > 2


async def test_a_token_issued_elsewhere_is_not_renewed(google: GoogleServers) -> None:
    token, until = GoogleCredentials().renewed("somebody's")
    assert (token, google.tokens) == ("somebody's", [])
    assert until > datetime.now(UTC)


async def test_tokens_are_used_as_long_as_they_hold_and_in_threads(google: GoogleServers) -> None:
    threads: list[int] = []
    google.at = lambda point, count: threads.append(threading.get_ident())
    credentials = GoogleCredentials()
    assert await credentials.headers() == await credentials.headers()
    assert len(google.tokens) == 1
    assert threading.get_ident() not in threads


async def test_the_quota_project_is_sent(google: GoogleServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "quota-project")
    credentials = GoogleCredentials()
    headers = await credentials.headers()
    assert headers["x-goog-user-project"] == "quota-project"
    transport = Transport(pause=no_pause, google=credentials)
    endpoint = Endpoint(base_url=google.url, headers=headers, staging=f"gs://{BUCKET}/batches")
    await transport.play(batches.upload(endpoint, SUBMISSION, BytesIO(b"{}\n")))
    await transport.close()
    assert google.objects[OBJECT] == b"{}\n"


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
async def test_a_key_file_that_is_none_is_named(
    google: GoogleServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(NoCredentials, match=r"key\.json"):
        await GoogleCredentials().check()


async def test_an_account_that_google_does_not_know_is_refused(google: GoogleServers) -> None:
    def refuse(point: Point, count: int) -> None:
        raise Refuse(400, "Invalid JWT signature.", type="invalid_grant")

    google.at = refuse
    credentials = GoogleCredentials()
    await credentials.check()
    with pytest.raises(CredentialsRefused, match=r"\S"):
        await credentials.headers()


async def test_google_that_is_not_there_may_come_back(google: GoogleServers) -> None:
    def cut(point: Point, count: int) -> None:
        raise Cut

    google.at = cut
    with pytest.raises(TokenUnavailable, match=r"127\.0\.0\.1 cannot be asked"):
        await GoogleCredentials().headers()


def target(**section: Any) -> Target:
    return Config.model_validate({"providers": {"vertex": section}}).target("vertex")


async def test_a_key_is_preferred_to_credentials_of_the_machine(google: GoogleServers) -> None:
    headers = await access_headers(target(), "a-token", GoogleCredentials())
    assert headers == {"Authorization": "Bearer a-token"}
    assert google.tokens == []


async def test_missing_credentials_are_reported_with_the_settings_for_them(
    google: GoogleServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    with pytest.raises(NoKey, match="GOOGLE_APPLICATION_CREDENTIALS, or GOOGLE_OAUTH_ACCESS_TOKEN"):
        await access_headers(target(), None, GoogleCredentials())


async def test_results_that_are_saved_are_whole_or_not_there(
    google: GoogleServers, play: Play, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addon.storage.object_store.RETRIES", 0)

    def cut(point: Point, count: int) -> None:
        if point == "get" and count > 2:
            raise Cut

    google.objects["out/predictions.jsonl"] = b"x" * (2 * SLICE)
    google.at = cut
    with pytest.raises(Unreachable):
        await play(fetching(f"gs://{BUCKET}/out"), tmp_path)
    assert not (tmp_path / "results-0.jsonl").exists()


async def test_a_key_file_that_was_replaced_is_read_again(
    google: GoogleServers, account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = [Path(shutil.copy(account, tmp_path / name)) for name in ("key.json", "replacement.json")]
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(copies[0]))
    credentials = GoogleCredentials()
    await credentials.headers()
    copies[1].replace(copies[0])
    await credentials.headers()
    assert len(google.tokens) == 2
