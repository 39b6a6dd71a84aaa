"""Under construction."""

from collections.abc import Mapping

from msgspec import Raw

from translators.bedrock import converse
from translators.bedrock.model_ids import ModelId


def has_model(model: ModelId) -> bool:
    """Whether this Bedrock model speaks the dialect under InvokeModel."""
    raise NotImplementedError


def has_shape(members: Mapping[str, object]) -> bool:
    """Whether a body with these top-level members is of the dialect."""
    raise NotImplementedError


def request(model_input: Raw) -> converse.Request:
    """The body → the hub. Raises `Refused` naming the field."""
    raise NotImplementedError


def answer(answer: converse.Answer, model_id: str, model_input: Raw) -> bytes:
    """JSON of `modelOutput`."""
    raise NotImplementedError
