"""What records of every dialect look like, one for each thing that the matrix is about."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

type Json = dict[str, Any]

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZz4+ZW5kb2JqCg=="
SCHEMA: Json = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}
PLACE: Json = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}

CONFIGS = {"inferenceConfig", "textGenerationConfig"}
QUESTION = "What is the capital of Iowa?"


def with_answers(bodies: dict[str, Json]) -> Mapping[str, Json]:
    """Bodies, and those of the features that are about the answer to the plain one."""
    return MappingProxyType({**bodies, "usage": bodies["text"], "refusal, filter": bodies["text"]})


def _blocks(*blocks: Json, role: str = "user") -> Json:
    return {"role": role, "content": list(blocks)}


def _common() -> dict[str, Json]:
    """Converse, and nearly Nova."""

    def use(number: int) -> Json:
        return {"toolUse": {"toolUseId": f"t{number}", "name": "get_weather", "input": {"city": "Bern"}}}

    def result(number: int, text: str) -> Json:
        return {"toolResult": {"toolUseId": f"t{number}", "content": [{"text": text}]}}

    question = {"messages": [_blocks({"text": QUESTION})]}
    spec = {"name": "get_weather", "inputSchema": {"json": PLACE}}
    tools = {"toolConfig": {"tools": [{"toolSpec": spec}]}}
    weather = _blocks({"text": "Weather in Bern?"})
    turns = ({"text": "My name is Ada."}, {"text": "Noted."}, {"text": "What is my name?"})
    document = {"format": "pdf", "name": "report", "source": {"bytes": PDF}}
    results = _blocks(result(1, "18 degrees"), result(2, "windy"))
    return {
        "text": question,
        "system": {"system": [{"text": "Answer in French."}], **question},
        "multi-turn": {
            "messages": [
                _blocks(turn, role="assistant" if number == 1 else "user")
                for number, turn in enumerate(turns)
            ]
        },
        "tools": {"messages": [weather], **tools},
        "parallel tools": {"messages": [weather], **tools},
        "tool results": {"messages": [weather, _blocks(use(1), use(2), role="assistant"), results], **tools},
        "images": {
            "messages": [
                _blocks({"image": {"format": "png", "source": {"bytes": PNG}}}, {"text": "What colour?"})
            ]
        },
        "documents": {"messages": [_blocks({"document": document}, {"text": "Summarise."})]},
        "stop sequences": {**question, "inferenceConfig": {"stopSequences": ["HALT"]}},
    }


def converse() -> Mapping[str, Json]:
    bodies = _common()
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA)}}
    bodies["structured output"] = {
        **bodies["text"],
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}},
    }
    bodies["reasoning"] = {**bodies["text"], "outputConfig": {"effort": "high"}}
    return with_answers(bodies)


def nova() -> Mapping[str, Json]:
    bodies = _common()
    effort = {"type": "enabled", "maxReasoningEffort": "low"}
    bodies["reasoning"] = {**bodies["text"], "reasoningConfig": effort}
    return with_answers(bodies)


def claude() -> Mapping[str, Json]:
    base = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 4096}

    def body(*messages: tuple[str, Any], **members: Any) -> Json:
        return {**base, "messages": [{"role": role, "content": said} for role, said in messages], **members}

    def use(number: int) -> Json:
        return {"type": "tool_use", "id": f"t{number}", "name": "get_weather", "input": {"city": "Bern"}}

    def result(number: int, text: str) -> Json:
        return {"type": "tool_result", "tool_use_id": f"t{number}", "content": text}

    tools = [{"name": "get_weather", "input_schema": PLACE}]
    weather = ("user", "Weather in Bern?")
    source = {"type": "base64", "media_type": "image/png", "data": PNG}
    pdf = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    asked = ("user", QUESTION)
    return with_answers(
        {
            "text": body(asked),
            "system": body(asked, system="Answer in French."),
            "multi-turn": body(
                ("user", "My name is Ada."), ("assistant", "Noted."), ("user", "What is my name?")
            ),
            "tools": body(weather, tools=tools),
            "parallel tools": body(weather, tools=tools),
            "tool results": body(
                weather,
                ("assistant", [use(1), use(2)]),
                ("user", [result(1, "18 degrees"), result(2, "windy")]),
                tools=tools,
            ),
            "images": body(
                ("user", [{"type": "image", "source": source}, {"type": "text", "text": "What colour?"}])
            ),
            "documents": body(
                ("user", [{"type": "document", "source": pdf}, {"type": "text", "text": "Summarise."}])
            ),
            "stop sequences": body(asked, stop_sequences=["HALT"]),
            "reasoning": body(asked, thinking={"type": "enabled", "budget_tokens": 2048}),
            "structured output": body(
                asked, output_config={"format": {"type": "json_schema", "schema": SCHEMA}}
            ),
        }
    )


def chat(*, can: str = "tools images documents reasoning structured stop") -> Mapping[str, Json]:
    """Chat completions, with what a vendor's models can say beyond text."""

    def body(*messages: tuple[str, Any], **members: Any) -> Json:
        return {"messages": [{"role": role, "content": said} for role, said in messages], **members}

    def call(number: int) -> Json:
        return {
            "id": f"call_{number:04}",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city": "Bern"}'},
        }

    def result(number: int, text: str) -> Json:
        return {"role": "tool", "tool_call_id": f"call_{number:04}", "content": text}

    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": PLACE}}]
    weather = {"role": "user", "content": "Weather in Bern?"}
    calls = {"role": "assistant", "content": None, "tool_calls": [call(1), call(2)]}
    asked = ("user", QUESTION)
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    file = {"filename": "report.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
    schema = {"type": "json_schema", "json_schema": {"name": "capital", "schema": SCHEMA}}
    bodies = {
        "text": body(asked),
        "system": body(("system", "Answer in French."), asked),
        "multi-turn": body(
            ("user", "My name is Ada."), ("assistant", "Noted."), ("user", "What is my name?")
        ),
    }
    more = {
        "tools": {
            "tools": {"messages": [weather], "tools": tools},
            "parallel tools": {"messages": [weather], "tools": tools},
            "tool results": {
                "messages": [weather, calls, result(1, "18 degrees"), result(2, "windy")],
                "tools": tools,
            },
        },
        "images": {"images": body(("user", [image, {"type": "text", "text": "What colour?"}]))},
        "documents": {
            "documents": body(
                ("user", [{"type": "file", "file": file}, {"type": "text", "text": "Summarise."}])
            )
        },
        "stop": {"stop sequences": body(asked, stop=["HALT"])},
        "reasoning": {"reasoning": body(asked, reasoning_effort="high")},
        "structured": {"structured output": body(asked, response_format=schema)},
    }
    for what in can.split():
        bodies |= more[what]
    return with_answers(bodies)


def command_r() -> Mapping[str, Json]:
    call = {"name": "get_weather", "parameters": {"city": "Bern"}}
    tool = {
        "name": "get_weather",
        "description": "The weather",
        "parameter_definitions": {"city": {"type": "str", "required": True}},
    }
    outputs = [{"call": call, "outputs": [{"sky": text}]} for text in ("18 degrees", "windy")]
    history = [{"role": "USER", "message": "My name is Ada."}, {"role": "CHATBOT", "message": "Noted."}]
    made = [
        {"role": "USER", "message": "Weather in Bern?"},
        {"role": "CHATBOT", "message": "", "tool_calls": [call, call]},
    ]
    return with_answers(
        {
            "text": {"message": QUESTION},
            "system": {"message": QUESTION, "preamble": "Answer in French."},
            "multi-turn": {"message": "What is my name?", "chat_history": history},
            "tools": {"message": "Weather in Bern?", "tools": [tool]},
            "parallel tools": {"message": "Weather in Bern?", "tools": [tool]},
            "tool results": {"message": "", "chat_history": made, "tools": [tool], "tool_results": outputs},
            "documents": {
                "message": "Summarise.",
                "documents": [{"title": "report", "snippet": PDF}],
            },
            "stop sequences": {"message": QUESTION, "stop_sequences": ["HALT"]},
        }
    )


def prompts(text: str, system: str, turns: str, **stop: Any) -> Mapping[str, Json]:
    """Bodies of a dialect whose whole conversation is one text."""
    bodies: dict[str, Json] = {
        "text": {"prompt": text},
        "system": {"prompt": system},
        "multi-turn": {"prompt": turns},
    }
    return with_answers(bodies | ({"stop sequences": {"prompt": text, **stop}} if stop else {}))


def limited(bodies: Mapping[str, Json], **members: Any) -> Mapping[str, Json]:
    """The bodies with these members, such as the limit that some providers have to be told."""
    return MappingProxyType({feature: _merged(body, members) for feature, body in bodies.items()})


def _merged(body: Json, members: Json) -> Json:
    both = {name: {**members[name], **body[name]} for name in body.keys() & members if name in CONFIGS}
    return {**members, **body, **both}


def _llama_said(role: str, text: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>"


def _llama_prompt(*turns: tuple[str, str]) -> str:
    said = "".join(_llama_said(role, text) for role, text in turns)
    return f"<|begin_of_text|>{said}<|start_header_id|>assistant<|end_header_id|>\n\n"


def llama() -> Mapping[str, Json]:
    asked = ("user", QUESTION)
    names = (("user", "My name is Ada."), ("assistant", "Noted."), ("user", "What is my name?"))
    bodies = dict(
        prompts(
            _llama_prompt(asked), _llama_prompt(("system", "Answer in French."), asked), _llama_prompt(*names)
        )
    )
    bodies["images"] = {"prompt": _llama_prompt(("user", "<|image|>What colour?")), "images": [PNG]}
    return MappingProxyType(bodies)


def deepseek_prompt(system: str, *turns: str) -> str:
    marks = ("<\uff5cUser\uff5c>", "<\uff5cAssistant\uff5c>")
    ends = ("", "<\uff5cend\u2581of\u2581sentence\uff5c>")
    said = "".join(f"{marks[n % 2]}{turn}{ends[n % 2]}" for n, turn in enumerate(turns))
    return f"<\uff5cbegin\u2581of\u2581sentence\uff5c>{system}{said}{marks[1]}<think>\n"


def titan() -> Mapping[str, Json]:
    question = {"inputText": f"User: {QUESTION}\nBot:"}
    turns = {"inputText": "User: My name is Ada.\nBot: Noted.\nUser: What is my name?\nBot:"}
    stop = {**question, "textGenerationConfig": {"stopSequences": ["HALT"]}}
    return with_answers({"text": question, "multi-turn": turns, "stop sequences": stop})
