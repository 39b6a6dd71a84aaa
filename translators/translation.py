"""Records to provider lines and provider rows to Bedrock output: where dialects and providers meet.

    source dialect → Converse request → provider line
    provider row → Converse response → source dialect

Pure: the same input gives the same bytes.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.families.registry import CONVERSE, Family, family_of_body, family_of_model
from translators.bedrock.model_ids import parse
from translators.errors import RecordError, Refused
from translators.providers.registry import provider
from translators.providers.rows import Line, Unfinished

type InvocationType = Literal["InvokeModel", "Converse"]


@dataclass(frozen=True, kw_only=True)
class Route:
    """From which dialect to which provider's model the records of a job go."""

    model_id: str
    """The job's `modelId` as the application sent it."""
    invocation_type: InvocationType
    provider: str
    """A row of the provider registry."""
    model: str
    """The provider's own name of the model."""


class ModelOutput(Struct, frozen=True):
    """What a record gets: the JSON of `modelOutput`, and the tokens it cost."""

    json: bytes
    input_tokens: int
    output_tokens: int


class Translator:
    """One job's translation, both ways."""

    def __init__(self, route: Route) -> None:
        self._provider = provider(route.provider)
        self._model = route.model
        self._model_id = route.model_id
        self._family = (
            CONVERSE if route.invocation_type == "Converse" else family_of_model(parse(route.model_id))
        )

    def line(self, custom_id: str, model_input: Raw) -> Line | RecordError:
        """The provider's line for a record, or why there can be none."""
        try:
            request = self._family_of(model_input).request(model_input)
            return self._provider.line(custom_id, request, self._model)
        except Refused as refusal:
            return refusal.error

    def model_output(self, model_input: Raw, row: bytes) -> ModelOutput | RecordError | Unfinished:
        """What a provider's result row means for this record, in the dialect it was asked in."""
        try:
            family = self._family_of(model_input)
            answer = self._provider.answer(row, lambda: family.request(model_input))
            if isinstance(answer, RecordError | Unfinished):
                return answer
            usage = answer.response.usage
            return ModelOutput(
                family.answer(answer, self._model_id, model_input), usage.input_tokens, usage.output_tokens
            )
        except Refused as refusal:
            return RecordError(502, f"the provider's answer cannot be shown in this dialect: {refusal}")

    def _family_of(self, model_input: Raw) -> Family:
        if self._family is not None:
            return self._family
        try:
            members = msgspec.json.decode(model_input, type=dict[str, Raw])
        except msgspec.DecodeError as error:
            raise Refused("modelInput", str(error)) from error
        return family_of_body(members)
