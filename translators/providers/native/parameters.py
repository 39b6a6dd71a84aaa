"""Parameters of bodies that are in a provider's own format, fitted once for all records that have the same.

Most records of a job differ in their messages only.
"""

from collections.abc import Callable
from functools import lru_cache

import msgspec
from msgspec import Raw

from translators.bedrock.converse import Note
from translators.wire import Members

MOST_REMEMBERED = 64
LONGEST_REMEMBERED = 16_384
"""In bytes: tools of most applications are shorter."""

_PARAMETERS = msgspec.json.Decoder(dict[str, Raw])
_ENCODER = msgspec.json.Encoder()


def fitted_once[*Key, Fitted](
    fit: Callable[[Members, list[Note], *Key], Fitted],
) -> Callable[[Members, list[Note], *Key], Fitted]:
    """Call `fit` once for parameters of the same bytes and the same key, which is hashable: the result is
    shared and must not be changed. Raises what `fit` raises, each time."""

    def fitted(parameters: bytes, *key: *Key) -> tuple[Fitted, tuple[Note, ...]]:
        notes: list[Note] = []
        return fit(_PARAMETERS.decode(parameters), notes, *key), tuple(notes)

    remembered = lru_cache(maxsize=MOST_REMEMBERED)(fitted)

    def result(members: Members, notes: list[Note], *key: *Key) -> Fitted:
        parameters = _ENCODER.encode(members)
        if len(parameters) > LONGEST_REMEMBERED:
            return fit(members, notes, *key)
        found, added = remembered(parameters, *key)
        if added:
            notes += added
        return found

    return result
