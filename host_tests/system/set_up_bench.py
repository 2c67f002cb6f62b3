"""A station in set-up mode, and a phone at it.

station = start_station(**set_up())
phone = Phone(station)
phone.send(url=central.url, id="CP01")
assert phone.outcome()["phase"] == "done"
"""

import http.client
import json
import time

OWN = "k7mq3xrt9h"
HOME = {"ssid": "Home", "password": "longenough", "rssi": -50}
NETWORKS = [
    HOME,
    {"ssid": "Caf\u00e9", "rssi": -70},
    {"ssid": "Near", "password": "neighbours", "rssi": -40},
]
PATIENCE_S = 60


def set_up(**changes) -> dict:
    """Fields of a start file."""
    return {"set_up": {"password": OWN, "networks": NETWORKS, **changes}}


class Phone:
    def __init__(self, station) -> None:
        self.station = station
        self.place = station.state()["set_up"]
        self.address = self.place["page"].split("/")[2]

    def ask(self, method: str, path: str, body=None, host=None, kind="application/json"):
        """(status, fields, body) of one request."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE_S)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", host or self.address)
        data = b""
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.putheader("Content-Type", kind)
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        answer = connection.getresponse()
        found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def state(self) -> dict:
        status, _, body = self.ask("GET", "/api/set-up")
        assert status == 200, body
        return json.loads(body)

    def send(self, **form):
        """(status, answer) of a form; without changes: the network Home and no central system."""
        form = {"ssid": "Home", "wifi_password": "longenough", **form}
        status, _, body = self.ask("POST", "/api/set-up", form)
        return status, json.loads(body)

    def outcome(self) -> dict:
        """The state once the try is over."""
        end = time.monotonic() + PATIENCE_S
        while True:
            state = self.state()
            if state["phase"] != "trying":
                return state
            assert time.monotonic() < end, state
            time.sleep(0.1)


def failed(phone: Phone, **form) -> dict:
    """The step at which a form's try ends."""
    assert phone.send(**form) == (200, {})
    state = phone.outcome()
    assert state["phase"] == "failed", state
    assert all(step["ok"] for step in state["steps"][:-1])
    return state["steps"][-1]
