"""Names of models: those in the type lists of official SDKs, or else the documented ones."""

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

import groq.types.chat.completion_create_params as of_groq
import openai.types.shared.chat_model as of_openai
from anthropic.types import Model as AnthropicModel
from google.genai._gaos.types.interactions.model import Model as GeminiModel
from openai.types.shared import AllModels, ChatModel

_COHERE = [
    "command-a-03-2025",
    "command-a-plus-05-2026",
    "command-a-reasoning-08-2025",
    "command-a-vision-07-2025",
    "command-r7b-12-2024",
    "command-r-08-2024",
    "command-r-plus-08-2024",
    "command-r",
    "command-r-plus",
    "command-light",
    "command-nightly",
    "command-light-nightly",
]
"""Of the cohere SDK's own examples and docs/models; it has no type list."""

_MISTRAL = [
    "mistral-small-latest",
    "mistral-medium-latest",
    "mistral-large-latest",
    "mistral-medium-3-5",
    "mistral-small-2603",
    "mistral-large-2512",
    "ministral-3b-2512",
    "ministral-8b-2512",
    "ministral-14b-2512",
    "magistral-small-latest",
    "magistral-medium-latest",
    "codestral-latest",
    "devstral-2512",
    "voxtral-small-latest",
    "open-mistral-nemo",
]
"""Of models/model-cards and the mistralai SDK's own examples; it has no type list."""

_XAI = [
    "grok-4.3",
    "grok-4.5",
    "grok-4.6",
    "grok-4.20-0309-reasoning",
    "grok-4.20-0309-non-reasoning",
    "grok-4.20-multi-agent",
    "grok-4-0709",
    "grok-4-1-fast-reasoning",
    "grok-4-1-fast-non-reasoning",
    "grok-3",
    "grok-3-mini",
    "grok-code-fast-1",
]
"""Of docs/models and docs/migration; no SDK of xAI's is installed."""


def _literals(union: Any) -> Iterator[str]:
    """The names in a type alias of literals, or of unions with such."""
    for one in get_args(union):
        if isinstance(one, str):
            yield one
        else:
            yield from _literals(one)


def _names_in(source: Path, beginning: str) -> list[str]:
    """The names in the source of a literal that begins at this text."""
    text = source.read_text(encoding="utf-8")
    found = re.search(re.escape(beginning) + r"(.*?)\]", text, re.DOTALL)
    assert found is not None
    return re.findall(r'"([^"]+)"', found[1])


NAMES = MappingProxyType(
    {
        "openai": tuple(dict.fromkeys([*_literals(ChatModel), *_literals(AllModels)])),
        "anthropic": tuple(_literals(AnthropicModel)),
        "gemini": tuple(_literals(GeminiModel)),
        "groq": tuple(
            _names_in(Path(str(of_groq.__file__)), "model: Required[\n        Union[\n            str,")
        ),
        "mistral": tuple(_MISTRAL),
        "cohere": tuple(_COHERE),
        "xai": tuple(_XAI),
    }
)
"""Provider → names."""


def openai_shutdowns() -> dict[str, str]:
    """Name → the day of its shutdown, as openai's docstring has it."""
    text = Path(str(of_openai.__file__)).read_text(encoding="utf-8").partition("Deprecated values:")[2]
    found = re.finditer(r"- ((?:\"[^\"]+\",?\s*)+):\s+Announced shutdown\s+date:\s+(\d{4}-\d\d-\d\d)", text)
    return {name: one[2] for one in found for name in re.findall(r'"([^"]+)"', one[1])}
