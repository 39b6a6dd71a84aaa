"""The list of flows of mitmweb and of the console; mitmdump has none."""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from mitmproxy import ctx
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow


class FlowFocus(Protocol):
    """The flow that the console's cursor is on."""

    flow: Flow | None


class FlowList(Protocol):
    """What is used of `mitmproxy.addons.view.View`."""

    @property
    def focus(self) -> FlowFocus: ...

    def add(self, flows: Sequence[Flow]) -> None: ...

    def update(self, flows: Sequence[Flow]) -> None: ...

    def remove(self, flows: Sequence[Flow]) -> None: ...

    def get_by_id(self, flow_id: str) -> Flow | None: ...

    def resolve(self, flow_spec: str) -> Sequence[Flow]: ...

    def store_count(self) -> int: ...

    def __contains__(self, flow: object) -> bool: ...


def flow_list() -> FlowList | None:
    """None where flows are not kept."""
    return cast(FlowList | None, ctx.master.addons.get("view"))  # type: ignore[no-untyped-call]  # mitmproxy's own


def update(flows: Iterable[Flow]) -> None:
    """Have changes of flows shown."""
    view = flow_list()
    if view is not None:
        view.update(list(flows))


def show(flow: HTTPFlow) -> bool:
    """Add a flow and put the cursor on it; False where there is no list."""
    view = flow_list()
    if view is None:
        return False
    view.add([flow])
    if flow in view:  # a filter may hide it
        view.focus.flow = flow
    return True
