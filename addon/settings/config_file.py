"""Where the configuration file is. Apart from `config`, so that who finds none need not load it."""

from pathlib import Path

import platformdirs

APPLICATION = "bedrock-batch"
FILE_NAME = "bedrock-batch.toml"


def file_in_use(path: str | None = None) -> Path | None:
    """The file that holds; None when there is none and the defaults do."""
    if path:
        return Path(path).expanduser()
    places = (Path(FILE_NAME), Path(platformdirs.user_config_dir(APPLICATION)) / FILE_NAME)
    return next((place for place in places if place.is_file()), None)
