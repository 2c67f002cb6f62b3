"""The whole agent in the memory of a small chip: on the 32-bit interpreter with the firmware frozen
in, the simulated board included.

What matters: no MemoryError, every request answered, and room left.
"""

import json

import pytest
from certificates import Authority, server_context
from test_local_list import send_all
from test_offline import play_the_day

from tools import benchmark_frames, compiled

# An ESP32-WROOM has 199 KB for all; Wi-Fi takes 42 of them, and TLS 33 at its worst moment
WROOM_HEAP = "115K"
TRANSACTIONS = benchmark_frames.TRANSACTIONS
HOUR_HEAP = "80K"
MOST_IN_USE = 68 * 1024  # of it; what is left serves the longest message


@pytest.fixture(autouse=True)
def only_in_a_boards_form(micropython):
    if not compiled.has_firmware(micropython):
        pytest.skip(
            "this interpreter has the firmware not frozen in, so its heap says nothing of a board's"
        )


def ask(central, text):
    """Sends the text of a CALL's action and payload; the payload of the answer."""
    _, _, action, payload = json.loads(text)
    return central.call(action, payload, 10)


def begin(central, start_station, profiles, heap):
    """A station with two transactions and these profiles."""
    central.next_transaction_id = min(TRANSACTIONS.values())
    station = start_station(
        heap=heap,
        connectors=[{"id": 1}, {"id": 2}],
        vehicles=[{"connector": 1}, {"connector": 2}],
        clock={"at": benchmark_frames.MIDNIGHT, "frozen": True},
        keys={"MeterValueSampleInterval": "60", "HeartbeatInterval": "300"},
        device={"reconnect": {"minimum_s": 0, "random_s": 0}},
    )
    station.wait_until(lambda state: state["registered"])
    for connector in (1, 2):
        started = central.call(
            "RemoteStartTransaction", {"connectorId": connector, "idTag": "TAG%d" % connector}
        )
        assert started["status"] == "Accepted"
        status = {"connectorId": connector, "status": "Charging"}
        central.wait_for("StatusNotification", lambda payload: status.items() <= payload.items())
    for text in profiles:
        assert ask(central, text)["status"] == "Accepted", text
    return station


def a_busy_minute(central, station, number):
    """Profiles are replaced, plans and keys asked for, meter values sent; then a minute passes."""
    replacement = benchmark_frames.profile("anew", 1, 20, "td", 76 + number % 100)
    assert ask(central, replacement)["status"] == "Accepted"
    for connector in (0, 1, 2):
        assert ask(central, benchmark_frames.composite(connector))["status"] == "Accepted"
    asked = number % 6
    if asked == 0:
        assert len(central.call("GetConfiguration")["configurationKey"]) > 20
    elif asked == 1:
        changed = central.call(
            "ChangeConfiguration",
            {"key": "MeterValueSampleInterval", "value": str(50 + number % 20)},
        )
        assert changed["status"] == "Accepted"
    elif asked == 2:
        what = {"connectorId": 1 + number % 2, "requestedMessage": "MeterValues"}
        assert central.call("TriggerMessage", what)["status"] == "Accepted"
    elif asked == 3:
        for message_id in ("Limits", "Profiles"):
            answer = central.call("DataTransfer", {"vendorId": "Setpoint", "messageId": message_id})
            assert answer["status"] == "Accepted"
    elif asked == 4:
        transaction = benchmark_frames.profile("mine", 1, 30, "tx", 84 + number)
        assert ask(central, transaction)["status"] == "Accepted"
    else:
        heard = len(central.paths)
        central.drop(abrupt=number % 12 == 5)
        central._wait(
            lambda: len(central.paths) > heard and central.connected, 10, "it does not come back"
        )
        central.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    station.cmd("clock", advance_s=60)


def complaints(station):
    return [
        line
        for line in station.log
        if "memory" in line.lower() and "meter memory" not in line or "died" in line
    ]


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_an_hour_of_charging_on_two_connectors_with_ten_profiles_fits_into_80_kb(
    central, start_station
):
    station = begin(central, start_station, benchmark_frames.ten(), HOUR_HEAP)
    for number in range(60):
        a_busy_minute(central, station, number)
    # A reading counts what is kept and the garbage since the last collection
    used = min(station.state()["memory"]["used"] for _ in range(8))
    assert not complaints(station)
    assert len(central.seen("MeterValues")) > 100
    assert used < MOST_IN_USE


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_fifty_profiles_of_96_periods_fit_beside_the_whole_agent_into_what_a_wroom_has_for_python(
    central, start_station
):
    frames = benchmark_frames.all_frames()["96-periods"]
    station = begin(central, start_station, frames["install"], WROOM_HEAP)
    for text in frames["change"] + [
        benchmark_frames.composite(connector) for connector in (0, 1, 2)
    ]:
        assert ask(central, text)["status"] == "Accepted", text
    assert len(central.call("GetConfiguration")["configurationKey"]) > 20
    send_all(central, 100)
    assert not complaints(station)


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_whole_day_over_tls_fits_into_what_a_wroom_has_for_python(
    central, start_station, tmp_path
):
    """Its imports included; Wi-Fi and TLS have their memory beside the heap, here as on the
    chip."""
    authority = Authority(tmp_path, "ca")
    central.stop()
    central.tls = server_context(authority.sign("central", names=["127.0.0.1"]))
    central.start()
    station = play_the_day(
        start_station,
        central,
        heap=WROOM_HEAP,
        tls={"ca_file": str(authority.cert)},
        csms_url=central.url,
    )
    assert central.url.startswith("wss://") and not complaints(station)
