from collections.abc import Mapping

import orjson
import pytest

from addon.proxy.list_merging import NotAList, merged

JOBS = {
    "openai": [
        {"jobName": "first", "submitTime": "2026-01-01T00:00:00.000Z"},
        {"jobName": "third", "submitTime": "2026-01-03T00:00:00.000Z"},
    ],
    "local": [{"jobName": "second", "submitTime": "2026-01-02T00:00:00.000Z"}],
}


async def _one_a_page(provider: str, query: Mapping[str, str]) -> bytes:
    """A List that gives one job a page, and refuses what is meant for AWS."""
    assert query["maxResults"] == "1000"
    assert query.get("nextToken") != "of-aws"
    assert query["statusEquals"] == "Completed"
    place = int(query.get("nextToken", "0"))
    jobs = JOBS[provider]
    more = {"nextToken": str(place + 1)} if place + 1 < len(jobs) else {}
    return orjson.dumps({"invocationJobSummaries": [jobs[place]], **more})


async def _names(aws: Mapping[str, object], **query: str) -> list[str] | None:
    asked = {"statusEquals": "Completed", "maxResults": "1", "nextToken": "of-aws", **query}
    content = await merged(orjson.dumps(aws), asked, JOBS, _one_a_page)
    if content is None:
        return None
    return [summary["jobName"] for summary in orjson.loads(content)["invocationJobSummaries"]]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({}, ["aws", "third", "second", "first"]),
        ({"sortOrder": "Descending"}, ["aws", "third", "second", "first"]),
        ({"sortOrder": "Ascending"}, ["aws", "first", "second", "third"]),
    ],
)
async def test_the_last_page_ends_with_all_routed_jobs_in_order(
    order: dict[str, str], names: list[str]
) -> None:
    assert await _names({"invocationJobSummaries": [{"jobName": "aws"}]}, **order) == names
    assert await _names({"invocationJobSummaries": [{"jobName": "aws"}], "nextToken": ""}, **order) == names


async def test_a_page_that_is_not_the_last_stays_as_it_came() -> None:
    assert await _names({"invocationJobSummaries": [], "nextToken": "more"}) is None


async def test_without_routed_jobs_the_answer_stays_as_it_came() -> None:
    assert await merged(b'{"invocationJobSummaries": []}', {}, (), _one_a_page) is None


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'"text"', b"<html>"])
async def test_response_that_is_no_list_is_an_error(answer: bytes) -> None:
    with pytest.raises(NotAList, match="invocationJobSummaries"):
        await merged(answer, {}, JOBS, _one_a_page)
