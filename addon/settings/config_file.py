"""Path of the configuration file. Apart from `config`, which is slow to import."""

from pathlib import Path

import platformdirs

APPLICATION = "bedrock-batch"
FILE_NAME = "bedrock-batch.toml"


def file_in_use(path: str | None = None) -> Path | None:
    """The file to load: `path`, else the first default that exists; None when the defaults apply."""
    if path:
        return Path(path).expanduser()
    places = (Path(FILE_NAME), Path(platformdirs.user_config_dir(APPLICATION)) / FILE_NAME)
    return next((place for place in places if place.is_file()), None)
