"""What a board runs first: outputs safe, then which program is started, and whether it is worth
another try.

Rules:
1. The outputs come first. Until then, and where there is no /board.json, the resistors on the board
   hold them safe.
2. A program lies in a folder or in MicroPython's own image, frozen. In a folder, /a or /b, are
   main.py, the package setpoint and manifest.json; it may be started once it holds the file
   `complete`, which is written last: "7 0.1.0 3f2a9c1d" is its number, version and build. The
   highest number is the newest. The frozen program is started where no folder has a complete one.
3. A start counts until the program has run for a minute, or was asked to restart. The count lies in
   the memory of the real-time clock, which every reset leaves as it is and a power cut clears.
4. After three starts in vain a folder is put aside (`complete` becomes `failed`) if there is
   another complete one, or a frozen program. The image in the other slot of the flash takes the
   place of a frozen program, unless it was given up itself. Where nothing is left: safe mode.
   Nothing is started, the network stays off, and the serial line answers.
5. A start that ends before the program runs because the memory is too small is none in vain: no
   other try will be better, and nothing is put aside for it. After three of them: safe mode.
6. A start that does not come as far as the control loop ends by the watchdog, whatever is the
   matter with main.py: it may be missing, empty or unreadable. It counts as one in vain, before the
   minute is over.
7. Nothing here needs a file of a program, and no .mpy: this file works with any version of
   MicroPython beside it.

As a file beside a program in a folder it sets the names `started`, a sentence, `forget_starts` and
`restart_for_memory`, and MicroPython runs the folder's main.py next. Frozen as boot.py of our own
image it does the same, or starts the frozen program. A slot that was just written gets one start of
the boot loader until `forget_starts` confirms it."""

import json
import os
import sys

import machine

# The clock's memory: MARK, the program ("a" and "b" for a folder, "0" and "1" for a slot), a byte
# for how often it was started in vain (2 bits), ended for want of memory (2 bits) and which slots
# were given up (2 bits); what follows is the program's.
MARK = b"SP"
# Among what follows: the program reset the chip. A panic has the same cause of reset
ON_PURPOSE = b"R"


def make_safe():
    """Contactors open, then pilots at +12 V: each that can be understood. Raises what was wrong
    with the others."""
    with open("/board.json") as file:
        connectors = json.load(file)["connectors"]
    problem = None
    for name in ("contactor", "phases_2_3", "pilot"):
        for connector in connectors:
            try:
                part = connector.get(name)
                if part and name == "pilot":
                    # High is +12 V on every board
                    machine.Pin(part["pwm_pin"], machine.Pin.OUT, value=1)
                elif part:
                    if part["on"] not in (0, 1):
                        raise ValueError(name + ": on is neither 0 nor 1")
                    machine.Pin(part["pin"], machine.Pin.OUT, value=1 - part["on"])
            except Exception as error:
                problem = error
    if problem is not None:
        raise problem


def complete_programs():
    """[(number, folder, version, build)], the newest first."""
    found = []
    for folder in ("a", "b"):
        try:
            with open("/%s/complete" % folder) as file:
                number, version, build = file.read().split()
            found.append((int(number), folder, version, build))
        except (OSError, ValueError):
            pass  # none, or cut off while it was written
    found.sort(reverse=True)
    return found


def frozen_version():
    """The version of the program in this image, which is what is imported from here on; None: there
    is none."""
    path = sys.path[:]
    sys.path[:] = [".frozen"]
    try:
        from setpoint import __version__
    except ImportError:
        sys.path[:] = path
        return None
    sys.path.extend(path)
    return __version__


def remembered():
    """(program, starts in vain, starts that ended for want of memory, slots given up) since
    power-up."""
    memory = machine.RTC().memory()
    if memory[:2] != MARK or len(memory) < 4:
        return "", 0, 0, 0
    return chr(memory[2]), memory[3] & 3, memory[3] >> 2 & 3, memory[3] >> 4 & 3


def remember(program, in_vain, no_memory, given_up):
    clock = machine.RTC()
    clock.memory(
        MARK
        + program.encode()
        + bytes([in_vain | no_memory << 2 | given_up << 4])
        + clock.memory()[4:]
    )


def cause():
    """Why the chip started, as it says itself."""
    known = (
        ("PWRON_RESET", "power-up"),
        ("HARD_RESET", "a reset"),
        ("WDT_RESET", "the watchdog"),
        ("SOFT_RESET", "a soft reset"),
    )
    for name, word in known:
        if getattr(machine, name, None) == machine.reset_cause():
            return (
                "a panic"
                if name == "HARD_RESET" and ON_PURPOSE not in machine.RTC().memory()[4:]
                else word
            )
    return "reset %d" % machine.reset_cause()


def restart():
    machine.RTC().memory(machine.RTC().memory() + ON_PURPOSE)
    machine.reset()


def forget_starts(timer=None):
    """Counts this start as a good one, and confirms the image to the boot loader."""
    clock = machine.RTC()
    clock.memory(bytes(4) + clock.memory()[4:])
    try:
        from esp32 import Partition

        # ESP-IDF marks the slot that was chosen last: after an update that is one that has not run
        if Partition(Partition.BOOT).info() == Partition(Partition.RUNNING).info():
            Partition.mark_app_valid_cancel_rollback()
    except (ImportError, OSError):
        pass  # an image without slots


def restart_for_memory():
    """This start ended for want of memory."""
    program, in_vain, no_memory, given_up = remembered()
    remember(program, max(in_vain - 1, 0), min(no_memory + 1, 3), given_up)
    restart()


def safe_mode(reason):
    print("boot: SAFE MODE. " + reason)
    print(
        "boot: The outputs are safe and the network is off. Power off and on tries again; make flash or make deploy installs another."
    )


def to_start(program, title, sentence, counted):
    """Counts a start and says it; the sentence for the program's log."""
    remember(program, counted[0] + 1, counted[1], counted[2])
    sentence += ", after %s, start %d" % (cause(), counted[0] + 1)
    print("boot: %s%s" % (title, sentence))
    return sentence


def choose():
    """Of the program to start its sentence, and whether it is the frozen one; else None and False.
    Goes into a program's folder."""
    last, in_vain, no_memory, given_up = remembered()
    programs = complete_programs()
    while programs:
        _, folder, version, build = programs.pop(0)
        title = "Setpoint %s build %s in /%s" % (version, build, folder)
        if last == folder and no_memory == 3:
            safe_mode(
                title
                + " has not enough memory: on a chip without PSRAM the program belongs inside MicroPython's image, which make flash writes."
            )
            return None, False
        if last != folder or in_vain < 3:
            counted = (in_vain, no_memory, given_up) if last == folder else (0, 0, given_up)
            os.chdir("/" + folder)
            return to_start(
                folder, "Setpoint %s " % version, "build %s from /%s" % (build, folder), counted
            ), False
        if not programs and frozen_version() is None:
            safe_mode(title + " did not run for a minute in three starts.")
            return None, False
        print("boot: %s did not run for a minute in three starts: put aside" % title)
        try:
            os.rename("/%s/complete" % folder, "/%s/failed" % folder)
        except OSError as error:
            print("boot: the flash does not take it: %r" % error)
    version = frozen_version()
    if version is None:
        safe_mode("There is no complete program. make flash or make deploy installs one.")
        return None, False
    return choose_slot(version), True


def choose_slot(version):
    """The sentence of the frozen program, or None. Where it was given up the chip restarts with the
    other slot, if that holds an application."""
    from esp32 import Partition

    last, in_vain, no_memory, given_up = remembered()
    slot = Partition(Partition.RUNNING).info()[4]
    number, other = ("1", "0") if slot == "ota_1" else ("0", "1")
    title = "Setpoint %s in %s" % (version, slot)
    if last == number and no_memory == 3:
        safe_mode(title + " has not enough memory to start.")
        return None
    if not given_up & 1 << int(number) and (last != number or in_vain < 3):
        counted = (in_vain, no_memory, given_up) if last == number else (0, 0, given_up)
        return to_start(number, "Setpoint %s " % version, "from " + slot, counted)
    if last == other:  # and yet this slot was started: the boot loader has given up the other one
        given_up |= 1 << int(other)
    given_up |= 1 << int(number)
    remember(number, 0, 0, given_up)
    if given_up != 3:
        try:
            Partition(Partition.RUNNING).get_next_update().set_boot()
        except OSError:  # there is no other one, or no whole application in it
            pass
        else:
            print(
                "boot: %s did not run for a minute in three starts: the other slot takes its place"
                % title
            )
            remember(other, 0, 0, given_up)
            restart()
    safe_mode(
        title
        + " did not run for a minute in three starts, and the other slot holds nothing that does."
    )


try:
    make_safe()
except Exception as error:
    print("boot: not every output was set, as /board.json cannot be used: %r" % error)
if machine.reset_cause() == machine.PWRON_RESET:
    # Where a reset button counts as power-up the memory keeps what was before
    machine.RTC().memory(b"")
started, frozen = choose()
if started:
    machine.WDT(timeout=30000)  # fed by the control loop only, which comes within seconds
    machine.Timer(1).init(mode=machine.Timer.ONE_SHOT, period=60000, callback=forget_starts)
    if frozen:
        from setpoint import main

        main.run(started, forget_starts, restart_for_memory)
