"""Together as a server of chat completions (Together: reference chat-completions)."""

from msgspec import Raw

from translators.bedrock.converse import Note
from translators.providers.batch_file import Line
from translators.providers.chat_completions.lines import short_line_of
from translators.providers.chat_completions.server import Body, ChatServer
from translators.providers.chat_completions.traits import ResponseTraits, Traits, traits_of
from translators.providers.together.models import MODELS

_ADDITIONAL = frozenset(
    {
        *("presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "seed"),
        *("top_k", "min_p", "repetition_penalty"),
        *("chat_template_kwargs", "context_length_exceeded_behavior", "echo", "reasoning", "safety_model"),
    }
)
_NO_EFFORT = ("none", Raw(b'"none"'))
_DISABLED = Raw(b'{"enabled":false}')

_SERVER = Traits(
    limit="max_tokens",
    additional=_ADDITIONAL,
    lenient=True,
    most_stop_sequences=None,
    files=False,
    text_parts=False,
)


def _line(custom_id: str, url: str, body: Body, notes: list[Note]) -> Line:
    """Reasoning is disabled by a member of its own, beside the efforts."""
    if body.get("reasoning_effort") in _NO_EFFORT:
        del body["reasoning_effort"]
        body["reasoning"] = _DISABLED
    return short_line_of(custom_id, url, body, notes)


CHAT = ChatServer(traits=traits_of(MODELS, _SERVER), response=ResponseTraits(think_tags=True), write=_line)
