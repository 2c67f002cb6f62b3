"""A short form of `make soak`, proof that its judges see what is wrong, and the budget of a busy
station's flash."""

import json

import pytest

from tools import expected, station_process
from tools.soak import __main__ as soak
from tools.soak import wear
from tools.soak.accounts import Accounts
from tools.traffic import Message

NOON = "2026-01-05T12:00:00Z"
NOW = expected.instant(NOON)
MOST_ERASES = 260  # a day, of 4096 bytes each; 193 were measured
LEAST_YEARS = 10  # until the most worn block has had 100,000 erases


@pytest.mark.parametrize("micropython", ["32bit"], indirect=True)
def test_a_simulated_day_loses_nothing(micropython, capsys):
    assert soak.main(["--days", "1", "--seed", "24"]) == 0, capsys.readouterr().out
    assert "begun and ended at the central system" in capsys.readouterr().out


def test_the_flash_of_a_busy_station_lasts_for_years(tmp_path):
    """Three hours of it."""
    found = wear.measure(tmp_path, station_process.micropython(), 0.125)
    assert found.erases / found.days < MOST_ERASES, found
    assert found.years > LEAST_YEARS, found


def state(amps, transaction, closed=True):
    connector = {
        "id": 1,
        "meter": {"amps": amps, "wh": 0},
        "contactor": {"closed": closed},
        "transaction": transaction,
    }
    return {"now": NOON, "connectors": [connector]}


def hear(accounts, action, payload, answer):
    call = json.dumps([2, str(len(accounts.starts)) + action, action, payload])
    accounts.hear(Message(call, False))
    accounts.hear(Message(json.dumps([3, json.loads(call)[1], answer]), True))


@pytest.fixture
def accounts():
    """A session of 1000 Wh at 16 A, seen at the vehicle and begun at the central system."""
    accounts = Accounts()
    accounts.arrive(1, "A", 0)
    start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOON}
    hear(
        accounts,
        "StartTransaction",
        start,
        {"transactionId": 7, "idTagInfo": {"status": "Accepted"}},
    )
    accounts.look(state(16, {"id": 7, "id_tag": "A", "start": NOON}), NOW)
    accounts.leave(1, 1000)
    return accounts


def stop(accounts, meter_stop, transaction=7):
    payload = {"transactionId": transaction, "meterStop": meter_stop, "timestamp": NOON}
    hear(accounts, "StopTransaction", payload, {})


def test_a_charge_that_agrees_is_no_trouble(accounts):
    stop(accounts, 1000)
    figures = accounts.compare()
    assert (
        accounts.troubles == []
        and figures["at the vehicles"] == figures["started"] == figures["stopped"] == 1
    )
    assert accounts.highest_a == 16 and accounts.nearest_a == 16


def test_a_stop_that_is_missing_doubled_or_short_of_energy_is_seen(accounts):
    accounts.compare()
    assert "never ended" in accounts.troubles[0] and "0 Wh were told" in accounts.troubles[1]
    del accounts.troubles[:]
    stop(accounts, 900)
    stop(accounts, 901)
    accounts.compare()
    assert "stopped twice" in accounts.troubles[0] and "900 Wh were told" in accounts.troubles[1]


def test_a_charge_that_nobody_was_told_is_seen(accounts):
    stop(accounts, 1000)
    accounts.look(state(6, {"id": None, "id_tag": "B", "start": NOON}), NOW)
    accounts.compare()
    assert accounts.troubles == ["B charged, and the central system does not know"]


def test_current_without_transaction_or_above_a_profile_is_seen(accounts):
    accounts.look(state(6, None), NOW)
    assert "without a transaction" in accounts.troubles.pop()
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
        },
    }
    accounts.profiles([[expected.Placed(1, profile, NOW)]], NOW)
    running = {"id": 7, "id_tag": "A", "start": NOON}
    accounts.look(state(16, running), NOW + 5)
    assert not accounts.troubles, "it has a few seconds to follow"
    accounts.look(state(10, running), NOW + 60)
    assert not accounts.troubles and accounts.nearest_a == 0
    accounts.look(state(16, running), NOW + 60)
    assert "6.0 A above what the rules allow" in accounts.troubles[0]
    accounts.samples.append((7, 1, NOW + 30, 12.0))
    accounts.compare()
    assert any("in a meter value" in trouble for trouble in accounts.troubles)


def test_a_relative_profile_counts_from_a_start_that_was_not_told_yet(accounts):
    periods = [{"startPeriod": 0, "limit": 10}, {"startPeriod": 60, "limit": 20}]
    profile = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": periods},
    }
    accounts.profiles([[expected.Placed(1, profile, NOW)]], NOW - 60)
    accounts.look(state(16, {"id": None, "id_tag": "B", "start": NOON}), NOW + 50)
    accounts.look(state(16, {"id": None, "id_tag": "B", "start": NOON}), NOW + 70)
    assert len(accounts.troubles) == 1


def test_heap_that_grows_within_a_start_is_seen():
    assert soak.growth([(1, 70000), (2, 76000), (2, 76100), (3, 75000)]) == 100
    assert soak.growth([(1, 70000), (1, 71000), (1, 72000)]) == 2000
