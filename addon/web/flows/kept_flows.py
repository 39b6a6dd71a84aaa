"""Removes the oldest flows from mitmweb's and the console's list, which keep every flow otherwise."""

import logging
from collections.abc import Callable

from mitmproxy import ctx, http

from addon.web.flows.flow_list import FlowList, flow_list
from addon.web.flows.labels import is_marked_by_people

logger = logging.getLogger(__name__)

OPTION = "batch_keep_flows"
_SPARE = 100
"""Part of the limit that is removed in advance, so that the list is not walked through for each flow."""


class KeptFlows:
    """A mitmproxy addon: holds the number of flows to the option's value."""

    name = "bedrock_batch_kept_flows"

    def __init__(self, view: Callable[[], FlowList | None] = flow_list) -> None:
        self._view = view
        self._limit = 0
        self._said = False
        self._wait = 0
        """Flows until the list is walked through again."""

    def configure(self, updated: set[str]) -> None:
        if OPTION in updated:
            self._limit = getattr(ctx.options, OPTION)
            self._wait = 0

    def response(self, flow: http.HTTPFlow) -> None:
        self.evict()

    def error(self, flow: http.HTTPFlow) -> None:
        self.evict()

    def evict(self) -> None:
        """Remove what is too much: the oldest flows that are over and that no person marked."""
        view = self._view() if self._limit else None
        if view is None:
            return
        excess = view.store_count() - self._limit
        if excess <= 0:
            return
        if self._wait > 0:
            self._wait -= 1
            return
        spare = self._limit // _SPARE
        removed = 0
        for flow in view.resolve("@all"):
            if removed >= excess + spare:
                break
            if not flow.live and not is_marked_by_people(flow):
                view.remove([flow])  # one by one: of several, mitmproxy says each time how many they were
                removed += 1
        if removed < excess:
            self._wait = spare
        if removed and not self._said:
            self._said = True
            logger.info(
                "%s=%d: the oldest flows go when there are more; those that you mark (m) stay",
                OPTION,
                self._limit,
            )
