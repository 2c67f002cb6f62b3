"""Puts the present firmware onto a board with PSRAM that runs MicroPython, for development. `make
deploy PORT=...`

The board has two folders for programs, /a and /b. The one that does not run is filled; what it has
already, or what the running one has, is told by hash and does not cross the wire. Steps, each of
which leaves a board that starts whole:

    1. `complete` of the folder to fill is removed: nobody starts it from here on
    2. files that are other than wanted are written, those that are not wanted removed, all of them
       hashed by the board
    3. boot.py and board.json, if they differ: written beside, hashed, renamed
    4. `complete` is written beside, then renamed: from here on the new program is the one that
       starts
    5. restart: boot.py sets safe outputs; the line in which it says what it starts is read back

/identity.json and /state are not touched.
"""

from __future__ import annotations

import hashlib
import json
from typing import Callable

from tools import micropython_image
from tools.board_files import BoardFiles
from tools.build import BLOCK, Build, build, check_fit_for_use, size_in_flash
from tools.command import Failure, board_folder, parser, run
from tools.connection import Connection, NotTaken, port_or_only

_START_S = 40  # until the new program says who it is
_SETTLE_S = 4  # how long it is listened to after that
_RESERVE = 16 * 1024  # flash that is left for /state

# What is in a folder of the board, with size and SHA-256, in one go: a statement for each file
# would take a slow port a minute.
_TREE = """
import hashlib
from binascii import hexlify
def _tree(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            _tree(path)
            print('d', path)
            continue
        digest = hashlib.sha256()
        with open(path, 'rb') as file:
            while True:
                piece = file.read(512)
                if not piece:
                    break
                digest.update(piece)
                _food()
        print('f', path, entry[3], hexlify(digest.digest()).decode())
"""
# A copy that does not cross the wire.
_COPY = """
def _copy(source, target):
    buffer = bytearray(512)
    with open(source, 'rb') as old, open(target, 'wb') as new:
        while True:
            n = old.readinto(buffer)
            if not n:
                break
            new.write(memoryview(buffer)[:n])
            _food()
"""


class Deployment(BoardFiles):
    """One deploy over an open connection. `say` gets a sentence for each step."""

    def __init__(self, board: Connection, made: Build, say: Callable[[str], None]) -> None:
        super().__init__(board)
        self.made = made
        self.say = say
        self.programs: dict[str, tuple[int, str, str]] = {}  # folder: number, version, build
        self.has: dict[str, str] = {}  # file on the board: its hash
        self.sizes: dict[str, int] = {}  # and its size
        self.folders: set[str] = set()

    def go(self) -> bool:
        """Brings the program onto the board. False if the board has it already and starts it."""
        self.check_version()
        self.look()
        wanted = self.wanted_folder()
        old = {f: p for f, p in self.programs.items() if f != wanted}
        if (
            self.newest()
            and self.programs[self.newest()][2] == self.made.name
            and self.same(self.newest())
            and not self.root_changes()
        ):
            return False
        self.check_room(wanted)
        self.step("os.remove('/%s/complete')" % wanted, missing_is_fine=True)
        self.fill(wanted)
        for path in self.root_changes():
            content = (self.made.root / path).read_bytes()
            self.replace("/" + path, content)
            self.say("/%s is new" % path)
        number = 1 + max((p[0] for p in old.values()), default=0)
        complete = self.made.complete(number).encode()
        self.replace("/%s/complete" % wanted, complete)
        return True

    def check_version(self) -> None:
        """Is this MicroPython new enough, and does it load our .mpy files?"""
        version = self.board.value("tuple(sys.implementation[1])")
        oldest = micropython_image.oldest_for(self.made.description().get("module", "none"))
        if version[:2] < oldest:
            raise Failure(
                "the board runs MicroPython %s, Setpoint needs %d.%d or newer: make flash installs it."
                % (".".join(map(str, version[:3])), *oldest)
            )
        mpy = self.board.value("getattr(sys.implementation, '_mpy', 0) & 255")
        if mpy != self.made.mpy:
            raise Failure(
                "the board's MicroPython loads .mpy files of version %d, these are of version %d: make flash installs a matching one."
                % (mpy, self.made.mpy)
            )

    def look(self) -> None:
        """What is on the board."""
        self.say("Comparing with what the board has")
        self.board.run(_TREE)
        for folder in "ab":
            for line in self.board.run("_tree('/%s')" % folder).splitlines():
                kind, path, *rest = line.split(" ")
                if kind == "d":
                    self.folders.add(path)
                else:
                    self.sizes[path], self.has[path] = int(rest[0]), rest[1]
        for path in ("/boot.py", "/board.json"):
            self.has[path] = self.hash_of(path)
        for folder in "ab":
            if "/%s/complete" % folder in self.has:
                words = self.board.run("print(open('/%s/complete').read())" % folder).split()
                if len(words) == 3 and words[0].isdigit():
                    self.programs[folder] = (int(words[0]), words[1], words[2])

    def newest(self) -> str:
        """The folder that the board starts from; "" if none is complete."""
        return max(self.programs, key=lambda folder: self.programs[folder][0], default="")

    def wanted_folder(self) -> str:
        return "b" if self.newest() == "a" else "a"

    def contents(self) -> "dict[str, str]":
        """Path in the program's folder: hash."""
        files = {path: digest for path, (_, digest) in self.made.files.items()}
        files["manifest.json"] = hashlib.sha256(
            (self.made.program / "manifest.json").read_bytes()
        ).hexdigest()
        return files

    def same(self, folder: str) -> bool:
        return all(
            self.has.get("/%s/%s" % (folder, path)) == digest
            for path, digest in self.contents().items()
        )

    def root_changes(self) -> "list[str]":
        return [
            p
            for p in ("boot.py", "board.json")
            if self.has["/" + p] != hashlib.sha256((self.made.root / p).read_bytes()).hexdigest()
        ]

    def check_room(self, folder: str) -> None:
        """Refuses to begin what cannot end."""
        block, _, _, free = self.board.value("os.statvfs('/')")[:4]
        root = "/%s/" % folder
        new_folders = {root + path.rpartition("/")[0] for path in self.made.files} - self.folders
        need = _RESERVE + 2 * BLOCK * len(new_folders)
        need += sum(
            size_in_flash(size)
            for path, (size, digest) in self.made.files.items()
            if self.has.get(root + path) != digest
        )
        freed = sum(
            size_in_flash(size)
            for path, size in self.sizes.items()
            if path.startswith(root) and path[len(root) :] not in self.made.files
        )
        if need - freed > block * free:
            raise Failure(
                "the board's flash is full: %d KB are needed beside what runs, %d KB are free. "
                "Remove files of yours, or make flash with MicroPython's own image on a chip with 8 MB."
                % ((need - freed) // 1024, block * free // 1024)
            )

    def fill(self, folder: str) -> None:
        contents = self.contents()
        root = "/%s/" % folder
        for path in sorted(p for p in self.has if p.startswith(root)):
            if path[len(root) :] not in contents and path != root + "complete":
                self.step("os.remove('%s')" % path)
        by_hash = {digest: path for path, digest in self.has.items() if not path.startswith(root)}
        self.make_folders(root, contents)
        changed = {
            path: digest for path, digest in contents.items() if self.has.get(root + path) != digest
        }
        self.board.run(_COPY)
        on_the_wire = [path for path, digest in changed.items() if digest not in by_hash]
        self.say(
            "Filling /%s: %d of %d files to write, %d of them over the wire"
            % (folder, len(changed), len(contents), len(on_the_wire))
        )
        for path, digest in sorted(changed.items()):
            if digest in by_hash:
                self.step("_copy('%s', '%s')" % (by_hash[digest], root + path))
                self.check(root + path, digest)
            else:
                self.write(root + path, (self.made.program / path).read_bytes())
                self.say(
                    "  %s%s (%d of %d)"
                    % (root, path, on_the_wire.index(path) + 1, len(on_the_wire))
                )

    def make_folders(self, root: str, contents: "dict[str, str]") -> None:
        wanted = {root.rstrip("/")}
        for path in contents:
            parts = path.split("/")[:-1]
            wanted.update(root + "/".join(parts[: n + 1]) for n in range(len(parts)))
        for path in sorted(
            (p for p in self.folders if p.startswith(root) and p not in wanted), reverse=True
        ):
            self.step("os.rmdir('%s')" % path)
        for path in sorted(wanted):
            if path not in self.folders:
                self.step("os.mkdir('%s')" % path, there_is_fine=True)


def restart(
    board: Connection, title: str, say: Callable[[str], None], settle_s: float = _SETTLE_S
) -> None:
    """Restarts the board and reads back what it starts. Raises Failure if that is not `title`, or
    does not stay."""
    board.restart()
    line, seen = board.line_with(
        lambda line: line.startswith("boot: Setpoint") or "SAFE MODE" in line, _START_S
    )
    if line is None:
        raise Failure(
            "the board does not say what it starts. Its last words: %s"
            % (" / ".join(seen[-3:]) or "none")
        )
    say(line)
    if title not in line:
        raise Failure(
            "the board starts another version than was installed. make monitor shows its log."
        )
    again, seen = board.line_with(lambda line: line.startswith(("boot:", "Traceback")), settle_s)
    if again is not None:
        raise Failure(
            "the new version does not stay up (%s). After three starts the board goes back to the one before."
            % " / ".join([again, *seen[-2:]])
        )


def main(arguments: list[str]) -> None:
    options = parser(
        "deploy",
        "Updates the firmware in the files of a board with PSRAM, for development; its identity and state stay. A program in files wins over the one in "
        "MicroPython's image. A charge that runs is broken off. "
        "An interruption at any point leaves a board that starts the old version or the new one, whole.",
        "  make deploy PORT=/dev/ttyUSB0\n  make deploy PORT=/dev/ttyUSB0 BOARD=esp32s3_devkitc      a board without Setpoint on it\n",
        "--port",
    )
    options.add_argument(
        "--board",
        metavar="NAME",
        help="a folder of boards/ (BOARD=; default: what the board says it is)",
    )
    options.add_argument(
        "--change-board", action="store_true", help="the board is another one than it says"
    )
    chosen = options.parse_args(arguments)
    with Connection(port_or_only(chosen.port)) as board:
        board.interrupt()
        is_now = _name_of(board)
        made = build(board_folder(chosen.board or is_now))
        check_fit_for_use(made.description())
        if is_now not in (None, made.board) and not chosen.change_board:
            raise Failure(
                "the board says it is %s, not %s: other pins would be driven. If that is meant, add ARGS=--change-board."
                % (is_now, made.board)
            )
        print("%s for %s" % (made.title, made.board))
        deployment = Deployment(board, made, lambda sentence: print(sentence, flush=True))
        if deployment.go():
            print("Written and hashed; restarting")
        else:
            print("The board has it already; restarting")
        restart(board, made.title, print)
    print("The board runs %s" % made.title)


def _name_of(board: Connection) -> "str | None":
    """The name in the board's own board.json; None if it has none."""
    try:
        return json.loads(board.run("print(open('/board.json').read())")).get("name")
    except (NotTaken, ValueError):
        return None


if __name__ == "__main__":
    run("deploy", main)
