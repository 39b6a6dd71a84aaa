"""mitmweb's own HTTP interface, as its page uses it."""

import io
from collections.abc import Sequence
from typing import Any

import httpx
from mitmproxy.http import HTTPFlow
from mitmproxy.io import FlowReader

PASSWORD = "let-me-look"
type Row = dict[str, Any]
"""A flow as mitmweb's list has it."""


class Mitmweb:
    """A client with the password. A context manager."""

    def __init__(self, port: int) -> None:
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {PASSWORD}"},
            trust_env=False,
            timeout=60,
        )
        self._client.get("/")

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
        token = self._client.cookies["_mitmproxy_xsrf"]
        answer = self._client.post(
            f"/commands/{name}", json={"arguments": arguments}, headers={"X-XSRFToken": token}
        )
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
