import logging

import pytest
from mitmproxy.addons.view import View
from mitmproxy.http import HTTPFlow
from mitmproxy.test import taddons, tflow

from addon.web.flows import labels
from addon.web.flows.kept_flows import OPTION, KeptFlows


def pass_through(kept: KeptFlows, view: View, count: int) -> list[HTTPFlow]:
    flows = [tflow.tflow(resp=True, live=False) for _ in range(count)]
    for flow in flows:
        view.add([flow])
        kept.response(flow)
    return flows


def test_the_oldest_go_but_for_live_ones_and_those_that_people_marked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    view = View()
    kept = KeptFlows(lambda: view)
    with taddons.context(view) as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.master.options.add_option(OPTION, int, 10, "")
        kept.configure({OPTION})
        live, marked, ours = (tflow.tflow(live=name == "live") for name in ("live", "marked", "ours"))
        marked.marked = ":heart:"
        labels.mark(ours, labels.ACCEPTED)
        view.add([live, marked, ours])
        flows = pass_through(kept, view, 30)
        there = view.resolve("@all")
    assert len(view.resolve("@all")) <= 10
    assert live in there
    assert marked in there
    assert ours not in there
    assert flows[-1] in there
    assert caplog.text.count(OPTION) == 1
    assert "Removed" not in caplog.text


def test_all_are_kept_by_zero_and_without_a_list() -> None:
    view = View()
    with taddons.context(view) as context:  # type: ignore[no-untyped-call]  # mitmproxy's own
        context.master.options.add_option(OPTION, int, 0, "")
        kept = KeptFlows(lambda: view)
        kept.configure({OPTION})
        pass_through(kept, view, 30)
        assert len(view.resolve("@all")) == 30
        context.master.options.update(**{OPTION: 5})
        without = KeptFlows(lambda: None)
        without.configure({OPTION})
        without.error(tflow.tflow())
