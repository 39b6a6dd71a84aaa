"""Differences between models, and between servers, of chat completions."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Protocol

from translators.providers.json_schemas import Subset
from translators.providers.rules.model_rules import ANY, ModelRules, Overrides, RuleTable

ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("seed", "user", "verbosity", "prompt_cache_key", "safety_identifier"),
    }
)
"""Parameters that are sent under the name under which a record gives them (OpenAI: chat/create)."""


ANY_SCHEMA = Subset("the provider")


@dataclass(frozen=True, kw_only=True, eq=False)
class Traits:
    """Parameters and content that a server accepts in a chat completion for one of its models.

    Each is like itself only, so that what is remembered by it is found at once.
    """

    rules: ModelRules = ANY
    """The model's."""
    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """The parameter that bounds the answer's length. OpenAI deprecates `max_tokens` and refuses it for
    reasoning models; most compatible servers know nothing else."""
    additional: frozenset[str] = ADDITIONAL
    """The parameters of that kind that are accepted. Others are dropped where they only tune sampling."""
    lenient: bool = False
    """Whether more may be accepted than is known here: the server is an unknown one."""
    most_stop_sequences: int | None = 4
    """OpenAI: chat/create, `stop`. None where no limit is known."""
    files: bool = True
    """Whether PDFs are accepted."""
    audio: bool = True
    schemas: Subset = ANY_SCHEMA
    """The parts of an answer's schema that are not accepted."""
    text_parts: bool = True
    """Whether a message may have several texts; else they are joined by blank lines."""


class FindTraits(Protocol):
    """Finds the traits of a model of the server."""

    def __call__(self, model: str, overrides: Overrides = (), /) -> Traits: ...


def traits_of(models: RuleTable, server: Traits) -> FindTraits:
    """The traits of a server's models: the server's, with the rules of the model."""

    def found(model: str, overrides: Overrides = (), /) -> Traits:
        return replace(server, rules=models.rules(model, overrides))

    return lru_cache(maxsize=64)(found)  # asked for every record, and a job has one model


@dataclass(frozen=True, kw_only=True)
class ResponseTraits:
    """Differences of a server's responses from OpenAI's."""

    think_tags: bool = False
    """Whether models write their reasoning into the text, between `<think>` and `</think>`."""
    reasoning_apart: bool = False
    """Whether reasoning tokens are counted beside the completion's instead of among them."""


OPENAI_RESPONSES = ResponseTraits()
