"""Appends routed jobs to AWS's list (option `batch_merge_lists`).

AWS's pages have tokens of its own, so all routed jobs that match the filters follow on its last page, the one
without a `nextToken`. That page may be longer than `maxResults`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson

SUMMARIES = "invocationJobSummaries"
MAX_RESULTS = "1000"
"""The largest `maxResults` AWS allows."""

type ListJobs = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""Provider and query parameters of a List → its response body."""


class NotAList(ValueError):
    """AWS's response body is not a list of jobs."""


async def merged(
    aws: bytes, query: Mapping[str, str], providers: Iterable[str], list_jobs: ListJobs
) -> bytes | None:
    """AWS's response body with the providers' jobs appended; None for no change. Raises `NotAList`."""
    try:
        page = orjson.loads(aws)
        summaries = page[SUMMARIES]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise NotAList(f"AWS's answer has no {SUMMARIES}") from error
    if page.get("nextToken"):
        return None
    filters = {name: value for name, value in query.items() if name not in {"maxResults", "nextToken"}}
    routed = [job for provider in providers for job in await _all(provider, filters, list_jobs)]
    routed.sort(key=lambda job: job["submitTime"], reverse=query.get("sortOrder") != "Ascending")
    return orjson.dumps({**page, SUMMARIES: [*summaries, *routed]}) if routed else None


async def _all(provider: str, filters: Mapping[str, str], list_jobs: ListJobs) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    query = {**filters, "maxResults": MAX_RESULTS}
    while True:
        page = orjson.loads(await list_jobs(provider, query))
        jobs += page[SUMMARIES]
        if (token := page.get("nextToken")) is None:
            return jobs
        query["nextToken"] = token
