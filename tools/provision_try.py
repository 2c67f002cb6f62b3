"""Runs on the board, for `make provision`: tries what /identity.json says, from Wi-Fi to
BootNotification.

One line for each step, "ok wifi ..." or "no tls ..."; the first "no" is the last line. What it uses
is the program that is installed, and of that what connecting needs. It is sent piece by piece, one
definition at a time: the board has little memory to compile in."""

import asyncio
import json
import os
import time

try:
    import machine

    food = machine.WDT(timeout=60000).feed
except (ImportError, AttributeError):

    def food():
        pass


WIFI_S, ANSWER_S = 20, 20
REASONS = {
    200: "it does not answer",
    201: "no network of this name is in reach (2.4 GHz only)",
    202: "the password is wrong",
}


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


class Listener:
    """What Wi-Fi tells goes nowhere, as the steps here say it better; but for a radio that does not
    start."""

    problem = None

    def log(self, level, area, sentence):
        if level == "error":
            self.problem = sentence

    def on_network(self):
        pass


async def join(identity):
    from setpoint.board.esp32.wifi import Network

    wifi = identity.get("wifi")
    if not wifi:
        raise Stop("wifi", "no network is named: give its name (ssid) and password")
    network = Network(wifi)
    listener = Listener()
    asyncio.create_task(network.run(listener))
    for _ in range(WIFI_S * 10):
        food()
        if listener.problem:
            raise Stop("wifi", listener.problem)
        if network.up:
            print("ok wifi joined", wifi["ssid"])
            return network
        await asyncio.sleep(0.1)
    import network as radio

    wlan = radio.WLAN(radio.STA_IF)
    status = wlan.status() if hasattr(wlan, "status") else None
    raise Stop(
        "wifi",
        "%s cannot be joined in %d s: %s"
        % (wifi["ssid"], WIFI_S, REASONS.get(status, "status %s" % status)),
    )


async def connect(network, identity, clock):
    import network as radio

    from setpoint.board import resolver
    from setpoint.link import connecting

    try:
        secure, _, host, port, path = connecting.parts_of(
            identity["csms_url"], identity["charge_point_id"], False
        )
    except ValueError as error:
        raise Stop("url", error.args[0])
    try:
        address = await resolver.address_of(
            host, radio.WLAN(radio.STA_IF).ifconfig()[3], None, None
        )
    except OSError as error:
        raise Stop(
            "dns",
            "no address is known for %s (%s): check the name, and that this network has a way to the Internet"
            % (host, error),
        )
    print("ok dns", host, "is known" if address == host else "is " + address)
    food()
    try:
        stream = await asyncio.wait_for(network.open(host, port), ANSWER_S)
        stream.close()
    except asyncio.TimeoutError:
        raise Stop(
            "tcp", "%s does not answer at port %d within %d s: a firewall?" % (host, port, ANSWER_S)
        )
    except OSError as error:
        raise Stop("tcp", "%s takes no connection at port %d (%s)" % (host, port, error))
    print("ok tcp", host, "listens at port", port)
    food()
    try:
        found = await asyncio.wait_for(
            connecting.attempt(network, identity, (None, None, 0), clock, 8192), ANSWER_S
        )
    except asyncio.TimeoutError:
        raise Stop("websocket", "no answer within %d s" % ANSWER_S)
    connection, why, event, _ = found
    if connection is None:
        raise Stop(
            "tls"
            if event and "Certificate" in event or "TLS" in why or "ertificate" in why
            else "websocket",
            why,
        )
    print("ok", "tls and websocket" if secure else "websocket", "ocpp1.6 at", path)
    return connection


async def boot(connection, identity):
    payload = {
        "chargePointVendor": identity.get("vendor") or "Setpoint",
        "chargePointModel": identity.get("model") or "Provisioning",
    }
    await connection.send(json.dumps([2, "provision", "BootNotification", payload]))
    started = time.time()
    while time.time() - started < ANSWER_S:
        food()
        event = await asyncio.wait_for(connection.receive(), ANSWER_S)
        if event[0] == "close":
            raise Stop("ocpp", "the central system hung up: %d %s" % (event[1], event[2]))
        if event[0] != "text":
            continue
        answer = json.loads(event[1])
        if answer[:2] == [3, "provision"]:
            status = answer[2].get("status")
            if status == "Rejected":
                raise Stop(
                    "ocpp",
                    "the central system rejects this charge point: register the id %s there"
                    % identity["charge_point_id"],
                )
            print("ok ocpp BootNotification:", status)
            return
        if answer[0] == 4:
            raise Stop(
                "ocpp",
                "the central system answers BootNotification with %s: %s" % (answer[2], answer[3]),
            )
    raise Stop("ocpp", "no answer to BootNotification within %d s" % ANSWER_S)


async def main():
    try:
        find_program()
        with open("/identity.json") as file:
            identity = json.load(file)
        from setpoint.clock import Clock

        network = await join(identity)
        connection = await connect(network, identity, Clock())
        try:
            await boot(connection, identity)
        finally:
            await connection.close()
    except asyncio.TimeoutError:
        print("no ocpp no answer to BootNotification within %d s" % ANSWER_S)
    except OSError as error:
        print("no connection it broke: %s" % error)
    except Stop as stop:
        print("no", stop.args[0], stop.args[1])
    print("end")


asyncio.run(main())
