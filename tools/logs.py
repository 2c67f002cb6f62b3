"""Fetches what a board's log keeps in flash: starts, warnings, errors, and when the grid operator
dimmed it. `make logs PORT=...`

Reading flash needs the prompt, so the program is stopped (its outputs safe) and the board restarted
afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import on_cpython  # noqa: F401  # the firmware's own reading of the dim log
from tools.command import Failure, confirm, parser, run
from tools.connection import Connection, NotTaken, port_or_only
from tools.monitor import printable

_FILES = ("/state/log.old", "/state/log")  # the older one first; firmware/setpoint/log_ring.py


def read_file(board: Connection, path: str) -> bytes:
    """In pieces, for boards with little memory. Raises NotTaken."""
    board.run("file = open('%s', 'rb')" % path)
    content = b""
    while True:
        piece = board.value("file.read(512)")
        if not piece:
            return content
        content += piece


def fetch(board: Connection) -> "list[str]":
    """The lines that are kept, the oldest first. Raises Failure when there is no ring, or it cannot
    be read."""
    lines: list[str] = []
    found = False
    for path in _FILES:
        try:
            content = read_file(board, path)
        except NotTaken as problem:
            if "ENOENT" in str(problem):
                continue
            raise Failure(
                "%s on the board cannot be read: %s. Try again; if it stays so, its flash may be worn out."
                % (path, problem)
            ) from None
        found = True
        lines += [printable(line) for line in content.split(b"\n") if line]
    if not found:
        raise Failure(
            "the board keeps no log: Setpoint never ran there, or an older one did. make deploy installs it."
        )
    return lines


def fetch_dim_log(board: Connection) -> "list[str]":
    """When the grid operator dimmed it, the oldest first (firmware/setpoint/dim_log.py). None where
    the board has no such contact. Raises Failure."""
    from setpoint import dim_log

    try:
        names = board.value("os.listdir('/dim')")
    except NotTaken:
        return []
    with TemporaryDirectory() as folder:
        for name in names:
            if name.isdigit():
                try:
                    Path(folder, name).write_bytes(read_file(board, "/dim/" + name))
                except NotTaken as problem:
                    raise Failure(
                        "/dim/%s on the board cannot be read: %s. Try again." % (name, problem)
                    ) from None
        return list(dim_log.lines(folder))


def main(arguments: list[str]) -> None:
    options = parser(
        "logs",
        "Fetches what a board keeps of its log in flash: starts with their causes, warnings, errors; some 100 lines; and when the grid operator "
        "dimmed it (docs/dim-input.md). This stops the program (contactors open) and restarts the board afterwards: a charge is interrupted.",
        "  make logs PORT=/dev/ttyUSB0\n  make logs ARGS='--yes --out station.log'\n",
        "--port",
        "--yes",
    )
    options.add_argument("--out", metavar="FILE", help="write it to a file instead")
    chosen = options.parse_args(arguments)
    port = port_or_only(chosen.port)
    with Connection(port) as board:
        confirm(
            "The station on %s stops while its log is read, and restarts: a vehicle that charges is interrupted. Stop it?"
            % port,
            chosen.yes,
        )
        board.interrupt()
        try:
            lines = fetch(board)
            lines += ["dim input " + line for line in fetch_dim_log(board)]
        finally:
            board.restart()
    text = "".join(line + "\n" for line in lines)
    if chosen.out:
        try:
            Path(chosen.out).write_text(text, encoding="utf-8")
        except OSError as error:
            raise Failure(
                "%s cannot be written: %s. Choose another file: --out."
                % (chosen.out, error.strerror)
            ) from None
    else:
        print(text, end="")
    print(
        "%d lines%s; the board restarts." % (len(lines), " in " + chosen.out if chosen.out else ""),
        file=sys.stderr,
    )


if __name__ == "__main__":
    run("logs", main)
