"""Names of functions that Gemini cannot take as they are, and the way back.

Gemini: a name starts with a letter or an underscore and has at most 128 characters (google-genai,
`FunctionDeclaration.name`).
"""

import re
from collections.abc import Callable

from translators.bedrock.converse import Request
from translators.providers.names import fitting, may_be_mapped

LONGEST_NAME = 128

_STARTS_WELL = re.compile(r"[A-Za-z_]")


def function_name(name: str) -> str:
    """The tool's name, fitted where it has to be."""
    if _STARTS_WELL.match(name) is not None:
        return fitting(name, LONGEST_NAME)
    return fitting(f"_{name}.", LONGEST_NAME)  # the dot does not fit: a digest keeps it apart from `_name`


def tool_name(name: str, asked: Callable[[], Request]) -> str:
    """The name under which the record knows the function that was called."""
    if not may_be_mapped(name):
        return name
    config = asked().tool_config
    tools = config.tools if config is not None else []
    known = (tool.tool_spec.name for tool in tools if tool.tool_spec is not None)
    return next((word for word in known if function_name(word) == name), name)
