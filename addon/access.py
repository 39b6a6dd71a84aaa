"""What tells a provider to let us in: a key, or who this machine is."""

from addon.config import Target
from addon.google_login import GoogleLogin, NoLogin


class NoKey(Exception):
    """There is neither; the message says where they were looked for."""


async def access_headers(target: Target, key: str | None, login: GoogleLogin) -> dict[str, str]:
    """The headers that let us in, none where none are needed.

    Raises `NoKey`; where credentials of this machine stand in for a key, `LoginRefused`, `LoginUnavailable`.
    """
    if key is not None:
        return target.provider.headers(key)
    if not target.needs_key:
        return {}
    if target.provider.login is None:
        raise NoKey(f"{target.key_sources} is not set")
    try:
        return await login.headers()
    except NoLogin as error:
        raise NoKey(f"{error} Set GOOGLE_APPLICATION_CREDENTIALS, or {target.key_sources}") from error
