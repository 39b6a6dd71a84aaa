from addon.providers.concurrency import ConcurrencyLimit


def test_the_limit_falls_by_half_and_rises_by_one_for_a_round_of_answers() -> None:
    limit = ConcurrencyLimit(8)
    limit.slower(0)
    limit.slower(0)
    assert limit.now == 2
    for _ in range(2):
        limit.answered()
    assert limit.now == 3
    for _ in range(100):
        limit.answered()
    assert limit.now == 8
    for _ in range(10):
        limit.slower(0)
    assert limit.now == 1


def test_a_short_wait_does_not_shorten_a_longer_one() -> None:
    limit = ConcurrencyLimit(8)
    limit.slower(until=60)
    limit.slower(until=0.5)
    assert limit._held_until == 60
