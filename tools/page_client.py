"""Speaks the station's JSON over HTTP (docs/http.md), for the tests and the bench.

    page = Page("http://127.0.0.1:20000/", "the owner's password")
    page.get("state")["connectors"][0]["status"]
    page.action("POST", "pause", {"connector": 1})

Each request has a connection of its own. A refusal raises Refused."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit


class Refused(Exception):
    """The station answered with an error. Arguments: status, code, sentence."""

    @property
    def status(self) -> int:
        return self.args[0]

    @property
    def code(self) -> str:
        return self.args[1]


class Page:
    def __init__(self, url: str, password: str | None = None, timeout_s: float = 30) -> None:
        """password: logs in with it at the first request that needs it."""
        self.address = urlsplit(url).netloc
        self.token: str | None = None
        self._password = password
        self._timeout_s = timeout_s

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """(status, fields of the head by their names in small letters, body), whatever it is."""
        connection = http.client.HTTPConnection(self.address, timeout=self._timeout_s)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return (
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            connection.close()

    def log_in(self, password: str | None = None) -> str:
        """The token. Raises Refused."""
        body = json.dumps({"password": self._password if password is None else password})
        self.token = self._understood(
            *self.ask("POST", "/api/login", body.encode(), {"Content-Type": "application/json"})
        )["token"]
        return self.token

    def get(self, path: str) -> Any:
        """What /api/PATH answers: parsed JSON, or a text."""
        return self.action("GET", path)

    def action(
        self,
        method: str,
        path: str,
        body: dict | str | bytes | None = None,
        kind: str = "application/json",
    ) -> Any:
        if self.token is None and self._password is not None:
            self.log_in()
        headers = {} if self.token is None else {"Authorization": "Bearer " + self.token}
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        if data is not None:
            headers["Content-Type"] = kind
        sent = data.encode() if isinstance(data, str) else data
        return self._understood(*self.ask(method, "/api/" + path, sent, headers))

    @staticmethod
    def _understood(status: int, headers: dict[str, str], body: bytes) -> Any:
        found: Any = body.decode()
        if headers.get("content-type", "").startswith("application/json"):
            found = json.loads(body)
        if status != 200:
            raise Refused(status, found["code"], found["error"])
        return found
