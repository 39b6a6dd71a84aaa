"""For `mitmdump -s "$(bedrock-batch script)"`: the addon in a plain mitmproxy.

mitmproxy reloads a script that was edited, but not one with asynchronous `running` and `done`, such as this
one: after a change, start it again.
"""

import logging

from mitmproxy import ctx

from addon.proxy.addon import BedrockBatch
from addon.proxy.launcher import VERBOSE_LOGGERS

logger = logging.getLogger("addon.mitmdump.script")

addons = [BedrockBatch()]


def running() -> None:
    for name in VERBOSE_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    if ctx.options.connection_strategy == "eager":
        logger.warning(
            "connection_strategy is 'eager': routed calls fail when AWS cannot be reached. "
            "Add --set connection_strategy=lazy"
        )
