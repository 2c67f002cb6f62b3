"""What a board runs first: outputs safe, then which program is started, and whether it is worth another try.

Rules:
1. The outputs come first. Until then, and where there is no /board.json, the resistors on the board hold them safe.
2. A program is a folder, /a or /b, with main.py, the package setpoint and manifest.json. It may be started once it holds
   the file `complete`, which is written last: "7 0.1.0 3f2a9c1d" is its number, version and build. The highest number is
   the newest.
3. A start counts until the program has run for a minute, or was asked to restart. The count lies in the memory of the
   real-time clock, which every reset leaves as it is and a power cut clears.
4. After three starts in vain the program is put aside (`complete` becomes `failed`) if the other folder holds a complete
   one. If not: safe mode. Nothing is started, the network stays off, and the serial line answers.
5. A start that does not come as far as the control loop ends by the watchdog, whatever is the matter with main.py: it may be
   missing, empty or unreadable. It counts as one in vain, before the minute is over.
6. Nothing here needs a file of a program, and no .mpy: this file works with any version of MicroPython beside it.

main.py follows in the folder that is chosen, with the names of this file: `started`, a sentence, and `forget_starts`.
"""

import json
import os

import machine

MARK = b"SP"  # the first bytes of the clock's memory; then the folder's letter and how often it was started in vain


def make_safe():
    """Contactors open, then pilots at +12 V: each that can be understood. Raises what was wrong with the others."""
    with open("/board.json") as file:
        connectors = json.load(file)["connectors"]
    problem = None
    for name in ("contactor", "phases_2_3", "pilot"):
        for connector in connectors:
            try:
                part = connector.get(name)
                if part and name == "pilot":
                    machine.Pin(part["pwm_pin"], machine.Pin.OUT, value=1)  # high is +12 V on every board
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


def starts_of(folder):
    """How often this program was started in vain until now."""
    memory = machine.RTC().memory()
    return memory[3] if memory[:3] == MARK + folder.encode() else 0


def remember(folder, starts):
    clock = machine.RTC()
    clock.memory(MARK + folder.encode() + bytes([starts]) + clock.memory()[4:])


def cause():
    """Why the chip started, as it says itself."""
    known = (("PWRON_RESET", "power-up"), ("HARD_RESET", "a reset"), ("WDT_RESET", "the watchdog"), ("SOFT_RESET", "a soft reset"))
    for name, word in known:
        if getattr(machine, name, None) == machine.reset_cause():
            return word
    return "reset %d" % machine.reset_cause()


def choose():
    """Goes into the folder of the program to start; the sentence for its log, or None when there is none to start."""
    programs = complete_programs()
    while programs:
        number, folder, version, build = programs.pop(0)
        starts = starts_of(folder) + 1
        if starts > 3 and programs:
            print("boot: Setpoint %s build %s in /%s did not run for a minute in three starts: put aside" % (version, build, folder))
            try:
                os.rename("/%s/complete" % folder, "/%s/failed" % folder)
            except OSError as error:
                print("boot: the flash does not take it: %r" % error)
        elif starts > 3:
            print("boot: SAFE MODE. Setpoint %s build %s in /%s did not run for a minute in three starts." % (version, build, folder))
            print("boot: The outputs are safe and the network is off. Power off and on tries again; make deploy installs another.")
            return None
        else:
            remember(folder, starts)
            os.chdir("/" + folder)
            sentence = "build %s from /%s, after %s, start %d" % (build, folder, cause(), starts)
            print("boot: Setpoint %s %s" % (version, sentence))
            return sentence
    print("boot: SAFE MODE. There is no complete program. make deploy installs one.")
    return None


# Compiled by itself: a function holds on to every constant of the text that it was compiled with, and this one stays.
FORGET_STARTS = "def forget_starts(timer=None):\n clock = machine.RTC()\n clock.memory(bytes(4) + clock.memory()[4:])"

exec(FORGET_STARTS)
try:
    make_safe()
except Exception as error:
    print("boot: not every output was set, as /board.json cannot be used: %r" % error)
started = choose()
if started:
    machine.WDT(timeout=30000)  # fed by the control loop only, which comes within seconds
    machine.Timer(1).init(mode=machine.Timer.ONE_SHOT, period=60000, callback=globals()["forget_starts"])
for name in ("make_safe", "complete_programs", "starts_of", "remember", "cause", "choose", "MARK", "FORGET_STARTS", "json", "name"):
    del globals()[name]  # the program needs their memory
