"""Starts the simulated station and stays with it: its interpreter, its end, and who may use its
store.

Rules:
1. The interpreter never outlives this process: killing this process is the power cut.
2. One station per store: a new one waits until the one before has really gone.
3. What the interpreter prints and its exit code are passed on unchanged. 75 means "reset me": start
   again. With --by-hand this process does so itself, and offers a prompt at a terminal.
4. It is asked to end through its input. A signal breaks into whatever runs, so it is for a station
   that does not listen.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools import micropython32  # noqa: E402
from tools.command import parser  # noqa: E402
from tools.compiled import compiled, program_for  # noqa: E402

_LOCK = "lock"
_WAIT_FOR_LOCK_S = 5
_WAIT_FOR_END_S = 5
_WAIT_FOR_LOOP_S = 3  # of which: to hear its input, which it does not while something blocks it
_WRONG_START = 2
_RESET = 75
_PAUSE_S = 1.0  # before it starts again; a board takes about as long
_PR_SET_PDEATHSIG = 1  # from linux/prctl.h

_EXAMPLES = """\
  tools/station START.json
  tools/station --micropython build/micropython32/micropython --heap 100K START.json
      the 32-bit interpreter (make micropython32), which has the firmware frozen in as a board's image has, with the memory of a small ESP32

  tools/station --by-hand START.json
      what make station does: a prompt at a terminal, and a new start after each reset

exit codes: 0 after SIGTERM or SIGINT, 75 "reset me" (start it again with the same file), 2 the start file is wrong
"""


class CannotStart(Exception):
    """One argument: why, in a sentence."""


def main(arguments: "list[str]") -> int:
    options_of = parser("station", "Runs the simulated station in the foreground.", _EXAMPLES)
    options_of.prog = "tools/station"
    options_of.add_argument(
        "--micropython", metavar="PATH", help="the interpreter (default: MICROPYTHON, then .venv's)"
    )
    options_of.add_argument(
        "--heap", metavar="SIZE", help="its heap, such as 100K (default: the interpreter's own)"
    )
    options_of.add_argument(
        "--compiled",
        action="store_true",
        help="compile the firmware, even for an interpreter that has it frozen in",
    )
    by_hand = "a prompt at a terminal, and a new start after a reset"
    options_of.add_argument("--by-hand", action="store_true", help=by_hand)
    once = "one start only: a reset ends it, with exit code 75"
    options_of.add_argument("--once", action="store_true", help=once)
    options_of.add_argument("start", metavar="START.json", help="the start file")
    options = options_of.parse_args(arguments)
    _end_when_asked()
    try:
        start = Path(options.start).absolute()
        store = store_of(start)
        if options.by_hand:
            _refuse_slips(start)
        command = interpreter(options.micropython)
        program = str(compiled()) if options.compiled else program_for(command)
        lock = lock_of(store)
    except CannotStart as reason:
        print("station: %s" % reason, file=sys.stderr)
        return _WRONG_START
    heap = ["-X", "heapsize=" + options.heap] if options.heap else []
    say = None
    if options.by_hand and sys.stdin.isatty() and sys.stdout.isatty():
        from tools.station_prompt import offer_prompt

        start, say = offer_prompt(start, store)
    command = [*command, *heap, str(ROOT / "tools" / "run_compiled.py"), program, str(start)]
    while True:
        code = run(command, lock, say)
        if code != _RESET or not options.by_hand or options.once:
            return code
        _end_when_asked()
        (say or _print)("station: it was reset, and starts again (--once ends it here)")
        time.sleep(_PAUSE_S)
        try:
            lock = lock_of(store)
        except CannotStart as reason:
            print("station: %s" % reason, file=sys.stderr)
            return _WRONG_START


def _end_when_asked() -> None:
    """A signal ends this process: no interpreter runs."""
    signals = {signal.SIGTERM, signal.SIGINT}
    for number in signals:
        signal.signal(number, lambda number, frame: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


def _print(sentence: str) -> None:
    print(sentence, flush=True)


def store_of(start: Path) -> Path:
    """The store's folder. The station itself checks the other fields."""
    try:
        document = json.loads(start.read_text(encoding="utf-8"))
    except OSError as error:
        raise CannotStart(
            "the start file %s cannot be read: %s" % (start, error.strerror)
        ) from None
    except ValueError as error:
        raise CannotStart("the start file %s is not JSON: %s" % (start, error)) from None
    store = document.get("store", "station-store") if isinstance(document, dict) else None
    if not isinstance(store, str):
        raise CannotStart("the start file %s must be an object, and its store a path" % start)
    return start.parent / store


def _refuse_slips(start: Path) -> None:
    """Other programs rely on it that the station ignores what it does not know; a person reads."""
    from tools.misspelt import in_start_file

    sentences = in_start_file(start)
    if sentences:
        raise CannotStart("\n  ".join(["%s:" % start, *sentences]))


def interpreter(path: "str | None") -> "list[str]":
    """The command of the chosen MicroPython; PATH, MICROPYTHON, or the one in .venv."""
    path = path or os.environ.get("MICROPYTHON") or str(ROOT / ".venv" / "bin" / "micropython")
    found = shutil.which(path)
    if found is None:
        raise CannotStart(
            "there is no interpreter at %s: run 'make setup', or choose one by --micropython" % path
        )
    if Path(found) == micropython32.PROGRAM:
        try:
            micropython32.interpreter()  # with the present firmware
        except micropython32.Unavailable as reason:
            raise CannotStart("the 32-bit interpreter cannot be built anew: %s" % reason) from None
    return [found]


def lock_of(store: Path) -> int:
    """The open and locked lock file, which the interpreter inherits: the lock lasts as long as
    either lives."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        lock = os.open(store / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CannotStart(
            "the store %s cannot be a folder to write in: %s" % (store, error.strerror)
        ) from None
    give_up = time.monotonic() + _WAIT_FOR_LOCK_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > give_up:
                raise CannotStart("another station is using the store %s" % store) from None
            time.sleep(0.02)


def run(command: "list[str]", lock: int, say=None) -> int:
    """Runs the interpreter to its end; the exit code for this process.

    `say` takes each line that the interpreter prints; None: they are passed on."""
    asked_to_end = False

    def ask_to_end(number, frame):
        nonlocal asked_to_end
        # Once: a second interrupt would break into the station's way to safe outputs
        if not asked_to_end:
            asked_to_end = True
            signal.signal(signal.SIGALRM, interrupt)
            signal.alarm(_WAIT_FOR_LOOP_S)
            with contextlib.suppress(BrokenPipeError):  # it has just ended
                os.write(told, b"\n")

    def interrupt(number, frame):
        station.send_signal(signal.SIGINT)
        signal.signal(signal.SIGALRM, give_up)
        signal.alarm(_WAIT_FOR_END_S - _WAIT_FOR_LOOP_S)

    def give_up(number, frame):
        print(
            "station: it did not end within %d s and is killed" % _WAIT_FOR_END_S, file=sys.stderr
        )
        station.kill()

    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # until there is a station to pass them on to
    out, errors = (None, None) if say is None else (subprocess.PIPE, subprocess.STDOUT)
    hears, told = os.pipe()
    station = subprocess.Popen(
        command,
        stdin=hears,
        stdout=out,
        stderr=errors,
        pass_fds=[lock],
        preexec_fn=_child_setup(),
    )
    reader = threading.Thread(target=_pass_on, args=(station.stdout, say), daemon=True)
    watcher = None if sys.platform.startswith("linux") else _watcher_of(station.pid, lock)
    os.close(hears)
    os.close(lock)
    if say is not None:
        reader.start()
    for number in signals:
        signal.signal(number, ask_to_end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)

    code = station.wait()
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    signal.alarm(0)
    os.close(told)
    if say is not None:
        reader.join()
    if watcher is not None:
        os.kill(watcher, signal.SIGKILL)
        os.waitpid(watcher, 0)
    if asked_to_end:
        return 0 if code != -signal.SIGKILL else 1
    if code < 0 and say is None:
        _die_of(-code)
    if code < 0:
        say("station: signal %d ended it" % -code)
        return 128 - code  # a signal would leave the terminal as readline needs it
    return code


def _pass_on(lines, say) -> None:
    for line in lines:
        say(line.decode("utf-8", "replace").rstrip())


def _child_setup():
    """What the interpreter's process does before it becomes the interpreter."""
    launcher = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform.startswith("linux") else None

    def setup():
        os.setpgid(0, 0)  # a Ctrl-C at the terminal reaches it once, by way of the launcher
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != launcher:
                os._exit(1)  # the launcher was killed before the line above

    return setup


def _watcher_of(station: int, lock: int) -> int:
    """Where the kernel cannot tie two processes: a third, which kills the interpreter when this one
    is gone."""
    death, life = os.pipe()  # life is open here alone, as long as this process lives
    watcher = os.fork()
    if watcher != 0:
        os.close(death)
        return watcher
    os.close(life)
    os.close(lock)
    os.setsid()
    os.read(death, 1)
    try:
        os.kill(station, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os._exit(0)


def _die_of(number: int) -> None:
    """Ends this process by the signal that ended the interpreter."""
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
