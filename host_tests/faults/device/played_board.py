"""A board on a PC: runs boot.py and main.py from a flash image as the ESP32 port does, on
MicroPython's unix port.

    micropython played_board.py FOLDER [N]              no cable: whoever falls to the prompt is
                                                        reset by the watchdog
    micropython -i played_board.py FOLDER N cable       the prompt is on the cable

N: the power is cut in the middle of the N-th write to the flash; 0: FOLDER/writes gets each write
(test_update.py reads them).

FOLDER stands for the board: flash.img is its flash, rtc the memory of its clock, which a power cut
clears (whoever plays the power cut removes it), cause why it starts, pins a line for each pin that
was set. The PC's files are under /pc. machine is what an ESP32 has of it, as far as boot.py, deploy
and a simulated station use it; a reset ends the process by SIGUSR1, a power cut by SIGKILL; whoever
started it starts it again.

An image of our own is played where FOLDER/ota_0 is: what is frozen in that slot, boot.py and
setpoint/, or firmware.romfs, whose bytecode takes heap only as one piece. FOLDER/ota_1 is the other
slot, FOLDER/otadata which one the boot loader takes ("1 new"), with its roll-back as in ESP-IDF.
"""

import builtins
import os
import struct
import sys

import vfs

FOLDER = sys.argv[1]
CABLE = "cable" in sys.argv


def end(signal):
    """Ends this process at once. sys.exit would lead to the prompt, and may be caught on the
    way."""
    while True:
        os.system("kill -%s $PPID" % signal)


class Flash:
    """A block device on flash.img. After so many writes the power goes in the middle of one."""

    def __init__(self, path, cut_after):
        self.file = open(path, "r+b")
        self.blocks = os.stat(path)[6] // 4096
        self.left = cut_after
        self.record = open(FOLDER + "/writes", "ab") if cut_after == 0 else None

    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buffer)

    def writeblocks(self, block, data, offset=0):
        self.note(block * 4096 + offset, data)
        self.left -= 1
        if self.left == 0:
            data = data[: len(data) // 2]
        self.file.seek(block * 4096 + offset)
        self.file.write(data)
        self.file.flush()
        if self.left == 0:
            end("KILL")

    def ioctl(self, operation, argument):
        if operation == 4:
            return self.blocks
        if operation == 5:
            return 4096
        if operation == 6:
            self.note(argument * 4096, b"\xff" * 4096)
            self.file.seek(argument * 4096)
            self.file.write(b"\xff" * 4096)
            return 0

    def note(self, position, data):
        if self.record is not None:
            self.record.write(struct.pack("<II", position, len(data)))
            self.record.write(data)
            self.record.flush()


class Memory:
    def __init__(self, path):
        self.path = path

    def read(self):
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def write(self, content):
        with open(self.path, "wb") as file:
            file.write(content)


class Pin:
    OUT = 3

    def __init__(self, pin, mode, value):
        with open("/pc%s/pins" % FOLDER, "a") as file:
            file.write("%d %d\n" % (pin, value))


class RTC:
    def memory(self, content=None):
        return rtc.read() if content is None else rtc.write(content)


class Timer:
    ONE_SHOT = 0
    callback = None

    def __init__(self, number):
        pass

    def init(self, mode, period, callback):
        Timer.callback = callback  # a test lets the minute pass


class WDT:
    awake = False

    def __init__(self, timeout):
        WDT.awake = True

    def feed(self):
        pass


class Slots:
    """The boot loader's choice. A new slot is given one start; unless that was marked as good, the
    next takes the other one."""

    def __init__(self, path):
        self.data = Memory(path + "/otadata")
        self.path = path
        self.number, state = (self.data.read().decode() or "0 unknown").split()
        if state == "pending":
            self.number, state = "10"[int(self.number)], "good"
        self.note(self.number, "pending" if state == "new" else state)

    def note(self, number, state):
        self.data.write(("%s %s" % (number, state)).encode())

    def folder(self):
        return self.path + "/ota_" + self.number

    def mounted(self):
        """Where the package is imported from."""
        if not is_there(self.folder() + "/firmware.romfs"):
            return self.folder()
        vfs.mount(vfs.VfsRom(Memory(self.folder() + "/firmware.romfs").read()), "/rom")
        return "/rom"


class Partition:
    BOOT, RUNNING = 0, 1

    def __init__(self, number):
        self.number = number
        if number == self.RUNNING:
            self.number = slots.number
        elif number == self.BOOT:
            self.number = (slots.data.read() or b"0").decode()[0]

    def info(self):
        return (0, 0x10 + int(self.number), 0x10000, 0x1C0000, "ota_" + self.number, False)

    def get_next_update(self):
        return Partition("10"[int(self.number)])

    def set_boot(self):
        if not is_there(slots.path + "/ota_" + self.number):
            raise OSError(-0x1503, "ESP_ERR_OTA_VALIDATE_FAILED")
        slots.note(self.number, "new")

    @staticmethod
    def mark_app_valid_cancel_rollback():
        if slots.data.read().split()[1] == b"unknown":  # as nobody has chosen a slot
            raise OSError(-1, "ESP_FAIL")
        # As ESP-IDF does: the one that was chosen last, whichever runs
        slots.note(Partition(Partition.BOOT).number, "good")


class esp32:
    Partition = Partition
    HEAP_DATA = 4

    @staticmethod
    def idf_heap_info(capabilities):
        return [(100000, 60000, 60000, 60000)]  # enough for the radio


def first_import(name, *more):
    """Stands for frozen code: sees the first import of setpoint, then goes out of the way. It
    cannot stay: relative imports would be relative to this file."""
    if name == "setpoint":
        if sys.path[0] == ".frozen":
            if slots is None:
                raise ImportError("no module named 'setpoint'")
            sys.path.insert(0, slots.mounted())
        builtins.__import__ = imports
    return imports(name, *more)


class machine:
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
    Pin, RTC, Timer, WDT = Pin, RTC, Timer, WDT

    @staticmethod
    def reset_cause():
        return int(cause.read() or b"1")

    @staticmethod
    def reset():
        end("USR1")


def run_file(name):
    with open(name) as file:
        code = compile(file.read(), name, "exec")
    exec(code, names)


def is_there(name):
    try:
        os.stat(name)
        return True
    except OSError:
        return False


rtc = Memory("/pc%s/rtc" % FOLDER)
cause = Memory("/pc%s/cause" % FOLDER)
sys.modules["machine"] = machine
flash = Flash(FOLDER + "/flash.img", int(sys.argv[2]) if len(sys.argv) > 2 else -1)
pc = vfs.VfsPosix("/")
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash, progsize=32, readsize=32), "/")
vfs.mount(pc, "/pc")
os.chdir("/")
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = ["", "/pc%s/start.json" % FOLDER]
slots = Slots("/pc" + FOLDER) if is_there("/pc%s/ota_0" % FOLDER) else None
if slots is not None:
    sys.modules["esp32"] = esp32
imports = builtins.__import__
builtins.__import__ = first_import
names = {"__name__": "__main__"}
if slots is not None:
    run_file(slots.folder() + "/boot.py")
elif is_there("boot.py"):
    run_file("boot.py")
builtins.__import__ = imports
if is_there("main.py"):
    try:
        run_file("main.py")
    except Exception as error:
        sys.print_exception(error)
if WDT.awake and not CABLE:
    machine.reset()  # nobody feeds it at the prompt
