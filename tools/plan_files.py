"""The weekly plan of a board, for `make provision`: from a file of lines into its flash, and back
(docs/weekly-plan.md). The program on the board writes it, as it writes every document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Callable

from tools import on_cpython  # noqa: F401  # the firmware's own reading of a plan
from tools.command import Failure
from tools.connection import Connection, NotTaken


def document_in(file: str) -> dict:
    """The document that the lines of a file mean. Raises Failure."""
    from setpoint.charging.plan_lines import document_of

    try:
        return document_of(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure("%s cannot be read: %s" % (file, error.strerror)) from None
    except ValueError as error:
        raise Failure("%s: %s" % (file, error)) from None


def lines(document: dict) -> str:
    from setpoint.charging.plan_lines import lines_of

    return "\n".join(lines_of(document))


def on_board(board: Connection) -> dict | None:
    """The plan that is there; None: there is none."""
    return board.value("_plans().read('plan')")


def write(board: Connection, document: dict | None) -> None:
    """None: there is no plan any more."""
    try:
        if document is None:
            board.run("_plans().remove('plan')")
        else:
            board.run("import json\n_plans().write('plan', json.loads(%r))" % json.dumps(document))
    except NotTaken as problem:
        raise Failure("the board could not write the plan: %s. Try again." % problem) from None


def ready(board: Connection, find_program: Callable[[Connection], None]) -> None:
    """Before anything else here: the program on the board is found."""
    find_program(board)
    board.run(
        "def _plans():\n from setpoint.store.documents import Documents\n return Documents('/state')"
    )
