"""Message and code of an error body of any provider, or of a server with a provider's format.

{"error": {"message", "type", "code"}}                  OpenAI, Anthropic, Google
{"error": "words"}                                      Ollama, llama.cpp
{"object": "error", "message", "type", "param", "code"} Mistral, older vLLM
{"detail": "words"}, {"detail": [{"loc", "msg"}]}       FastAPI, hence Mistral, TGI, many gateways
{"message"}                                             Cohere
{"errors": [{"message"}]}                               JSON:API and others
"""

from typing import cast

import msgspec

_PLACES = ("message", "detail", "msg", "error", "errors", "error_message", "title", "reason")
_LONGEST_JSON = 100_000


def message_of(body: object) -> str | None:
    """The words in an error body; None where it has none."""
    if isinstance(body, str):
        return _in_text(body) or None
    if isinstance(body, list):
        return "; ".join(filter(None, map(message_of, cast("list[object]", body)))) or None
    if not isinstance(body, dict):
        return None
    members = cast("dict[str, object]", body)
    found = next(filter(None, (message_of(members.get(place)) for place in _PLACES)), None)
    where = members.get("loc")
    if found is None or not isinstance(where, list):
        return found
    return f"{'.'.join(map(str, cast('list[object]', where)))}: {found}"


def _in_text(text: str) -> str:
    """The words; those inside where the text is a body again, as gateways pass one on."""
    if not text.startswith(("{", "[")) or len(text) > _LONGEST_JSON:
        return text
    try:
        return message_of(msgspec.json.decode(text)) or text
    except (ValueError, RecursionError):
        return text


def code_of(body: object) -> str | None:
    """The code in an error body, a number as text; None where it has none."""
    if not isinstance(body, dict):
        return None
    members = cast("dict[str, object]", body)
    found = members.get("code")
    if isinstance(found, str | int) and not isinstance(found, bool):
        return str(found)
    return code_of(members.get("error"))
