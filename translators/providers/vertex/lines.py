"""A record as a line of a job's input: a request to Gemini or, for a model of Claude, to Claude.

Google: models/capabilities/batch-inference, models/partner-models/claude/batch. A row of Claude's brings the
line's id back. One of Gemini's brings nothing back but the request: there the id is a label, which has room
for as many characters as ours have, of the same kinds (BerriAI/litellm#25627, maximhq/bifrost#4152).
"""

from collections.abc import Mapping

import msgspec
from msgspec import Raw, Struct

from translators.bedrock.converse import Note, Request
from translators.providers.anthropic import request as to_claude
from translators.providers.anthropic.native.body import said_to
from translators.providers.batch_file import Line, once_each
from translators.providers.gemini import request as to_gemini
from translators.providers.rules.model_rules import Overrides
from translators.providers.vertex.models import MODELS, is_claude
from translators.wire import Members

LABEL = "bedrock_batch_record"
"""Lower-case letters, digits, `_` and `-`, the first a letter; a value need not begin with one."""

VERSION = "vertex-2023-10-16"
"""`anthropic_version`, the only one (Anthropic: build-with-claude/claude-models-on-google-cloud)."""


class _GeminiLine(Struct, frozen=True, gc=False):
    request: Mapping[str, object]


class _ClaudeLine(Struct, frozen=True, gc=False):
    custom_id: str
    request: Mapping[str, object]


_ENCODER = msgspec.json.Encoder()


def line(custom_id: str, request: Request, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks the model for this record's answer. Raises `Refused`."""
    notes: list[Note] = []
    rules = MODELS.rules(model, overrides)
    body: dict[str, object]
    if is_claude(model):
        body = {"anthropic_version": VERSION}
        betas = to_claude.add_message(body, request, rules, notes)
        return _claude_line(custom_id, body, betas, notes)
    body = to_gemini.body_for(request, rules, notes)
    body["labels"] = {LABEL: custom_id}
    return _written(_GeminiLine(body), notes)


def native_line(custom_id: str, model_input: Raw | Members, model: str, overrides: Overrides = ()) -> Line:
    """The line that asks a model of Claude what a body of Claude's asks. Raises `Refused`."""
    notes: list[Note] = []
    said, betas = said_to(model_input, MODELS.rules(model, overrides), notes)
    return _claude_line(custom_id, {"anthropic_version": VERSION, **said}, betas, notes)


def _claude_line(custom_id: str, body: dict[str, object], betas: str, notes: list[Note]) -> Line:
    """Betas stand in the body, as at Bedrock: a job has no headers of its own (BerriAI/litellm)."""
    if betas:
        body["anthropic_beta"] = betas.split(",")
    return _written(_ClaudeLine(custom_id, body), notes)


def _written(said: _GeminiLine | _ClaudeLine, notes: list[Note]) -> Line:
    return Line(_ENCODER.encode(said), once_each(notes) if notes else ())
