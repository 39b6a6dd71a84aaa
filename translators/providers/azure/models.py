"""The models behind deployments, as far as a deployment's name shows them.

Azure runs OpenAI's models until days of its own; its batches are sent to Chat Completions alone.

Azure: how-to/batch, how-to/reasoning.
"""

from dataclasses import replace

from translators.providers.openai import models as of_openai
from translators.providers.rules.model_rules import ANY, ModelRules, RuleTable


def _here(row: ModelRules) -> ModelRules:
    """The row without what is OpenAI's own."""
    efforts = row.efforts
    if row.endpoint == "responses" and efforts is not None:
        # Chat Completions takes no `max` of these models (BerriAI/litellm-docs#1173)
        efforts = tuple(effort for effort in efforts if effort != "max")
    return replace(row, endpoint="usual", efforts=efforts, retires=None, successor="")


_ROWS = tuple(map(_here, of_openai.ROWS))
_BY_MODEL = RuleTable(_ROWS, ANY)


def _model(deployment: str, /) -> str:
    """The longest beginning of the name, up to a hyphen, that is a model's."""
    name = deployment.lower().replace("gpt-35", "gpt-3.5")
    words = name.split("-")
    beginnings = ("-".join(words[:count]) for count in range(len(words), 0, -1))
    return next((beginning for beginning in beginnings if _BY_MODEL.row(beginning)), name)


MODELS = RuleTable(_ROWS, _here(of_openai.NEWEST), ANY, base_name=_model, operator="Azure")
