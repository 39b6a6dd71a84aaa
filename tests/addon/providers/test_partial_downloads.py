"""Two processes that download the same file: one was paused, and the other has taken its job over."""

from pathlib import Path

import httpx
import pytest

from addon.providers.partial_downloads import PartialDownload
from addon.storage import unfinished_files


def of_a_process(path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> PartialDownload:
    monkeypatch.setattr(unfinished_files, "_OF_THIS_PROCESS", name)
    return PartialDownload(path)


def test_one_process_does_not_end_what_another_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.jsonl"
    paused, other = (of_a_process(path, name, monkeypatch) for name in ("a", "b"))
    response = httpx.Response(200, headers={"etag": '"1"'})
    paused.begin(response)
    paused.part.write_bytes(b"whole\n")
    other.begin(response)
    other.part.write_bytes(b"who")
    paused.end()
    assert path.read_bytes() == b"whole\n"
    request = httpx.Request("GET", "https://provider/results")
    other.ask_for_rest(request)
    assert request.headers["range"] == "bytes=3-"
    other.part.write_bytes(b"whole\n")
    other.end()
    assert [file.name for file in tmp_path.iterdir()] == ["results.jsonl"]


def test_an_attempt_of_the_same_process_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    first = PartialDownload(path)
    first.begin(httpx.Response(200, headers={"etag": '"1"'}))
    first.part.write_bytes(b"who")
    request = httpx.Request("GET", "https://provider/results")
    PartialDownload(path).ask_for_rest(request)
    assert request.headers["if-range"] == '"1"'
