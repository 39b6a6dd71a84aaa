"""Members of Anthropic's API that Converse has no counterpart for: dropped with a note, or refused.

Anthropic: api/messages/create; anthropic 2.14: beta/message_create_params.py, beta_tool_param.py.
"""

from collections.abc import Mapping
from operator import attrgetter
from types import MappingProxyType

from translators.bedrock.converse import Note
from translators.bedrock.families.claude import wire
from translators.errors import Refused

_DROPPED: Mapping[str, str] = MappingProxyType(
    {
        "model": "the job says which model answers",
        "stream": "a batch answers as a whole",
        "cache_control": "only makes the next request cheaper",
        "cache_hint": "only makes the next request cheaper",
        "context_hint": "only makes the next request cheaper",
        "billing_policy": "belongs to an account at Anthropic",
        "diagnostics": "reports on Anthropic's own caches",
        "fallback_credit_token": "belongs to an account at Anthropic",
        "fallbacks": "names other models of Anthropic's; the job says which model answers",
        "inference_geo": "the job says where it is answered",
        "service_tier": "a batch has its own",
        "speed": "a batch has no speed to choose",
        "store": "answers are kept in the job's bucket only",
        "user_profile_id": "belongs to an account at Anthropic",
        "workspace_id": "belongs to an account at Anthropic",
    }
)
_REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "compaction": "only Anthropic shortens a conversation",
        "container": "only Anthropic runs containers",
        "context_management": "only Anthropic edits a conversation",
        "mcp_servers": "only Anthropic calls these servers",
        "previous_thread_event_id": "a batch cannot go on with a thread",
        "thread": "a batch cannot go on with a thread",
    }
)
_NAMES = (*_DROPPED, *_REFUSED)
_VALUES = attrgetter(*_NAMES)

_OF_TOOLS: Mapping[str, str] = MappingProxyType(
    {
        "allowed_callers": "the model itself calls the tool",
        "defer_loading": "the model sees the tool from the start",
        "eager_input_streaming": "a batch streams nothing",
        "input_examples": "the schema says what the tool takes",
    }
)
_TOOL_VALUES = attrgetter(*_OF_TOOLS)

_TASK_BUDGET = Note("output_config.task_budget", "dropped", "a count that only Claude is shown")


def note_members(body: wire.Body, notes: list[Note]) -> None:
    """Note the members that are left out. Raises `Refused` for those that change what is asked."""
    for name, value in zip(_NAMES, _VALUES(body), strict=True):
        if value is None or value is False or value == []:
            continue
        if name in _REFUSED:
            raise Refused(name, _REFUSED[name])
        notes.append(Note(name, "dropped", _DROPPED[name]))
    if body.output_config is not None and body.output_config.task_budget is not None:
        notes.append(_TASK_BUDGET)


def note_tool(tool: wire.Tool, path: str, notes: list[Note]) -> None:
    """Note the members of a tool that are left out. Raises `Refused` for one that only other code calls."""
    values = _TOOL_VALUES(tool)
    if values.count(None) == len(values):
        return
    if tool.allowed_callers and "direct" not in tool.allowed_callers:
        raise Refused(f"{path}.allowed_callers", "only Anthropic runs code that calls tools")
    for name, value in zip(_OF_TOOLS, values, strict=True):
        if value and value != ["direct"]:
            notes.append(Note(f"tools.{name}", "dropped", _OF_TOOLS[name]))
