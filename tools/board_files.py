"""Files on a board, over an open connection: written beside, hashed by the board, renamed."""

from __future__ import annotations

import hashlib
from binascii import b2a_base64

from tools.command import Failure
from tools.connection import Connection, NotTaken

_CHUNK = 768  # bytes per statement: a multiple of 3, so that base64 needs no padding

# What the board does for us, in the names of its REPL. Each is sent when it is first needed: a board has little memory to compile in.
_HELPERS = {
    # SHA-256 of a file, '' if there is none
    "_h": """
import hashlib
from binascii import hexlify
def _h(path):
    digest = hashlib.sha256()
    buffer = bytearray(512)
    try:
        with open(path, 'rb') as file:
            while True:
                n = file.readinto(buffer)
                if not n:
                    return hexlify(digest.digest()).decode()
                digest.update(memoryview(buffer)[:n])
                _food()
    except OSError:
        return ''
""",
    # what is in a folder, with size and hash
    "_n": """
def _n(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            _n(path)
            print('d', path)
        else:
            print('f', path, entry[3], _h(path))
""",
    # a copy
    "_c": """
def _c(source, target):
    buffer = bytearray(512)
    with open(source, 'rb') as old, open(target, 'wb') as new:
        while True:
            n = old.readinto(buffer)
            if not n:
                break
            new.write(memoryview(buffer)[:n])
            _food()
""",
    # the next bytes of the file that is open
    "_w": """
from binascii import a2b_base64 as _b
def _w(data):
    _food()
    if file.write(_b(data)) is None:
        raise OSError(28)
""",
}


class BoardFiles:
    def __init__(self, board: Connection) -> None:
        self.board = board
        self._sent: set[str] = set()

    def use(self, *names: str) -> None:
        """These helpers are there from here on."""
        for name in names:
            if name not in self._sent:
                self.board.run(_HELPERS[name])
                self._sent.add(name)

    def replace(self, path: str, content: bytes) -> None:
        """A file in the place of the one before: whenever this ends, one of them is there whole."""
        self.write(path + ".new", content)
        self.step("os.rename('%s.new', '%s')" % (path, path))

    def write(self, path: str, content: bytes) -> None:
        """Writes a file and lets the board hash what it has then."""
        self.use("_w")
        self.step("file = open('%s', 'wb')" % path)
        for at in range(0, len(content), _CHUNK):
            self.step("_w(%r)" % b2a_base64(content[at : at + _CHUNK], newline=False))
        self.step("file.close()")
        self.check(path, hashlib.sha256(content).hexdigest())

    def hash_of(self, path: str) -> str:
        """SHA-256 of a file on the board, "" if there is none."""
        self.use("_h")
        return self.board.value("_h('%s')" % path)

    def check(self, path: str, digest: str) -> None:
        if self.hash_of(path) != digest:
            raise Failure("%s on the board is not what was written: its flash may be worn out. Try again, or exchange the board." % path)

    def step(self, statement: str, missing_is_fine: bool = False, there_is_fine: bool = False) -> None:
        """One statement that changes the board."""
        try:
            self.board.run(statement + "\n_food()")
        except NotTaken as problem:
            if (missing_is_fine and "ENOENT" in str(problem)) or (there_is_fine and "EEXIST" in str(problem)):
                return
            if "28" in str(problem) or "ENOSPC" in str(problem):
                raise Failure("the board's flash is full. The old version is untouched. Remove files of yours, then run make deploy again.") from None
            raise Failure("the board could not do %s: %s. The old version is untouched; try again." % (statement.split("(")[0], problem)) from None
