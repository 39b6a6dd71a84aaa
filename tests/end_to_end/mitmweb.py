"""mitmweb's own HTTP interface, as its page uses it."""

import io
from collections.abc import Sequence
from typing import Any

import httpx
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

from tests.waiting import PATIENCE

PASSWORD = "let-me-look"
_TOKEN = "0123456789abcdef" * 2
"""In a cookie and a header: that both are equal shows that no other site made the request."""
type Row = dict[str, Any]
"""A flow as mitmweb's list has it."""


class Mitmweb:
    """A client with the password. A context manager."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {PASSWORD}", "X-XSRFToken": _TOKEN},
            cookies={"_mitmproxy_xsrf": _TOKEN},
            trust_env=False,
            timeout=PATIENCE,
        )

    def close(self) -> None:
        self._client.close()

    def flows(self) -> list[Row]:
        rows: list[Row] = self._get("/flows").json()
        return rows

    def content(self, flow: Row, message: str = "request", view: str = "auto") -> Row:
        """The text of a body, and the view that made it."""
        shown: Row = self._get(f"/flows/{flow['id']}/{message}/content/{view}.json").json()
        return shown

    def command(self, name: str, *arguments: str) -> Any:
        """The value that a command returns."""
        answer = self._client.post(f"/commands/{name}", json={"arguments": arguments})
        assert answer.status_code == 200, answer.text
        assert "error" not in answer.json(), answer.text
        return answer.json()["value"]

    def saved(self) -> Sequence[HTTPFlow]:
        """All flows, by way of a flow file."""
        file = io.BytesIO(self._get("/flows/dump").content)
        return [flow for flow in FlowReader(file).stream() if isinstance(flow, HTTPFlow)]

    def _get(self, path: str) -> httpx.Response:
        return self._client.get(path).raise_for_status()


def arguments(port: int) -> list[str]:
    """Of `bedrock-batch proxy`."""
    return ["--web", "--no-web-open-browser", "--web-port", str(port), "--set", f"web_password={PASSWORD}"]
