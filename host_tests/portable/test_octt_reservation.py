"""The Reservation cases of the OCPP 1.6 compliancy test tool for charge points, one test for each.

The names are those of public test reports; the table in host_tests/README.md lists them all."""

from station_bench import NOON, StationBench

from setpoint.protocol.iso8601 import text_from

ACCEPTED = {"status": "Accepted"}
MEMBER = {"idTagInfo": {"status": "Accepted", "parentIdTag": "PARENT"}}


def reserve(bench, connector=1, lasts_s=120, **more):
    request = {
        "connectorId": connector,
        "expiryDate": text_from(NOON + lasts_s),
        "idTag": "VALID",
        "reservationId": 1,
    }
    request.update(more)
    return bench.ask("ReserveNow", request)["status"]


def reserved(connector=1, **more):
    bench = StationBench()
    assert reserve(bench, connector, **more) == "Accepted" and bench.statuses()[-1] == "Reserved"
    bench.sent.clear()
    return bench


def charges(bench, tag="VALID"):
    """The transaction began with the reservation, and energy flows."""
    bench.draw()
    (start,) = bench.actions("StartTransaction")
    assert (start["idTag"], start["connectorId"], start["reservationId"]) == (tag, 1, 1)
    assert bench.statuses()[0] == "Preparing" and bench.statuses()[-1] == "Charging"


def remote_start(bench, tag):
    bench.plug()
    assert bench.ask("RemoteStartTransaction", {"idTag": tag, "connectorId": 1}) == ACCEPTED
    charges(bench, tag)


def test_tc_046_1_a_reserved_connector_and_its_card():
    bench = reserved()
    bench.plug()
    bench.card("OTHER")
    assert bench.actions("StartTransaction") == [] and bench.statuses() == []
    bench.card("VALID")
    charges(bench)


def test_tc_046_2_a_reserved_connector_and_a_remote_start():
    remote_start(reserved(), "VALID")


def test_tc_047_a_reservation_of_a_connector_expires():
    bench = reserved()
    bench.pass_time(119)
    assert bench.statuses() == []
    bench.pass_time(1)
    assert bench.statuses() == ["Available"]


def faulted(connector):
    bench = StationBench()
    bench.fault("GroundFailure")
    assert reserve(bench, connector) == "Faulted"


def occupied(connector):
    bench = StationBench()
    bench.charge()
    assert reserve(bench, connector) == "Occupied"


def unavailable(connector):
    bench = StationBench()
    request = {"connectorId": connector, "type": "Inoperative"}
    assert bench.ask("ChangeAvailability", request) == ACCEPTED
    assert reserve(bench, connector) == "Unavailable"


def test_tc_048_1_a_faulted_connector_is_not_reserved():
    faulted(1)


def test_tc_048_2_an_occupied_connector_is_not_reserved():
    occupied(1)


def test_tc_048_3_an_unavailable_connector_is_not_reserved():
    unavailable(1)


def test_tc_048_4_a_charge_point_that_takes_no_reservations():
    bench = StationBench(keys={"SupportedFeatureProfiles": "Core,RemoteTrigger,SmartCharging"})
    assert reserve(bench) == "Rejected"


def test_tc_049_a_reserved_charge_point_and_its_card():
    bench = reserved(0)
    bench.plug()
    bench.card("OTHER")
    assert bench.actions("StartTransaction") == []
    bench.card("VALID")
    charges(bench)


def test_tc_050_1_a_faulted_charge_point_is_not_reserved():
    faulted(0)


def test_tc_050_2_an_occupied_charge_point_is_not_reserved():
    occupied(0)


def test_tc_050_3_an_unavailable_charge_point_is_not_reserved():
    unavailable(0)


def test_tc_050_4_a_charge_point_that_cannot_be_reserved_as_a_whole():
    assert reserve(StationBench(keys={"ReserveConnectorZeroSupported": "false"}), 0) == "Rejected"


def test_tc_051_a_reservation_is_cancelled():
    bench = reserved()
    assert bench.ask("CancelReservation", {"reservationId": 1}) == ACCEPTED
    assert bench.statuses() == ["Available"]


def test_tc_052_an_unknown_reservation_is_not_cancelled():
    bench = reserved()
    assert bench.ask("CancelReservation", {"reservationId": 2}) == {"status": "Rejected"}
    assert bench.statuses() == []


def test_tc_053_1_a_card_of_the_parent_uses_the_reservation():
    bench = reserved(parentIdTag="PARENT")
    bench.answers["Authorize"] = lambda payload: MEMBER
    bench.plug()
    bench.card("MEMBER")
    charges(bench, "MEMBER")


def test_tc_053_2_a_remote_start_with_a_card_of_the_parent():
    bench = reserved(parentIdTag="PARENT")
    bench.answers["Authorize"] = lambda payload: MEMBER
    remote_start(bench, "MEMBER")
