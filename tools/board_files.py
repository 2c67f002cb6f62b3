"""Files on a board, over an open connection: written beside, hashed by the board, renamed. mpremote
writes and hashes."""

from __future__ import annotations

import hashlib
from typing import Callable

from tools.command import Failure
from tools.connection import Connection, NotTaken


class BoardFiles:
    def __init__(self, board: Connection) -> None:
        self.board = board

    def replace(self, path: str, content: bytes) -> None:
        """A file in the place of the one before: whenever this ends, one of them is there whole."""
        self.write(path + ".new", content)
        self.step("os.rename('%s.new', '%s')" % (path, path))

    def write(self, path: str, content: bytes) -> None:
        """Writes a file and lets the board hash what it has then."""
        self.step("_food()")
        self._change("write", lambda: self.board.write_file(path, content))
        self.check(path, hashlib.sha256(content).hexdigest())

    def hash_of(self, path: str) -> str:
        """SHA-256 of a file on the board, "" if there is none."""
        return self.board.sha256_of(path)

    def check(self, path: str, digest: str) -> None:
        if self.hash_of(path) != digest:
            raise Failure(
                "%s on the board is not what was written: its flash may be worn out. Try again, or exchange the board."
                % path
            )

    def step(
        self, statement: str, missing_is_fine: bool = False, there_is_fine: bool = False
    ) -> None:
        """One statement that changes the board."""
        fine = ("ENOENT",) * missing_is_fine + ("EEXIST",) * there_is_fine
        self._change(statement.split("(")[0], lambda: self.board.run(statement + "\n_food()"), fine)

    def _change(self, what: str, work: Callable[[], object], fine: tuple[str, ...] = ()) -> None:
        """`fine`: errors that mean that there is nothing to do."""
        try:
            work()
        except NotTaken as problem:
            if any(name in str(problem) for name in fine):
                return
            if "28" in str(problem) or "ENOSPC" in str(problem):
                raise Failure(
                    "the board's flash is full. The old version is untouched. Remove files of yours, then run make deploy again."
                ) from None
            raise Failure(
                "the board could not do %s: %s. The old version is untouched; try again."
                % (what, problem)
            ) from None
