"""The folder that does not run, of /a and /b, on a board with PSRAM (../boot.py, rule 2).

Rule 1: `complete` is removed first and written last: nobody starts what is in between.
Rule 2: no file stays open between two calls. After an error of the flash the file system is mounted
    anew (store/files.py), and a file that was open would write into what is there then.
Rule 3: a folder outside of /a and /b, /identity.json and /state are not touched."""

import errno
import os
import sys

from micropython import const

from ..store.files import names_in, patiently, remove_file, write_file

_FOLDER = const(0x4000)
_RESERVE = const(16384)  # bytes of flash for what the station learns


class Folder:
    """root: prefix of the paths in flash; runs: "a" or "b"; board: the name in /board.json."""

    def __init__(self, root: str, runs: str, board: str) -> None:
        self.runs = runs
        self.place = "b" if runs == "a" else "a"
        self._board = board
        self._root = root
        self._path = "%s/%s" % (root, self.place)
        self._file = None
        self._title = ""

    def reason_to_refuse(self, head: dict) -> "str | None":
        if head["kind"] != "files":
            return "the file holds an image, this board runs a program in a folder"
        if head["for"] != self._board:
            return "the file is for the board %s, this is %s" % (head["for"], self._board)
        mpy = getattr(sys.implementation, "_mpy", 0) & 255
        if head["mpy"] != mpy:
            return "the file has .mpy files of version %d, this MicroPython loads version %d" % (
                head["mpy"],
                mpy,
            )
        size, _, _, free = os.statvfs(self._root or "/")[:4]
        blocks = 0
        for _, length in self._files():
            blocks += -(-length // size)
        if head["room"] + _RESERVE > (free + blocks) * size:
            return "the program takes %d KB of flash, %d KB are free" % (
                (head["room"] + _RESERVE) // 1024,
                (free + blocks) * size // 1024,
            )
        return None

    def prepare(self, head: dict):
        self._file = None
        self._title = "%s %s" % (head["version"], head["build"])
        try:
            patiently(os.mkdir, self._path)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
        for name in ("complete", "complete.new", "failed"):
            remove_file("%s/%s" % (self._path, name))
            yield
        for path, _ in self._files():
            remove_file(path)
            yield

    def _files(self) -> list:
        """(path, bytes) of what is in the folder and those below."""
        found = []
        folders = [self._path]
        while folders:
            folder = folders.pop()
            try:
                names = patiently(names_in, folder)
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
                continue
            for name in names:
                path = "%s/%s" % (folder, name)
                status = patiently(os.stat, path)
                if status[0] & _FOLDER:
                    folders.append(path)
                else:
                    found.append((path, status[6]))
        return found

    def entry(self, name: str, size: int) -> None:
        if name in ("complete", "complete.new"):
            raise ValueError("the file holds what only this station writes")
        at = name.find("/")
        while at > 0:
            try:
                patiently(os.mkdir, "%s/%s" % (self._path, name[:at]))
            except OSError as error:
                if error.errno != errno.EEXIST:
                    raise
            at = name.find("/", at + 1)
        self._file = "%s/%s" % (self._path, name)
        write_file(self._file, "wb", b"")

    def data(self, piece) -> None:
        write_file(self._file, "ab", piece)

    def close(self) -> None:
        if self._file is None:
            raise ValueError("the file holds no program")
        number = 0
        with open("%s/%s/complete" % (self._root, self.runs)) as file:
            number = int(file.read().split()[0])
        write_file(
            self._path + "/complete.new", "wb", ("%d %s\n" % (number + 1, self._title)).encode()
        )

    def activate(self) -> None:
        patiently(os.rename, self._path + "/complete.new", self._path + "/complete")

    def confirm(self) -> None:
        pass  # boot.py counts starts, and nothing else

    def give_up(self) -> None:
        running = "%s/%s/" % (self._root, self.runs)
        patiently(os.rename, running + "complete", running + "failed")
