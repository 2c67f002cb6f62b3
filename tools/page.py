"""Makes the pages that the station serves: `make page`, after a change in tools/page.

One file for each page, with styles, scripts and texts in it, compressed: a browser asks once, and
the station has nothing to put together. The firmware holds it in parts of 1 KB, each small enough
for one write to a socket. The same sources give the same page."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

from tools.command import ROOT, Failure, parser, run

SOURCES = ROOT / "tools" / "page"
LANGUAGES = ("en", "de")
PART = 1024  # bytes
MOST = 30 * 1024  # of a compressed page: the flash that it may take on the smallest board
# The firmware's module of each page
PAGES = {
    "firmware/setpoint/page/document.py": "index.html",
    "firmware/setpoint/setup/document.py": "setup.html",
}

_MODULE = '''"""The page as it is served, compressed with gzip, in parts. `make page` makes it from
tools/page/%s."""

ETAG = "%s"
PARTS = (
%s
)
'''


def texts(name: str) -> dict[str, dict[str, str]]:
    """The texts of a page by language and key."""
    return {
        language: json.loads((SOURCES / ("%s.%s.json" % (name, language))).read_text("utf-8"))
        for language in LANGUAGES
    }


def lighter(text: str) -> str:
    """Without indentation, empty lines and comments. What follows `; //` is one where no quotation
    mark comes after it: so no string is cut."""
    text = re.sub(r"^\s*/\*.*?\*/$", "", text, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"; +// [^\n\"']*$", ";", text, flags=re.MULTILINE)
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))


def html(name: str) -> str:
    """The page with everything that its HTML names put into it."""

    def source(match: re.Match) -> str:
        return lighter((SOURCES / match[1]).read_text("utf-8"))

    def sentences(match: re.Match) -> str:
        packed = json.dumps(texts(match[1]), ensure_ascii=False, separators=(",", ":"))
        return "<script>\nconst TEXTS = %s;\n</script>" % packed.replace("</", "<\\/")

    page = lighter((SOURCES / name).read_text("utf-8"))
    page = re.sub(
        r'<link rel="stylesheet" href="(.+?)">',
        lambda match: "<style>\n%s\n</style>" % source(match),
        page,
    )
    page = re.sub(r'<script data-texts="(.+?)"></script>', sentences, page)
    page = re.sub(
        r'<script src="(.+?)"></script>',
        lambda match: "<script>\n%s\n</script>" % source(match),
        page,
    )
    return page.replace("\n</script>\n<script>\n", "\n") + "\n"


def module(name: str) -> tuple[str, int]:
    """The text of the firmware's module of a page, and the page's compressed size."""
    page = html(name).encode()
    packed = gzip.compress(page, 9, mtime=0)
    if len(packed) > MOST:
        raise Failure("%s takes %d bytes; %d may be." % (name, len(packed), MOST))
    parts = [packed[at : at + PART] for at in range(0, len(packed), PART)]
    # Every byte as its number: as text they would make words by chance
    lines = "\n".join('    b"%s",' % "".join("\\x%02x" % byte for byte in part) for part in parts)
    return _MODULE % (name, hashlib.sha256(page).hexdigest()[:16], lines), len(packed)


def main(arguments: list[str]) -> None:
    parser(
        "page",
        "Writes the pages of the station into the firmware, from tools/page.",
        "  make page\n",
    ).parse_args(arguments)
    for path, name in PAGES.items():
        text, size = module(name)
        Path(ROOT / path).parent.mkdir(exist_ok=True)
        Path(ROOT / path).write_text(text)
        print("%s: %d bytes, of which %d at most" % (path, size, MOST))


if __name__ == "__main__":
    run("page", main)
