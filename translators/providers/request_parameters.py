"""Parameters of Converse requests, fitted once for all records that have the same.

Most records of a job differ in their messages only.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import msgspec
from msgspec import Raw, structs

from translators.bedrock.converse import Note, Request
from translators.providers.batch_file import once_each
from translators.providers.native.parameters import LONGEST_REMEMBERED, MOST_REMEMBERED

type Body = dict[str, object]

_ENCODER = msgspec.json.Encoder()


type Fitted = tuple[Mapping[str, Raw], tuple[Note, ...]]
"""Members of a provider's request as JSON, which is written once, and the notes on them."""


def fitted_once[Rules](
    fit: Callable[[Request, Rules, list[Note]], Body],
) -> Callable[[Request, Rules], Fitted]:
    """Call `fit` once for requests with the same tools, inference, output and additional fields, and the same
    rules, which are hashable. It gets requests without messages. Raises what `fit` raises, each time."""

    def first(request: Request, rules: Rules) -> Fitted:
        notes: list[Note] = []
        members = fit(structs.replace(request, messages=[], system=None), rules, notes)
        written = {name: Raw(_ENCODER.encode(value)) for name, value in members.items()}
        return written, once_each(notes)

    @lru_cache(maxsize=MOST_REMEMBERED)
    def place(parameters: bytes, rules: Rules) -> list[Fitted]:
        """Where the result for these parameters is kept: empty until it is there."""
        return []

    def result(request: Request, rules: Rules) -> Fitted:
        parameters = _ENCODER.encode(
            (
                request.inference_config,
                request.tool_config,
                request.additional_model_request_fields,
                request.output_config,
            )
        )
        if len(parameters) > LONGEST_REMEMBERED:
            return first(request, rules)
        kept = place(parameters, rules)
        if not kept:
            kept.append(first(request, rules))
        return kept[0]

    return result
