"""Every dialect of Bedrock: how it says what the matrix is about, and how an application reads its answers.

One `Dialect` for each family of the registry. A family without one fails the tests of the matrix.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from tests.translators import dialect_bodies as bodies
from tests.translators import dialect_readers as readers
from tests.translators.dialect_bodies import PDF, PNG, QUESTION, Json
from tests.translators.dialect_readers import ReadAnswer

FEATURES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "text": ("capital of Iowa",),
        "system": ("Answer in French.", "capital of Iowa"),
        "multi-turn": ("My name is Ada.", "Noted.", "What is my name?"),
        "tools": ("get_weather", "Weather in Bern?"),
        "parallel tools": ("get_weather", "Weather in Bern?"),
        "tool results": ("get_weather", "18 degrees", "windy"),
        "images": (PNG, "What colour?"),
        "documents": (PDF, "Summarise."),
        "stop sequences": ("HALT", "capital of Iowa"),
        "reasoning": ("capital of Iowa",),
        "structured output": ("capital",),
        "usage": ("capital of Iowa",),
        "refusal, filter": ("capital of Iowa",),
        "embeddings": ("A cat",),
    }
)
"""What a dialect may be able to say, and the words that a line then has to have in it."""


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a record looks like."""

    model_id: str
    bodies: Mapping[str, Json]
    """By feature; what is not here cannot be said in this dialect."""
    read_answer: Callable[[Json], ReadAnswer]
    filtered: str = ""
    """The word for an answer that was withheld."""
    invocation_type: Literal["InvokeModel", "Converse"] = "InvokeModel"


def _vectors(read: Callable[[Json], Any]) -> Callable[[Json], ReadAnswer]:
    return lambda answer: ReadAnswer(vectors=tuple(tuple(vector) for vector in read(answer)))


def _embedding(model_id: str, body: Json, read: Callable[[Json], Any]) -> Dialect:
    return Dialect(
        model_id=model_id, bodies=MappingProxyType({"embeddings": body}), read_answer=_vectors(read)
    )


_NOVA_VECTOR = {"embeddingPurpose": "GENERIC_INDEX", "text": {"truncationMode": "END", "value": "A cat"}}

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        "claude-text": Dialect(
            model_id="anthropic.claude-v2:1",
            bodies=bodies.limited(
                bodies.prompts(
                    f"\n\nHuman: {QUESTION}\n\nAssistant:",
                    f"Answer in French.\n\nHuman: {QUESTION}\n\nAssistant:",
                    "\n\nHuman: My name is Ada.\n\nAssistant: Noted."
                    "\n\nHuman: What is my name?\n\nAssistant:",
                    stop_sequences=["HALT"],
                ),
                max_tokens_to_sample=300,
            ),
            read_answer=readers.claude_text,
            filtered="refusal",
        ),
        "claude": Dialect(
            model_id="us.anthropic.claude-sonnet-4-20250514-v1:0",
            bodies=bodies.claude(),
            read_answer=readers.claude,
            filtered="refusal",
        ),
        "nova": Dialect(
            model_id="us.amazon.nova-2-lite-v1:0",
            bodies=bodies.limited(bodies.nova(), inferenceConfig={"maxTokens": 512}),
            read_answer=readers.converse,
            filtered="content_filtered",
        ),
        "titan": Dialect(
            model_id="amazon.titan-text-express-v1",
            bodies=bodies.limited(bodies.titan(), textGenerationConfig={"maxTokenCount": 512}),
            read_answer=readers.titan,
            filtered="CONTENT_FILTERED",
        ),
        "cohere-command": Dialect(
            model_id="cohere.command-text-v14",
            bodies=bodies.limited(
                bodies.with_answers(
                    {
                        "text": {"prompt": QUESTION},
                        "stop sequences": {"prompt": QUESTION, "stop_sequences": ["HALT"]},
                    }
                ),
                max_tokens=512,
            ),
            read_answer=readers.command,
            filtered="ERROR_TOXIC",
        ),
        "cohere-command-r": Dialect(
            model_id="cohere.command-r-plus-v1:0",
            bodies=bodies.limited(bodies.command_r(), max_tokens=512),
            read_answer=readers.command_r,
            filtered="ERROR_TOXIC",
        ),
        "titan-embeddings-g1": _embedding(
            "amazon.titan-embed-text-v1", {"inputText": "A cat"}, lambda answer: [answer["embedding"]]
        ),
        "titan-embeddings-v2": _embedding(
            "amazon.titan-embed-text-v2:0", {"inputText": "A cat"}, lambda answer: [answer["embedding"]]
        ),
        "titan-multimodal-embeddings": _embedding(
            "amazon.titan-embed-image-v1", {"inputText": "A cat"}, lambda answer: [answer["embedding"]]
        ),
        "cohere-embed-v3": _embedding(
            "cohere.embed-english-v3",
            {"input_type": "search_query", "texts": ["A cat"]},
            lambda answer: answer["embeddings"],
        ),
        "cohere-embed-v4": _embedding(
            "cohere.embed-v4:0",
            {"input_type": "search_query", "texts": ["A cat"]},
            lambda answer: answer["embeddings"]["float"],
        ),
        "nova-embeddings": _embedding(
            "amazon.nova-2-multimodal-embeddings-v1:0",
            {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": _NOVA_VECTOR},
            lambda answer: [one["embedding"] for one in answer["embeddings"]],
        ),
        "llama": Dialect(
            model_id="us.meta.llama3-2-90b-instruct-v1:0",
            bodies=bodies.limited(bodies.llama(), max_gen_len=512),
            read_answer=readers.llama,
        ),
        "mistral": Dialect(
            model_id="mistral.mistral-7b-instruct-v0:2",
            bodies=bodies.limited(
                bodies.prompts(
                    f"<s>[INST] {QUESTION} [/INST]",
                    f"<s>[INST] <<SYS>>\nAnswer in French.\n<</SYS>>\n\n{QUESTION} [/INST]",
                    "<s>[INST] My name is Ada. [/INST] Noted.</s>[INST] What is my name? [/INST]",
                    stop=["HALT"],
                ),
                max_tokens=512,
            ),
            read_answer=readers.mistral,
        ),
        "deepseek": Dialect(
            model_id="us.deepseek.r1-v1:0",
            bodies=bodies.limited(
                bodies.prompts(
                    bodies.deepseek_prompt("", QUESTION),
                    bodies.deepseek_prompt("Answer in French.", QUESTION),
                    bodies.deepseek_prompt("", "My name is Ada.", "Noted.", "What is my name?"),
                    stop=["HALT"],
                ),
                max_tokens=512,
            ),
            read_answer=readers.deepseek,
        ),
        "converse": Dialect(
            model_id="us.meta.llama3-3-70b-instruct-v1:0",
            bodies=bodies.limited(bodies.converse(), inferenceConfig={"maxTokens": 512}),
            read_answer=readers.converse,
            filtered="content_filtered",
            invocation_type="Converse",
        ),
        "chat": Dialect(
            model_id="qwen.qwen3-32b-v1:0",
            bodies=bodies.limited(bodies.chat(), max_tokens=512),
            read_answer=readers.chat,
            filtered="content_filter",
        ),
        "chat-gpt-oss": Dialect(
            model_id="openai.gpt-oss-20b-1:0",
            bodies=bodies.limited(bodies.chat(can="tools reasoning structured stop"), max_tokens=512),
            read_answer=readers.chat,
            filtered="content_filter",
        ),
        "chat-mistral": Dialect(
            model_id="mistral.pixtral-large-2502-v1:0",
            bodies=bodies.limited(bodies.chat(can="tools images structured stop"), max_tokens=512),
            read_answer=readers.chat,
            filtered="content_filter",
        ),
        "chat-jamba": Dialect(
            model_id="ai21.jamba-1-5-large-v1:0",
            bodies=bodies.limited(bodies.chat(can="tools stop"), max_tokens=512),
            read_answer=readers.chat,
            filtered="content_filter",
        ),
        "chat-palmyra": Dialect(
            model_id="writer.palmyra-x5-v1:0",
            bodies=bodies.limited(bodies.chat(can="tools stop"), max_tokens=512),
            read_answer=readers.chat,
            filtered="content_filter",
        ),
    }
)
