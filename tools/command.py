"""What the verbs for boards share: how they take arguments, fail in a sentence, and ask."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Callable

ROOT = Path(__file__).resolve().parent.parent
BOARDS = ROOT / "boards"
BUILDS = ROOT / "build" / "boards"
_SHARED: "dict[str, Any]" = {
    "--board": {"metavar": "NAME", "help": "a folder of boards/ (BOARD=)"},
    "--port": {"metavar": "PORT", "help": "the serial port (PORT=; default: the only one)"},
    "--yes": {"action": "store_true", "help": "do not ask"},
}


class Failure(Exception):
    """One argument: what went wrong and what mends it, in a sentence or two."""


def parser(
    verb: str, description: "str | None", examples: str = "", *shared: str
) -> argparse.ArgumentParser:
    """shared: options that several verbs have, such as "--port"."""
    made = argparse.ArgumentParser(
        prog="make " + verb,
        description=description,
        epilog=examples and "examples:\n" + examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for option in shared:
        made.add_argument(option, **_SHARED[option])
    return made


def run(verb: str, main: Callable[[list[str]], None]) -> None:
    """Runs a verb's main with the command line; a Failure is one line on standard error and exit
    code 1."""
    try:
        main(sys.argv[1:])
    except Failure as failure:
        sys.exit("%s: %s" % (verb, failure))
    except KeyboardInterrupt:
        sys.exit("%s: stopped. Run it again to go on." % verb)


def interruptible(verb: str, main: Callable[[], int]) -> None:
    """Ends this process with main's answer; a Ctrl-C is one line, after main has put away what it
    started, and exit code 130."""
    try:
        code = main()
    except KeyboardInterrupt:
        print("\nmake %s: stopped." % verb, file=sys.stderr)
        code = 130
    sys.exit(code)


def board_folder(name: "str | None") -> Path:
    """The folder of a board by its name."""
    known = sorted(path.parent.name for path in BOARDS.glob("*/board.json"))
    if not name:
        raise Failure("which board is it? Add BOARD=..., one of: %s." % ", ".join(known))
    if name not in known:
        raise Failure(
            "there is no boards/%s/board.json. Choose one of: %s." % (name, ", ".join(known))
        )
    return BOARDS / name


def confirm(question: str, yes: bool) -> None:
    """Asks on the terminal, unless `yes` was said already. Anything but y ends the command."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure("%s Nobody is there to answer: add ARGS=--yes." % question)
    if input(question + " [y/N] ").strip().lower() not in ("y", "yes"):
        raise Failure("nothing was changed.")
