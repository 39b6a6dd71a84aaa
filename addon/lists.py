"""Routed jobs at the end of AWS's own list (option `batch_merge_lists`).

AWS pages its jobs with tokens of its own, so ours follow where its list ends: on the page without a
`nextToken`, all of those that the same filters let through. That page may be longer than `maxResults`.
"""

from collections.abc import Awaitable, Callable, Mapping

import orjson

SUMMARIES = "invocationJobSummaries"
PAGE = "1000"
"""The largest `maxResults` AWS allows."""

type ListJobs = Callable[[Mapping[str, str]], Awaitable[bytes]]
"""Query parameters of a List → its answer."""


class NotAList(ValueError):
    """What AWS answered is not a list of jobs."""


async def merged(aws: bytes, query: Mapping[str, str], list_jobs: ListJobs) -> bytes | None:
    """AWS's answer with the routed jobs appended; None where it stays as it came.

    Raises `NotAList`, and `AwsError` for filters that AWS took and we do not.
    """
    try:
        page = orjson.loads(aws)
        summaries = page[SUMMARIES]
    except (orjson.JSONDecodeError, TypeError, KeyError) as error:
        raise NotAList(f"no {SUMMARIES} in AWS's answer") from error
    if page.get("nextToken"):
        return None
    routed = await _all(query, list_jobs)
    return orjson.dumps({**page, SUMMARIES: [*summaries, *routed]}) if routed else None


async def _all(query: Mapping[str, str], list_jobs: ListJobs) -> list[object]:
    wanted = {name: value for name, value in query.items() if name not in {"maxResults", "nextToken"}}
    summaries: list[object] = []
    token: str | None = None
    while True:
        page = orjson.loads(
            await list_jobs({**wanted, "maxResults": PAGE} | ({"nextToken": token} if token else {}))
        )
        summaries += page[SUMMARIES]
        if (token := page.get("nextToken")) is None:
            return summaries
