"""Errors of refused batches that name requests."""

import pytest

from translators.providers.named_requests import NamedRequest, named_requests

JOB = "abcdefghij12"


@pytest.mark.parametrize(
    ("error", "positions"),
    [
        ("line 3: Missing required parameter: 'body.messages'. (missing_required_parameter)", [2]),
        ("Invalid request on line 12 of the file", [11]),
        ("Row 1: field 'text' is missing", [0]),
        ("requests.1.params.messages.0.content.0.image.source.base64: invalid base64 data", [1]),
        ("/batch_requests/4/chat_get_completion: unknown field", [4]),
        ("Failed to deserialize: batch_requests[0].messages: missing field", [0]),
        (
            "Invalid value at 'batch.input_config.requests.requests[2].request.contents[0].parts[0].inline_"
            'data.data\' (TYPE_BYTES), Base64 decoding failed for "requests[5], line 7"\n'
            "Invalid value at 'batch.input_config.requests.requests[4].request.contents[0].parts[1]' (text)",
            [2, 4],
        ),
        ("Expected ',' or ']' at line 1 column 7", []),
        ("model: claude-9 was not found", []),
        ("messages.1.content: text is too long", []),
        ("the batch has 3 requests; the limit is 2", []),
        ("", []),
    ],
)
def test_positions_count_from_zero_whoever_counts(error: str, positions: list[int]) -> None:
    named = named_requests([error], JOB)
    assert [(one.position, one.custom_id) for one in named] == [(position, None) for position in positions]
    assert all(one.reason in error for one in named)


@pytest.mark.parametrize(
    ("error", "custom_ids"),
    [
        (f'custom_id "{JOB}-17": image cannot be read', [f"{JOB}-17"]),
        (f"requests.0.custom_id {JOB}-17_2_5: duplicate", [f"{JOB}-17_2_5"]),
        (f"the batch {JOB}-0-1 is refused", []),
        ("custom_id zyxwvutsrq98-3 is bad", []),
    ],
)
def test_a_custom_id_of_the_jobs_says_which_request(error: str, custom_ids: list[str]) -> None:
    assert named_requests([error], JOB) == [NamedRequest(None, one, error) for one in custom_ids]


def test_a_long_reason_is_cut() -> None:
    (named,) = named_requests([f"line 1: {'x' * 5000}"], JOB)
    assert len(named.reason) < 1100
