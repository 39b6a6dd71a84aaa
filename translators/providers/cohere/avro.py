"""Result files, which are Avro (crmne/ruby_llm: protocols/cohere/datasets.rb, seen on the live API)."""

from collections.abc import Iterator
from io import BytesIO

import msgspec

from translators.errors import ProviderError


def lines(body: bytes) -> Iterator[bytes]:
    """The records of an Avro file, each as a line of JSON. Raises `ProviderError`."""
    from fastavro import reader  # slow to load, and only these files need it

    try:
        for record in reader(BytesIO(body), handle_unicode_errors="replace"):
            yield msgspec.json.encode(record)
    except (ValueError, EOFError, LookupError, TypeError) as error:
        raise ProviderError(502, f"a result file cannot be read as Avro: {error}") from error
