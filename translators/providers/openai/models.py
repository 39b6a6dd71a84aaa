"""What depends on the model or the account: which parameters a model takes, how a key is sent."""


def headers(key: str) -> dict[str, str]:
    """The headers that carry an API key (OpenAI: api-reference, Authentication)."""
    return {"Authorization": f"Bearer {key}"}


def derived_model(vendor: str, model: str) -> str | None:
    """OpenAI's name of a Bedrock model of the same vendor: there is none.

    Bedrock's OpenAI models are the open-weight `gpt-oss` ones, which OpenAI's own API does not serve.
    """
    return None
