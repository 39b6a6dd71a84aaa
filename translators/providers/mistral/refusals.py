"""Message and code of an error body, in responses and in rows alike (Mistral: resources/error-glossary).

The documented form is flat, `{"object": "error", "message", "type", "param", "code"}`. A wrong key gets
`{"detail": "Invalid API Key"}` (seen on the live API), and what fails validation a list of errors under
`detail` (mistralai 3.7: models/validationerror.py), which may also stand in the place of the message.
"""

from typing import cast

_PLACES = ("message", "detail", "msg", "error")


def message_of(body: object) -> str | None:
    """The message in an error body; None where it has none."""
    if isinstance(body, str):
        return body or None
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


def code_of(body: object) -> str | None:
    """The code in an error body, a number as text; None where it has none."""
    if not isinstance(body, dict):
        return None
    found = cast("dict[str, object]", body).get("code")
    return str(found) if isinstance(found, str | int) else None
