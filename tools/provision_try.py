"""Runs on the board, for `make provision`: tries what /identity.json says, from Wi-Fi to
BootNotification.

One line for each step, "ok wifi ..." or "no tls ..."; the first "no" is the last line but "end".
What tries is the program that is installed (setpoint/setup/trial.py). This is sent piece by piece,
one definition at a time: the board has little memory to compile in."""

import asyncio
import json
import os

try:
    import machine

    food = machine.WDT(timeout=60000).feed
except (ImportError, AttributeError):

    def food():
        pass


WIFI_S, ANSWER_S = 20, 20


class Stop(Exception):
    """Arguments: the step, and why it went wrong."""


def find_program():
    """Goes into the folder of the newest complete program. Without one what is frozen in
    MicroPython's image is imported."""
    best = ""
    most = -1
    for folder in ("/a", "/b"):
        try:
            with open(folder + "/complete") as file:
                number = int(file.read().split()[0])
        except (OSError, ValueError, IndexError):
            continue
        if number > most:
            best, most = folder, number
    if best:
        os.chdir(best)
    try:
        import setpoint  # noqa: F401
    except ImportError:
        raise Stop("program", "there is no Setpoint on the board: make flash first")


def said(step, sentence):
    print("ok", step, sentence)


async def main():
    try:
        find_program()
        with open("/identity.json") as file:
            identity = json.load(file)
        from setpoint.board import resolver
        from setpoint.board.esp32 import joining
        from setpoint.clock import Clock
        from setpoint.setup import trial
    except Stop as stop:
        print("no", stop.args[0], stop.args[1])
        return
    except ImportError:
        print("no program the Setpoint on the board is older than this tool: make flash first")
        return
    try:
        wifi = identity.get("wifi")
        if not wifi:
            raise trial.Stop("wifi", "no network is named: give its name (ssid) and password")
        found = await joining.join(wifi, food, WIFI_S)
        network = found[0]
        if network is None:
            raise trial.Stop("wifi", found[1])
        said("wifi", "joined " + wifi["ssid"])

        def look_up(host):
            return resolver.address_of(host, joining.dns_server(), None, None)

        connection = await trial.reach(network, look_up, identity, Clock(), said, food, ANSWER_S)
        try:
            await trial.register(connection, identity, said, food, ANSWER_S)
        finally:
            await connection.close()
    except OSError as error:
        print("no connection it broke:", error)
    except trial.Stop as stop:
        print("no", stop.args[0], stop.args[1])
    print("end")


asyncio.run(main())
