"""What is decided again and again: is anything due, what is the limit now, one step of the control
loop."""

from charger import charging
from measuring import (
    FOLDER,
    bytes_for,
    charge_point,
    frames,
    grows,
    new_store,
    ns_for,
    runs_without_heap,
    say,
    us_for,
)


class Nothing:
    """The floor: what a call costs by itself."""

    def without(self):
        pass

    def with_two(self, a, b):
        pass

    def with_three(self, a, b, c):
        pass


def agent(install: list):
    """The app on the simulated board, with everything but the network: two vehicles charge under
    these profiles."""
    import json

    from setpoint.app import App
    from setpoint.board.simulated import board_from
    from setpoint.protocol.websocket import parts_of

    start = {
        "connectors": [{"id": 1}, {"id": 2}],
        "clock": {"at": "2025-06-15T00:00:00Z"},
        "store": new_store(),
    }
    with open(FOLDER + "/stores/start.json", "w") as file:
        file.write(json.dumps(start))
    app = App(board_from(FOLDER + "/stores/start.json"))
    sent = []
    app.session.send = sent.append
    app.station.start()
    app.on_up()
    transaction_id = 1000

    def answer_calls():
        nonlocal transaction_id
        while sent:
            message = json.loads(
                b"".join(parts_of(sent.pop(0))).decode() if type(sent[0]) is list else sent.pop(0)
            )
            if message[0] != 2:
                continue
            answer = {}
            if message[2] == "BootNotification":
                answer = {
                    "status": "Accepted",
                    "currentTime": "2025-06-15T00:00:00Z",
                    "interval": 300,
                }
            elif message[2] == "Authorize":
                answer = {"idTagInfo": {"status": "Accepted"}}
            elif message[2] == "StartTransaction":
                transaction_id += 1
                answer = {"transactionId": transaction_id, "idTagInfo": {"status": "Accepted"}}
            app.on_text(json.dumps([3, message[1], answer]))

    answer_calls()
    for connector in (1, 2):
        app.dispatch(app.station.on_pilot, connector, "B1", "B")
        app.on_card("TAG%d" % connector, [connector])
        answer_calls()
        app.dispatch(app.station.on_pilot, connector, "C2", "C")
        answer_calls()
    for text in install:
        app.on_text(text)
        answer_calls()
    assert len(app.station.profiles) == len(install), len(app.station.profiles)
    return app


def main() -> None:
    nothing = Nothing()
    no_call, two, three = (
        ns_for(nothing.without),
        ns_for(nothing.with_two, 1, 2),
        ns_for(nothing.with_three, 1, 2, 3),
    )

    app = agent(frames("10")["install"])
    station = app.station
    app.wake()
    name = "idle check: is a limit due"
    say(name, ns_for(station.limits.due), "ns", two)
    say(name + ", heap", bytes_for(station.limits.due), "B")
    app.clock.set_alarm(3600000)  # as the app's agent does before it sleeps
    assert not app.clock.rings()
    for name, check in (
        ("idle check: is anything due", app.clock.rings),
        ("idle check: when is something due", app.ms_to_wakeup),
        ("turn: wake with nothing due", app.wake),
    ):
        say(name, ns_for(check), "ns", no_call)
        say(name + ", heap", bytes_for(check), "B")
        if check != app.wake:
            say(name + ", runs with the heap locked", runs_without_heap(check), "yes")

    for count in ("1", "3", "10", "20", "50"):
        station = charge_point(frames(count)["install"])
        profiles = station.profiles
        transaction = station.facts.connector(1).transaction
        instants = [station.facts.now + (7919 * i) % 86400 for i in range(100)]

        def anywhere():
            for at in instants:
                profiles.limit_at(1, at, transaction)

        ns = round(us_for(anywhere, 1) * 1000 / len(instants))
        if count == "10":
            say("limit at an instant, 10 profiles", ns, "ns", three)
            say(
                "limit at the same instant again, 10 profiles",
                ns_for(profiles.limit_at, 1, station.facts.now, transaction),
                "ns",
                three,
            )
            say("limits of both connectors, 10 profiles", ns_for(station.limits.update), "ns", two)
        grows("limit at an instant", "profiles", int(count), ns / 1000, three / 1000)

    control = charging()
    say("control step, 2 connectors", ns_for(control.step, 20), "ns", no_call)
    say("control step, 2 connectors, heap", bytes_for(control.step, 20), "B")
    say(
        "control step, 2 connectors, runs with the heap locked",
        runs_without_heap(control.step, 20),
        "yes",
    )


main()
