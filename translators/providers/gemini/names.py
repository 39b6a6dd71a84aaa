"""Names of functions as Gemini accepts them.

Gemini: a name starts with a letter or an underscore and has at most 128 characters (google-genai,
`FunctionDeclaration.name`).
"""

import re

from translators.providers.identifiers import fitting

LONGEST_NAME = 128

_STARTS_WELL = re.compile(r"[A-Za-z_]")


def function_name(name: str) -> str:
    """The tool's name, fitted where it has to be."""
    if _STARTS_WELL.match(name) is not None:
        return fitting(name, LONGEST_NAME)
    return fitting(f"_{name}.", LONGEST_NAME)  # the dot does not fit: a digest keeps it apart from `_name`
