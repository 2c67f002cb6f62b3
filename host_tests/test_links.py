"""Every page of the repository leads where it says: relative links, anchors, verbs of the Makefile,
and every page is led to."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("boards", "docs", "host_tests", "tools")
PAGES = sorted(ROOT.glob("*.md")) + [
    page
    for folder in FOLDERS
    for page in sorted((ROOT / folder).rglob("*.md"))
    if "node_modules" not in page.parts
]


def prose_of(page: Path) -> str:
    """The text without what stands in code."""
    return re.sub(
        r"`[^`\n]*`",
        "",
        re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL),
    )


@cache
def anchors_of(page: Path) -> "set[str]":
    """As GitHub makes them of headings: lower case, no punctuation, a hyphen for each space."""
    headings = re.findall(
        r"^#+ (.*)$",
        re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL),
        re.MULTILINE,
    )
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def links_of(page: Path) -> "list[tuple[str, str]]":
    """(path, anchor) of each link that is no web address; the path is "" for one within the
    page."""
    found = re.findall(r"\]\(([^()\s]+)\)", prose_of(page))
    return [tuple(link.partition("#")[::2]) for link in found if not re.match(r"\w+:", link)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_link_leads_to_a_file_and_a_heading(page: Path):
    for path, anchor in links_of(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        assert not anchor or anchor in anchors_of(target), "%s#%s" % (path, anchor)


def test_each_page_is_linked_from_another():
    linked = {
        (page.parent / path).resolve() for page in PAGES for path, _ in links_of(page) if path
    }
    assert (
        len(PAGES) > 10
        and [page for page in PAGES if page not in linked and page.name != "README.md"] == []
    )


def test_each_verb_that_a_page_tells_to_type_is_in_the_makefile():
    verbs = set(re.findall(r"^([a-z0-9]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        told = set(re.findall(r"(?:`|^)make ([a-z0-9]+)(?=[` ]|$)", page.read_text(), re.MULTILINE))
        assert told <= verbs, (page, told - verbs)


def test_each_file_that_a_page_names_by_its_path_exists():
    # NAME stands for any
    named = re.compile(
        r"`((?:boards|docs|firmware|host_tests|tools)/[\w./-]+\.(?:py|pyi|md|json|svg))`"
    )
    for page in PAGES:
        for path in named.findall(page.read_text()):
            assert "NAME" in path or (ROOT / path).exists(), (page, path)
