"""Bedrock's `modelId` → the provider's model."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from addon.settings.config_file import FILE_NAME
from translators.bedrock.aws_errors import AwsError
from translators.bedrock.model_ids import candidates, is_plain_name, parse
from translators.providers.provider import Provider


def chosen_model(name: str, provider: Provider, models: Mapping[str, str], model_id: str) -> str:
    """The provider's name of the model. Raises `AwsError` that names the option to set.

    `name` is the configuration section's, `models` its globs, which come first; then the provider's own model
    that Bedrock offers too; then an id that is not one of Bedrock's, as it is.
    """
    model = _named_model(name, provider, models, model_id)
    why = provider.unusable(model)
    if why is not None:
        raise AwsError("ValidationException", f"{name!r} cannot run {model!r}: {why}")
    return model


def _named_model(name: str, provider: Provider, models: Mapping[str, str], model_id: str) -> str:
    asked = parse(model_id)
    names = candidates(asked)
    for glob, model in models.items():
        if any(fnmatchcase(known, glob) for known in names):
            if not is_plain_name(model):
                where = f"[providers.{name}.models] in {FILE_NAME}: {model!r}"
                raise AwsError("ValidationException", f"{where} has a blank or a control character")
            return model
    if asked.vendor is not None:
        derived = provider.derived_model(asked.vendor, asked.model)
        if derived is not None:
            return derived
    if not asked.is_aws:
        return model_id
    raise AwsError(
        "ValidationException",
        f"No model of {name!r} is known for {model_id!r}: "
        f'set [providers.{name}.models] "{names[-1]}*" = "<model>" in {FILE_NAME}',
    )
