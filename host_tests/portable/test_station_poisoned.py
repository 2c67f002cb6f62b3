"""A message after which the connection is lost again and again keeps the station from nothing
else."""

import json

from station_bench import StationBench

SAMPLED = {"StopTxnSampledData": "Energy.Active.Import.Register", "MeterValueSampleInterval": "60"}


class Strict(StationBench):
    """A central system that hangs up on what `offends(action, payload)`, instead of answering
    it."""

    def __init__(self, offends, **more):
        self.offends = offends
        self.hung_up = 0
        self.lost = False
        StationBench.__init__(self, **more)

    def take_call(self, message_id, action, payload):
        if self.offends(action, payload):
            self.sent.append([action, payload])
            self.lost = True
            return
        StationBench.take_call(self, message_id, action, payload)

    def live(self, seconds):
        """Time passes; a lost connection is back ten seconds later."""
        for _ in range(seconds // 10):
            self.pass_time(10)
            if self.lost:
                self.lost = False
                self.hung_up += 1
                self.disconnect()
                self.pass_time(10)
                self.connect()


def told(bench, word):
    return [line for line in bench.logs if word in line]


def test_a_security_event_after_which_the_connection_is_lost_is_told_without_its_words_or_set_aside():
    for always in (False, True):
        bench = Strict(
            lambda action, payload: (
                action == "SecurityEventNotification" and (always or "techInfo" in payload)
            )
        )
        bench.security_event("FailedToAuthenticateAtCentralSystem", "the server answered 401")
        bench.live(300)
        assert bench.hung_up == (4 if always else 3) and len(told(bench, "set aside")) == always
        before = len(bench.actions("SecurityEventNotification"))
        bench.live(300)
        assert bench.hung_up <= 4 and len(bench.actions("SecurityEventNotification")) == before
        bench.charge()
        bench.unplug()
        assert len(bench.actions("StopTransaction")) == 1


def test_a_status_after_which_the_connection_is_lost_is_told_without_its_words_or_set_aside():
    for always in (False, True):
        bench = Strict(
            lambda action, payload: (
                payload.get("errorCode") == "GroundFailure" and (always or "info" in payload)
            )
        )
        bench.fault("GroundFailure", vendor_code="rcd", info="6 mA")
        bench.live(300)
        assert bench.hung_up == (4 if always else 3) and len(told(bench, "set aside")) == always
        bench.fault("GroundFailure", False)
        bench.fault("GroundFailure", False, vendor_code="rcd")
        assert bench.statuses()[-1] == "Available"


def test_a_meter_value_after_which_the_connection_is_lost_is_set_aside_and_the_stop_is_told():
    for offence in ("1180", ""):
        bench = Strict(
            lambda action, payload: action == "MeterValues" and offence in json.dumps(payload),
            keys=SAMPLED,
        )
        bench.charge()
        bench.wh[1] = 1180
        bench.pass_time(60)
        bench.wh[1] = 1300
        bench.live(60)
        bench.unplug()
        bench.live(6000)
        assert len(bench.actions("StopTransaction")) == 1 and len(bench.station.outbox) == 0, (
            offence
        )
        assert bench.hung_up == 3 + len(told(bench, "set aside")) > 3, offence
        assert offence == "" or "1300" in json.dumps(bench.actions("MeterValues")), (
            "the next one is told"
        )


def test_a_start_after_which_the_connection_is_lost_is_told_in_plain_letters():
    for tag, plain in (
        ("\u00c4\u20ac1", "__1"),
        ("\U0001f600", "_"),
        ("<script>' OR", "_script__ OR"),
    ):
        bench = Strict(
            lambda action, payload: any(
                [
                    not (c.isdigit() or "A" <= c.upper() <= "Z" or c in "_ ")
                    for c in payload.get("idTag", "")
                ]
            )
        )
        bench.plug()
        bench.station.authorisation.grant(tag, [1], None)
        bench.wake()
        bench.live(300)
        assert [p["idTag"] for p in bench.actions("StartTransaction")] == [tag] * 3 + [plain]
        assert bench.station.facts.connector(1).transaction.id == 1 and bench.permits[1]
        bench.card(tag)
        bench.live(300)
        assert (
            bench.actions("StopTransaction")[-1]["transactionId"] == 1
            and len(bench.station.outbox) == 0
        )


def test_a_stop_after_which_the_connection_is_lost_is_told_without_its_data():
    bench = Strict(lambda action, payload: "transactionData" in payload, keys=SAMPLED)
    bench.charge()
    bench.live(180)
    bench.unplug()
    bench.live(300)
    stops = bench.actions("StopTransaction")
    assert len(stops) == 4 and len(bench.station.outbox) == 0
    assert stops[-1] == {
        "transactionId": 1,
        "timestamp": stops[0]["timestamp"],
        "meterStop": 1000,
        "reason": "EVDisconnected",
    }


def test_starts_and_stops_are_never_set_aside():
    for action in ("StartTransaction", "StopTransaction"):
        bench = Strict(lambda sent, payload: sent == action and patience[0] > bench.hung_up)
        patience = [30]
        bench.charge()
        bench.unplug()
        bench.live(1000)
        assert bench.hung_up == 30 and len(bench.station.outbox) == 0, action
        assert (
            bench.actions("StopTransaction")[-1]["transactionId"] == 1
            and told(bench, "set aside") == []
        )


def test_a_network_that_breaks_now_and_then_costs_no_message():
    """Whatever is in flight then, as long as it is another message each time, or was answered in
    between."""
    breaks = [2, 5, 6, 9, 10, 13, 14]
    count = [-1000]

    def offends(action, payload):
        count[0] += 1
        return count[0] in breaks

    bench = Strict(offends, connectors=2, keys=SAMPLED)
    bench.charge(1)
    count[0] = 0
    bench.live(600)
    bench.unplug(1)
    bench.live(600)
    assert (
        bench.hung_up == len(breaks)
        and told(bench, "set aside") == []
        and len(bench.station.outbox) == 0
    )
    assert len(bench.actions("StopTransaction")) >= 1


def test_what_is_answered_in_between_does_not_acquit_a_message_that_breaks_every_connection():
    bench = Strict(lambda action, payload: action == "SecurityEventNotification")
    bench.security_event("InvalidCentralSystemCertificate", "x")
    for number in range(20):
        bench.fault("WeakSignal", vendor_code="level", info="%d" % number)
        bench.live(20)
    assert bench.hung_up == 4 and len(told(bench, "set aside")) == 1
    assert bench.station.facts.link_up and bench.statuses()[-1] == "Available"


def test_a_boot_after_which_the_connection_is_lost_is_told_with_what_it_must():
    bench = Strict(
        lambda action, payload: "firmwareVersion" in payload,
        register=False,
        identity={"firmware": "\u00fc"},
    )
    bench.connect()
    bench.live(300)
    assert bench.hung_up == 3 and bench.station.facts.accepted
    assert bench.actions("BootNotification")[-1] == {
        "chargePointVendor": "Setpoint",
        "chargePointModel": "Bench",
    }


def test_what_a_person_or_a_file_says_goes_out_no_longer_than_the_standard_allows():
    long = "x" * 600
    identity = {"firmware": long, "charge_box_serial": long, "charge_point_serial": long}
    bench = StationBench(
        identity=identity,
        keys={"LastStart": long, "ConnectorPhaseRotation": ",".join(["1.RST"] * 100)},
    )
    boot = bench.actions("BootNotification")[0]
    assert [
        len(boot[name])
        for name in ("firmwareVersion", "chargeBoxSerialNumber", "chargePointSerialNumber")
    ] == [50, 25, 25]
    for key in bench.ask("GetConfiguration", {})["configurationKey"]:
        assert len(key.get("value", "")) <= 500, key["key"]
    bench.send_data(long, long, "data", lambda status, data: None)
    bench.security_event(long, long)
    bench.fault("OtherError", vendor_code=long, info=long)
    bench.card(long)
    bench.pass_time(60)
    transfer, event = (
        bench.actions("DataTransfer")[0],
        bench.actions("SecurityEventNotification")[0],
    )
    assert (
        len(transfer["vendorId"]),
        len(transfer["messageId"]),
        len(event["type"]),
        len(event["techInfo"]),
    ) == (255, 50, 50, 255)
    status = bench.actions("StatusNotification")[-1]
    assert (len(status["info"]), len(status["vendorErrorCode"])) == (50, 50)
