"""docs/openapi.yaml as a judge: every answer of the station's own page that a test sees is held against
it, and searched for secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import yaml  # type: ignore[import-untyped]

from tools.page_client import Page

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())


def resolved(part: dict) -> dict:
    while "$ref" in part:
        found: Any = DOCUMENT
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def path_of(path: str) -> str | None:
    """The path of the document that a request's path is."""
    path = path.partition("?")[0]
    for known in DOCUMENT["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", known), path):
            return known
    return None


def judge(method: str, path: str, status: int, headers: dict[str, str], body: bytes) -> None:
    """Raises AssertionError, ValidationError."""
    kind = headers.get("content-type", "").partition(";")[0]
    known = path_of(path)
    verb = "get" if method == "HEAD" else method.lower()
    if known is None or verb not in DOCUMENT["paths"][known]:
        assert status in (400, 404, 405, 421, 501), (method, path, status)
        schema = resolved(DOCUMENT["components"]["responses"]["Error"])
    else:
        answers = DOCUMENT["paths"][known][verb]["responses"]
        schema = resolved(answers.get(str(status)) or answers["default"])
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert "access-control-allow-origin" not in headers and "set-cookie" not in headers
    assert headers["cache-control"] == "no-store" or path == "/"
    if method == "HEAD" or status == 304:
        assert body == b""
        return
    assert kind in schema["content"], (kind, schema)
    if kind == "application/json":
        jsonschema.Draft202012Validator(
            {**schema["content"][kind]["schema"], "components": DOCUMENT["components"]},
            format_checker=jsonschema.FormatChecker(),
        ).validate(json.loads(body))


class Judged(Page):
    """A Page each of whose answers is judged, and holds none of the `secrets`."""

    def __init__(
        self, url: str, password: str | None = None, secrets: list[str] | None = None
    ) -> None:
        super().__init__(url, password)
        self.secrets = [*(secrets or []), *([password] if password else [])]
        self.seen: list[tuple[str, str, int]] = []

    def ask(self, method, path, body=None, headers=None):
        status, fields, answered = super().ask(method, path, body, headers)
        judge(method, path, status, fields, answered)
        for secret in self.secrets:
            assert secret.encode() not in answered, (path, secret)
            assert not any(secret in value for value in fields.values()), (path, secret)
        self.seen.append((method, path, status))
        return status, fields, answered
