"""Registers the content views with mitmproxy."""

from mitmproxy import contentviews

from addon.web.views.bedrock_batch import BedrockBatch
from addon.web.views.bedrock_record import BedrockRecord
from addon.web.views.provider_batch import ProviderBatch
from addon.web.views.record_documents import DOCUMENTS


class ContentViews:
    """A mitmproxy addon: adds the views when it is loaded."""

    name = "bedrock_batch_views"

    def __init__(self) -> None:
        self._views = (BedrockBatch(), BedrockRecord(), ProviderBatch(), *DOCUMENTS)

    def load(self, loader: object) -> None:
        known = contentviews.registry
        for view in self._views:
            if view.name.lower() not in known:  # mitmproxy says it when one is replaced
                contentviews.add(view)
