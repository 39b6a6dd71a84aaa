"""The mitmproxy addon: options, hooks, and what it builds when the proxy starts."""

import logging

from mitmproxy.addonmanager import Loader

logger = logging.getLogger(__name__)


class BedrockBatch:
    """Answers Bedrock's batch operations for requests that name another provider."""

    name = "bedrock_batch"

    def load(self, loader: Loader) -> None:
        loader.add_option("batch_provider", str, "", "Provider of every Create and List without a header.")
        loader.add_option("batch_config", str, "", "Configuration file (default: ./bedrock-batch.toml).")
        loader.add_option("batch_database", str, "", "SQLAlchemy URL of the job database.")
        loader.add_option("batch_workers", int, 2, "Jobs that run at the same time; 0 only accepts them.")
        loader.add_option("batch_poll_interval", int, 30, "Seconds between looks at a provider's batch.")
        loader.add_option("batch_merge_lists", bool, False, "Append routed jobs to AWS's own lists.")
        loader.add_option("batch_hosts", str, "", "Regex of more hosts that are Bedrock.")
        loader.add_option("batch_resign", bool, False, "Sign unrouted calls anew in reverse mode.")
