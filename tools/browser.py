"""Chromium, driven by Playwright, for the tests and pictures of the station's page. It is the
system's own: Debian's package `chromium`; CHROMIUM=path names another."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import Any, Iterator

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Unavailable(Exception):
    """Why there is none, in a sentence."""


def program() -> str:
    """The browser's path. Raises Unavailable."""
    chosen = os.environ.get("CHROMIUM")
    found = chosen or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise Unavailable("Chromium is missing; on Debian: apt install chromium")
    return found


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window: Playwright's Browser. Raises Unavailable."""
    path = program()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            # As root, as in CI's containers, Chromium has no sandbox of its own
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        try:
            yield browser
        finally:
            browser.close()
