"""Hypothesis strategies for records: arbitrary requests that AWS's service model allows.

Whatever a translation must keep carries a token, a word that occurs once in the request. Text, media and
tool inputs have one; what may be dropped (reasoning, cache points, citations) has none.
"""

import json
import re
from typing import Any

from hypothesis import strategies as st

type Json = dict[str, Any]

TOKEN = re.compile("keep[0-9a-f]{32}")
"""36 characters, which are base64 too."""

NAMES = st.text("aZ9_-", min_size=1, max_size=64)
CALL_IDS = st.text("aZ9_.:-", min_size=1, max_size=64)


def tokens() -> st.SearchStrategy[str]:
    return st.integers(0, 2**128 - 1).map(lambda number: f"keep{number:032x}")


def texts() -> st.SearchStrategy[str]:
    return st.builds("{}{}{}".format, st.text(max_size=10), tokens(), st.text(max_size=10))


def values() -> st.SearchStrategy[object]:
    """Any JSON, with a token in it."""
    leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10)
    free = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    )
    return st.builds(lambda text, value: {"text": text, "value": value}, texts(), free)


def text_blocks() -> st.SearchStrategy[Json]:
    return texts().map(lambda text: {"text": text})


def cache_points() -> st.SearchStrategy[Json]:
    return st.sampled_from(
        [{"cachePoint": {"type": "default"}}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    )


def images() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda kind, data: {"image": {"format": kind, "source": {"bytes": data}}},
        st.sampled_from(["png", "jpeg", "webp"]),
        tokens(),
    )


def documents() -> st.SearchStrategy[Json]:
    sources = st.one_of(
        st.builds(lambda data: {"format": "pdf", "source": {"bytes": data}}, tokens()),
        st.builds(lambda text: {"format": "txt", "source": {"text": text}}, texts()),
        st.builds(
            lambda blocks: {"source": {"content": blocks}}, st.lists(text_blocks(), min_size=1, max_size=3)
        ),
    )
    extras = st.fixed_dictionaries(
        {"name": tokens()}, optional={"context": texts(), "citations": st.just({"enabled": True})}
    )
    return st.builds(lambda source, extra: {"document": source | extra}, sources, extras)


def search_results() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda source, title, content: {
            "searchResult": {"source": source, "title": title, "content": content}
        },
        texts(),
        texts(),
        st.lists(text_blocks(), min_size=1, max_size=2),
    )


def sounds() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda kind, data: {"audio": {"format": kind, "source": {"bytes": data}}},
        st.sampled_from(["wav", "mp3"]),
        tokens(),
    )


def said_by_users(*, sounds_too: bool) -> st.SearchStrategy[list[Json]]:
    blocks = st.one_of(text_blocks(), images(), documents(), search_results(), cache_points())
    return st.lists(blocks | sounds() if sounds_too else blocks, min_size=1, max_size=4)


def tool_results(call_id: str) -> st.SearchStrategy[Json]:
    content = st.one_of(
        text_blocks(), values().map(lambda value: {"json": value}), images(), documents(), search_results()
    )
    result = st.fixed_dictionaries(
        {"toolUseId": st.just(call_id), "content": st.lists(content, max_size=3)},
        optional={"status": st.sampled_from(["success", "error"])},
    )
    return result.map(lambda block: {"toolResult": block})


@st.composite
def tool_rounds(draw: st.DrawFn) -> list[Json]:
    """An assistant's turn that calls tools, and the user's that answers them, in any order."""
    ids = draw(st.lists(CALL_IDS, min_size=1, max_size=3, unique=True))
    calls: list[Json] = [
        {"toolUse": {"toolUseId": call_id, "name": draw(NAMES), "input": draw(values())}} for call_id in ids
    ]
    results = [draw(tool_results(call_id)) for call_id in draw(st.permutations(ids))]
    return [
        {"role": "assistant", "content": draw(said_by_assistants()) + calls},
        {"role": "user", "content": results + draw(st.lists(text_blocks(), max_size=2))},
    ]


def said_by_assistants() -> st.SearchStrategy[list[Json]]:
    reasoning = st.just({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}})
    cited = text_blocks().map(lambda block: {"citationsContent": {"content": [block], "citations": []}})
    return st.lists(st.one_of(text_blocks(), reasoning, cited, cache_points()), max_size=3)


def rounds(*, sounds_too: bool) -> st.SearchStrategy[list[Json]]:
    plain = st.builds(
        lambda asked, answered: [
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answered},
        ],
        said_by_users(sounds_too=sounds_too),
        said_by_assistants(),
    )
    told = text_blocks().map(lambda block: [{"role": "system", "content": [block]}])
    return st.one_of(plain, tool_rounds(), told)


def tool_configs() -> st.SearchStrategy[Json]:
    spec = st.fixed_dictionaries(
        {
            "name": NAMES,
            "inputSchema": values().map(lambda value: {"json": {"type": "object", "$comment": value}}),
        },
        optional={"description": texts(), "strict": st.booleans()},
    )
    tools = st.lists(
        st.one_of(spec.map(lambda tool: {"toolSpec": tool}), cache_points()), min_size=1, max_size=3
    )
    choices = st.sampled_from([{"auto": {}}, {"any": {}}, {"tool": {"name": "t"}}])
    return st.fixed_dictionaries({"tools": tools}, optional={"toolChoice": choices})


def inference_configs() -> st.SearchStrategy[Json]:
    fractions = st.floats(0, 1, allow_subnormal=False)
    return st.fixed_dictionaries(
        {},
        optional={
            "maxTokens": st.integers(1, 10_000),
            "temperature": fractions,
            "topP": fractions,
            "stopSequences": st.lists(st.text(min_size=1, max_size=5), max_size=4),
        },
    )


def output_configs() -> st.SearchStrategy[Json]:
    schema = texts().map(lambda text: json.dumps({"type": "object", "description": text}, ensure_ascii=False))
    named = st.fixed_dictionaries(
        {"schema": schema}, optional={"name": st.text(max_size=80), "description": texts()}
    )
    structured = named.map(lambda made: {"type": "json_schema", "structure": {"jsonSchema": made}})
    efforts = st.sampled_from(["low", "medium", "high", "xhigh", "max"])
    return st.fixed_dictionaries({}, optional={"textFormat": structured, "effort": efforts})


def converse_requests(*, sounds: bool = True) -> st.SearchStrategy[Json]:
    """Requests that say nothing which only some providers can express: no video, no guardrail, no S3."""
    earlier = st.lists(rounds(sounds_too=sounds), max_size=3)
    return st.fixed_dictionaries(
        {"messages": st.builds(_conversation, earlier, said_by_users(sounds_too=sounds))},
        optional={
            "system": st.lists(st.one_of(text_blocks(), cache_points()), max_size=3),
            "inferenceConfig": inference_configs(),
            "toolConfig": tool_configs(),
            "outputConfig": output_configs(),
            "additionalModelRequestFields": st.fixed_dictionaries(
                {}, optional={"top_k": st.integers(0, 500), "seed": st.integers(0, 2**31)}
            ),
            "requestMetadata": st.dictionaries(
                st.text(min_size=1, max_size=5), st.text(max_size=5), min_size=1, max_size=2
            ),
        },
    )


def _conversation(earlier: list[list[Json]], last: list[Json]) -> list[Json]:
    return [*(message for turn in earlier for message in turn), {"role": "user", "content": last}]


def inexpressible_blocks() -> st.SearchStrategy[Json]:
    """Blocks that one provider or another refuses."""
    location = {"s3Location": {"uri": "s3://bucket/key"}}
    return st.sampled_from(
        [
            {"video": {"format": "mp4", "source": {"bytes": "AAAA"}}},
            {"image": {"format": "png", "source": location}},
            {"image": {"format": "gif", "source": {"bytes": "R0lG"}}},
            {"document": {"name": "d", "format": "docx", "source": {"bytes": "AAAA"}}},
            {"document": {"name": "d", "format": "txt", "source": {"bytes": "/w=="}}},
            {"document": {"name": "d", "format": "pdf", "source": location}},
            {"audio": {"format": "flac", "source": {"bytes": "AAAA"}}},
            {"guardContent": {"text": {"text": "g"}}},
            {"toolUse": {"toolUseId": "u", "name": "n", "input": {}}},
            {"toolResult": {"toolUseId": "u", "content": [], "type": "server"}},
            {"reasoningContent": {"redactedContent": "AAAA"}},
            {"toolAddition": {"tool": {"type": "t", "name": "n", "serverName": "s"}}},
        ]
    )


@st.composite
def any_requests(draw: st.DrawFn) -> Json:
    """As `converse_requests`, with a block somewhere that may not be expressible."""
    request = draw(converse_requests())
    message = draw(st.sampled_from(request["messages"]))
    message["content"].insert(0, draw(inexpressible_blocks()))
    return request
