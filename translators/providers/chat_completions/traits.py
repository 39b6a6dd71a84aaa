"""Differences between models, and between servers, of chat completions."""

from dataclasses import dataclass
from typing import Literal

from translators.providers.converse_requests import EFFORTS, Effort
from translators.providers.json_schemas import Subset

ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs"),
        *("seed", "user", "verbosity", "prompt_cache_key", "safety_identifier"),
    }
)
"""Parameters that are sent under the name under which a record gives them (OpenAI: chat/create)."""


ANY_SCHEMA = Subset("the provider")


@dataclass(frozen=True, kw_only=True)
class Traits:
    """Parameters and content that a model accepts in a chat completion, at the server that runs it."""

    limit: Literal["max_completion_tokens", "max_tokens"] = "max_completion_tokens"
    """The parameter that bounds the answer's length. OpenAI deprecates `max_tokens` and refuses it for
    reasoning models; most compatible servers know nothing else."""
    efforts: tuple[Effort, ...] | None = None
    """The values of `reasoning_effort`; none for a model that does not reason, None where unknown."""
    sampling: Literal["always", "without reasoning", "never"] = "always"
    """Condition under which temperature, penalties, log probabilities and their like are accepted."""
    stop: bool = True
    parallel_tool_calls: bool = True
    """Whether the parameter of this name is accepted."""
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
    """What is not accepted in the schema of an answer."""
    text_parts: bool = True
    """Whether a message may have several texts; else they are joined by blank lines."""

    def effort(self, asked: Effort) -> Effort | None:
        """The accepted effort closest to the one asked for, the higher of two; none only for none.

        None where reasoning can be switched off but not be measured.
        """
        if self.efforts is None:
            return asked
        rank = EFFORTS.index(asked)
        candidates: list[Effort] = [word for word in self.efforts if word != "none" or asked == "none"]
        return min(
            candidates, key=lambda word: (abs(EFFORTS.index(word) - rank), -EFFORTS.index(word)), default=None
        )


@dataclass(frozen=True, kw_only=True)
class ResponseTraits:
    """Differences of a server's responses from OpenAI's."""

    think_tags: bool = False
    """Whether models write their reasoning into the text, between `<think>` and `</think>`."""
    reasoning_apart: bool = False
    """Whether reasoning tokens are counted beside the completion's instead of among them."""


OPENAI_RESPONSES = ResponseTraits()
