"""The shapes of error messages, and failed records in groups."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addon.jobs.processes.error_groups import (
    MOST_GROUPS,
    OTHER,
    ErrorGroups,
    bounded,
    count_error,
    merged_groups,
    shape,
)
from translators.errors import RecordError


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        (
            ["max_tokens: 9000 is more than 4,096", "max_tokens: 70000 is more than 8,192"],
            "max_tokens: … is more than …",
        ),
        (["unknown tool 'get_weather'", "unknown tool 'a \"b\" c'"], "unknown tool …"),
        (['the model "gpt-5" is gone', 'the model "o9 \\" x" is gone'], "the model … is gone"),
        (
            [
                "id 6fa459ea-ee8a-3ca4-894e-db77e160355e failed",
                "id 16fd2706-8baf-433b-82eb-8c7fada847da failed",
            ],
            "id … failed",
        ),
        (["see req_011CSHoEeqs5C35K2UUqR7Fy", "see req_9Y8xx21aBc"], "see …"),
        (["hash deadbeef00112233 is wrong", "hash 00ff00ff00ff is wrong"], "hash … is wrong"),
        (["two\nlines  and\ttabs"], "two lines and tabs"),
        (["it's 5 o'clock, isn't it", "it's 6 o'clock, isn't it"], "it's … o'clock, isn't it"),
    ],
)
def test_messages_that_differ_in_details_have_one_shape(messages: list[str], expected: str) -> None:
    assert {shape(message) for message in messages} == {expected}


def test_the_records_own_id_is_a_detail() -> None:
    assert shape("record order/A is bad", "order/A") == shape("record order/B is bad", "order/B")


def test_a_word_stays_although_it_has_letters_of_hexadecimal_numbers() -> None:
    assert (
        shape("the facade is defaced; invalid_request_error")
        == "the facade is defaced; invalid_request_error"
    )


def test_a_message_of_megabytes_costs_and_keeps_little() -> None:
    groups: ErrorGroups = {}
    count_error(groups, RecordError(400, "x" * 10_000_000), 0, "r")
    ((key, group),) = groups.items()
    assert len(key) < 1000
    assert len(str(group["message"])) < 3000


_messages = st.sampled_from([f"{word} {number}" for word in ("lost", "late", "'no'") for number in range(3)])
_errors = st.lists(st.tuples(st.sampled_from([400, 429, 500]), _messages | st.text(max_size=20)), max_size=80)


def grouped(errors: list[tuple[int, str]], first: int = 0) -> ErrorGroups:
    groups: ErrorGroups = {}
    for index, (code, message) in enumerate(errors, first):
        count_error(groups, RecordError(code, message), index, f"r{index}")
    return groups


def total(groups: ErrorGroups) -> int:
    return sum(int(str(group["count"])) for group in groups.values())


@given(_errors)
def test_the_counts_sum_to_the_failed_records(errors: list[tuple[int, str]]) -> None:
    groups = grouped(errors)
    assert total(groups) == total(bounded(groups)) == total(merged_groups([groups])) == len(errors)
    assert len(bounded(groups)) <= MOST_GROUPS + 1


@given(_errors, _errors, _errors)
def test_merging_is_associative_and_in_any_order(
    one: list[tuple[int, str]], two: list[tuple[int, str]], three: list[tuple[int, str]]
) -> None:
    a, b, c = grouped(one), grouped(two, 100), grouped(three, 200)
    left = merged_groups([merged_groups([a, b]), c])
    assert left == merged_groups([a, merged_groups([b, c])]) == merged_groups([c, b, a])
    assert list(left) == list(merged_groups([c, a, b]))


def test_shapes_beyond_the_limit_are_counted_together() -> None:
    words = [chr(97 + n % 26) * (n // 26 + 1) for n in range(MOST_GROUPS + 20)]
    groups = grouped([(400, word) for word in words])
    assert len(groups) == MOST_GROUPS + 1
    assert groups[OTHER]["count"] == 20
    both = bounded(merged_groups([groups, grouped([(500, word) for word in words], 1000)]))
    assert len(both) == MOST_GROUPS + 1
    assert total(both) == 2 * len(words)
