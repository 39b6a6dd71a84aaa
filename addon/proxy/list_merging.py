"""Routed jobs at the end of AWS's own list (option `batch_merge_lists`).

AWS pages its jobs with tokens of its own, so ours follow where its list ends: on the page without a
`nextToken`, all of those that the same filters let through. That page may be longer than `maxResults`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import orjson

SUMMARIES = "invocationJobSummaries"
PAGE = "1000"
"""The largest `maxResults` AWS allows."""

type ListJobs = Callable[[str, Mapping[str, str]], Awaitable[bytes]]
"""Provider and query parameters of a List → its answer."""


class NotAList(ValueError):
    """What AWS answered is not a list of jobs."""


async def merged(
    aws: bytes, query: Mapping[str, str], providers: Iterable[str], list_jobs: ListJobs
) -> bytes | None:
    """AWS's answer with the providers' jobs appended; None where it stays as it came.

    Raises `NotAList`.
    """
    try:
        page = orjson.loads(aws)
        summaries = page[SUMMARIES]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise NotAList(f"AWS's answer has no {SUMMARIES}") from error
    if page.get("nextToken"):
        return None
    wanted = {name: value for name, value in query.items() if name not in {"maxResults", "nextToken"}}
    routed = [job for provider in providers for job in await _all(provider, wanted, list_jobs)]
    routed.sort(key=lambda job: job["submitTime"], reverse=query.get("sortOrder") != "Ascending")
    return orjson.dumps({**page, SUMMARIES: [*summaries, *routed]}) if routed else None


async def _all(provider: str, wanted: Mapping[str, str], list_jobs: ListJobs) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = []
    query = {**wanted, "maxResults": PAGE}
    while True:
        page = orjson.loads(await list_jobs(provider, query))
        jobs += page[SUMMARIES]
        if (token := page.get("nextToken")) is None:
            return jobs
        query["nextToken"] = token
