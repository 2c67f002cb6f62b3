"""Runs set-up mode: opens an access point with a page on which a person says what the station
needs, tries that, and restarts into the agent.

Rule 1: nothing of the agent is loaded, and nothing drives the outputs: they stay as make_safe left
    them.
Rule 2: no access point without WPA2. Who is in it has shown the station's password; who comes over
    any other network shows it with each request that changes something.
Rule 3: what does not work is not written. /identity.json is replaced whole, by a rename.
Rule 4: it ends after _MINUTES, whatever happens; but for a try that is under way, which ends by
    itself.
Rule 5: no password is logged or answered. One that the station had to make itself is printed on the
    serial line, once: who is there can read the flash as well."""

import asyncio
import json
import os

from micropython import const

from .. import tasks
from ..clock import sleep_ms
from ..log import Log
from ..store.files import recover_by, write_file
from . import password
from .phases import DONE, FAILED, TRYING, WAITING

_MINUTES = const(15)
_LOOK_MS = const(250)
_SHOWN_MS = const(3000)  # after the phone was told that all went well
_UNSHOWN_MS = const(20000)  # where it did not ask
_JOIN_S = const(20)


class SetUp:
    """board: of contract.pyi, as is `way`, its SetUp. `run` returns when the station is to
    restart."""

    def __init__(self, board, way, started: str = "") -> None:
        self.board = board
        self.way = way
        self.clock = board.clock
        self.phase = WAITING
        self.steps: "list[dict]" = []  # of the try: step, ok, sentence, word
        self.old: dict = password.identity(board.root) or {}
        self.password: "str | None" = password.own(board.root)
        self.remote = False  # a browser at the cable has brought it into another network
        self.wrong = 0  # access.py's
        self.until_ms: "int | None" = None
        self.died = False
        self._started = started
        recover_by(board.remount, board.reset)
        folder = board.root + "/state"
        try:
            os.mkdir(folder)
        except OSError:  # it is there
            pass
        self.log = Log(board.clock, folder)
        self._ends_ms = 0
        self._trial = None
        self._over = asyncio.Event()

    async def run(self) -> None:
        from .. import __version__

        text = "Setpoint %s on %s%s" % (
            __version__,
            self.board.name,
            self._started and ": " + self._started,
        )
        self.log("note", "set-up", "%s. Set-up mode: %s" % (text, self.way.reason))
        self._ends_ms = self.clock.uptime_ms() + _MINUTES * 60000
        running = [tasks.start("watch", self._watch(), self._on_death)]
        try:
            for name, coroutine in self.way.attach(self) + self._open():
                running.append(tasks.start(name, coroutine, self._on_death))
            await self._over.wait()
        finally:
            for task in running:
                task.cancel()
            self.way.close()

    def _open(self) -> list:
        """The tasks of the access point. What goes wrong is told; the serial line works on."""
        found = []
        serial = self.way.serial()
        if serial is not None:
            from .improv import Improv

            found.append(("improv", Improv(self, serial).run()))
        try:
            # The radio first: the chip's random numbers are strong once it is on
            self.way.prepare()
            if self.password is None:
                self.password = password.make(self.board.root, os.urandom)
                self.way.say(
                    "This station had no password yet. It is %s: of the access point %s, and of the "
                    "station's page. Write it down." % (self.password, self.way.access_point)
                )
            self.way.open_access_point(self.password)
        except OSError as error:
            self.log(
                "error",
                "set-up",
                "no access point: %s. Set the station up at its cable: make provision, or make flash first"
                % error,
            )
            return found
        self.log(
            "note",
            "set-up",
            "access point %s for %d minutes: join it with the station's own password (make provision ARGS=--show), and open %s"
            % (self.way.access_point, _MINUTES, self.way.url()),
        )
        from .guests import Guests
        from .names import answer_all

        found.append(("names", answer_all(self.way.name_socket(), self.way.address)))
        found.append(("page", Guests(self).run()))
        return found

    def _on_death(self, name: str, sentence: str) -> None:
        self.died = True
        self.log("error", "set-up", "task %s died (%s): restarting" % (name, sentence))
        self._over.set()

    async def _watch(self) -> None:
        while True:
            self.way.feed_watchdog()
            if self.clock.uptime_ms() >= self._ends_ms and self.phase != TRYING:
                break
            await sleep_ms(_LOOK_MS)
        if self.phase != DONE:
            self.log(
                "note", "set-up", "set-up mode ends after %d minutes%s" % (_MINUTES, self._then())
            )
        self._over.set()
        while True:  # until it is cancelled
            await sleep_ms(_LOOK_MS)

    def _then(self) -> str:
        if self.old:
            return ": the station goes on with the identity that it has"
        return ": without an identity the station stays off the air until the next power-up"

    def left_s(self) -> int:
        return max(self._ends_ms - self.clock.uptime_ms(), 0) // 1000

    # -- one try

    def begin(self, identity: dict, pem: "bytes | None", anyway: bool = False) -> None:
        """Tries an identity; where all goes well, it is written. pem: as wishes.identity_from returns
        it. anyway: the central system need not take the station; but where its authority is to be
        found, it must answer inside TLS."""
        self.phase = TRYING
        self.steps = []
        self._trial = asyncio.create_task(self._guarded(identity, pem, anyway))

    async def _guarded(self, identity: dict, pem: "bytes | None", anyway: bool) -> None:
        from .trial import Stop

        try:
            await self._try(identity, pem, anyway)
            self.phase = DONE
            self._ends_ms = self.clock.uptime_ms() + _UNSHOWN_MS
            self.log("note", "set-up", "the station is set up, and restarts")
        except Stop as stop:
            self._failed(*stop.args)
        except (OSError, MemoryError) as error:
            self._failed("connection", "it broke: %s" % (str(error) or "no memory"), "broke")
        # A task of one try must not end the others unseen
        except Exception as error:
            self.log("error", "set-up", "fault: %s: %s" % (type(error).__name__, error))
            self._failed("connection", "a fault of the program: %s" % type(error).__name__, "broke")

    def _failed(self, step: str, sentence: str, word: str) -> None:
        self.steps.append({"step": step, "ok": False, "sentence": sentence, "word": word})
        self.log("warn", "set-up", "%s: %s" % (step, sentence))
        self.phase = FAILED

    def _say(self, step: str, sentence: str) -> None:
        self.steps.append({"step": step, "ok": True, "sentence": sentence, "word": ""})
        self.log("info", "set-up", "%s: %s" % (step, sentence))

    async def _try(self, identity: dict, pem: "bytes | None", anyway: bool) -> None:
        from .trial import Stop

        path = self.board.root + "/ca.pem"
        tried = dict(identity)
        search = None
        if pem:
            write_file(path + ".new", "wb", pem)
        elif pem is None:
            from .search import Search

            search = Search(self.way.public_roots(), path + ".new")
        if pem != b"":
            tried["tls"] = dict(identity["tls"], ca_file=path + ".new")
        await self.join(identity["wifi"])
        if search is not None:
            await self._find(tried, search, anyway)
        elif identity.get("csms_url") and not anyway:
            await self._reach(tried)
        try:
            if pem != b"":
                os.rename(path + ".new", path)
            self.write(identity)
        except OSError as error:
            raise Stop("flash", "the station's flash does not take it: %s" % error, "flash")

    async def join(self, wifi: dict) -> None:
        """Raises Stop."""
        from .trial import Stop

        why, word = await self.way.join(wifi, self.way.feed_watchdog, _JOIN_S)
        if why:
            raise Stop("wifi", why, word)
        self._say("wifi", "joined " + wifi["ssid"])

    async def _find(self, identity: dict, search, anyway: bool) -> None:
        """As _reach, where the authority is to be found."""
        from .trial import Stop

        self.log("info", "set-up", "looks for the authority behind the central system")
        try:
            await self._reach(identity, search)
        except (Stop, OSError):
            if not (anyway and search.found):
                raise

    async def _reach(self, identity: dict, search=None) -> None:
        """Raises Stop, OSError."""
        from . import trial

        way = self.way
        connection = await trial.reach(
            way.network,
            way.look_up,
            identity,
            self.clock,
            self._say,
            way.feed_watchdog,
            search=search,
        )
        try:
            await trial.register(connection, identity, self._say, way.feed_watchdog)
        finally:
            await connection.close()

    def write(self, identity: dict) -> None:
        """Raises OSError."""
        path = self.board.root + "/identity.json"
        write_file(path + ".new", "wb", json.dumps(identity).encode())
        os.rename(path + ".new", path)
        self.old = identity

    def told(self) -> None:
        """Somebody has read how it went."""
        if self.phase == DONE:
            self._ends_ms = min(self._ends_ms, self.clock.uptime_ms() + _SHOWN_MS)
