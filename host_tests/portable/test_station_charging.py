"""SetChargingProfile, ClearChargingProfile, GetCompositeSchedule as a central system sees them, and
what is in flash."""

import json

from central_system import text_of
from station_bench import NOON, StationBench, profile
from store_in_ram import DocumentsInRam

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}


def composite(bench, connector=1, duration=3600, unit=None):
    request = {"connectorId": connector, "duration": duration}
    if unit:
        request["chargingRateUnit"] = unit
    return bench.ask("GetCompositeSchedule", request)


def test_a_profile_limits_at_once_and_is_in_flash_before_the_answer():
    bench = StationBench()
    assert bench.set_profile(periods=((0, 16),)) == ACCEPTED
    assert bench.limits[1] == 160
    assert bench.memory.names() == ["profile-1"]
    assert StationBench(memory=bench.memory).limits[1] == 160


def test_limits_change_on_the_second():
    bench = StationBench()
    bench.set_profile(
        periods=((0, 16), (43260, 10), (43320, 20)), startSchedule="2025-06-15T00:00:00Z"
    )
    seen = []
    for _ in range(130):
        bench.pass_time(1)
        seen.append(bench.limits[1])
    assert seen == [160] * 59 + [100] * 60 + [200] * 11


def test_an_unknown_connector_is_an_error_and_changes_nothing():
    bench = StationBench()
    answer = bench.set_profile(connector=9)
    assert answer[:2] == ("error", "PropertyConstraintViolation") and "connectorId" in answer[2]
    assert composite(bench, 9) == REJECTED
    assert bench.memory.names() == []


def test_bad_requests_get_the_code_of_their_kind_and_name_the_field():
    bench = StationBench()
    bench.set_profile(periods=((0, 16),))
    kept = dict(bench.memory.kept)
    good = profile(id=2)

    def without(name):
        return {key: good[key] for key in good if key != name}

    def schedule(**changes):
        changed = dict(good)
        changed["chargingSchedule"] = dict(good["chargingSchedule"])
        changed["chargingSchedule"].update(changes)
        return changed

    for bad, code, field in (
        (without("stackLevel"), "FormationViolation", "stackLevel"),
        (without("chargingSchedule"), "FormationViolation", "chargingSchedule"),
        (schedule(chargingSchedulePeriod=[{"limit": 6}]), "FormationViolation", "startPeriod"),
        (profile(id="2"), "TypeConstraintViolation", "chargingProfileId"),
        (profile(id=2, level=True), "TypeConstraintViolation", "stackLevel"),
        (schedule(chargingSchedulePeriod={}), "TypeConstraintViolation", "chargingSchedulePeriod"),
        (schedule(chargingRateUnit="Apples"), "PropertyConstraintViolation", "chargingRateUnit"),
        (profile(id=2, purpose="Max"), "PropertyConstraintViolation", "chargingProfilePurpose"),
        (schedule(startSchedule="yesterday"), "PropertyConstraintViolation", "startSchedule"),
    ):
        answer = bench.ask("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": bad})
        if field == "startSchedule":
            assert answer[1] in (
                "PropertyConstraintViolation",
                "TypeConstraintViolation",
                "FormationViolation",
            ), answer
        else:
            assert answer[:2] == ("error", code), (answer, code)
        assert field in answer[2], answer
    assert bench.memory.kept == kept and bench.limits[1] == 160


def test_refused_profiles_change_nothing():
    bench = StationBench()
    bench.set_profile(id=1, periods=((0, 16),))
    kept = dict(bench.memory.kept)
    for refused in (
        {"purpose": "ChargePointMaxProfile"},
        {"purpose": "TxProfile"},
        {"level": 9},
        {"level": -1},
        {"periods": ()},
        {"periods": ((60, 6),)},
        {"periods": ((0, 6), (0, 8))},
        {"periods": ((0, 6), (20, 8), (10, 7))},
        {"periods": ((0, -1),)},
        {"duration": 0},
        {"kind": "Recurring"},
        {"validTo": "2025-06-15T11:59:59Z"},
        {"duration": 60},
        {"periods": [(i, 6) for i in range(97)]},
    ):
        answer = bench.set_profile(**refused)
        assert answer == REJECTED or (refused == {"periods": ()} and answer[0] == "error"), (
            refused,
            answer,
        )
        assert bench.memory.kept == kept and bench.limits[1] == 160, refused


def test_a_full_store_can_still_be_told_a_lower_limit():
    bench = StationBench(
        keys={"MaxChargingProfilesInstalled": "2", "ChargeProfileMaxStackLevel": "3"}
    )
    bench.set_profile(id=1, level=0, periods=((0, 32),))
    bench.set_profile(id=2, level=1, periods=((0, 30),))
    assert bench.set_profile(id=3, level=2) == REJECTED
    assert bench.set_profile(id=2, level=1, periods=((0, 8),)) == ACCEPTED
    assert bench.limits[1] == 80
    assert bench.set_profile(id=4, level=1, periods=((0, 7),)) == ACCEPTED
    assert bench.limits[1] == 70
    assert bench.memory.names() == ["profile-1", "profile-4"]


def test_the_highest_stack_level_survives_a_restart_and_can_be_cleared():
    bench = StationBench()
    assert bench.set_profile(id=-5, level=8, periods=((0, 8),)) == ACCEPTED
    again = StationBench(memory=bench.memory)
    assert again.limits[1] == 80
    assert again.ask("ClearChargingProfile", {"id": -5}) == ACCEPTED
    assert again.limits[1] == 320 and again.memory.names() == []


def test_a_failed_write_leaves_the_old_profile_in_force_and_in_flash():
    bench = StationBench()
    bench.set_profile(periods=((0, 6),))
    kept = dict(bench.memory.kept)
    bench.memory.fails = True
    bench.sent.clear()
    assert bench.set_profile(periods=((0, 32),)) == REJECTED
    assert bench.set_profile(id=2, periods=((0, 32),)) == REJECTED
    assert bench.limits[1] == 60 and bench.memory.kept == kept
    report = bench.actions("StatusNotification")[0]
    assert report["connectorId"] == 0 and report["errorCode"] == "InternalError" and report["info"]


def test_an_equal_profile_is_not_written_again():
    bench = StationBench()
    bench.set_profile()
    writes = bench.memory.writes
    assert bench.set_profile() == ACCEPTED
    assert bench.memory.writes == writes


def test_a_profile_that_cannot_be_removed_from_flash_is_out_of_force_and_told():
    bench = StationBench()
    bench.set_profile(id=7, periods=((0, 6),))

    def worn(name):
        raise OSError(5)

    bench.memory.remove = worn
    assert bench.ask("ClearChargingProfile", {"id": 7}) == {"status": "Accepted"}
    assert bench.limits[1] == 320
    told = [p for p in bench.actions("StatusNotification") if p["errorCode"] == "InternalError"]
    assert len(told) == 1 and told[0]["info"].startswith("profile 7 cannot be removed")


def test_power_fails_between_the_write_and_the_removal_of_what_it_displaced():
    bench = StationBench()
    bench.set_profile(id=1, periods=((0, 32),))
    old = bench.memory.kept["profile-1"]
    bench.set_profile(id=2, periods=((0, 8),))
    assert bench.memory.names() == ["profile-2"]
    bench.memory.kept["profile-1"] = old
    again = StationBench(memory=bench.memory)
    assert again.limits[1] == 80 and again.memory.names() == ["profile-2"]


def test_a_document_that_cannot_be_read_costs_that_profile_only():
    bench = StationBench()
    bench.set_profile(id=1, level=0, periods=((0, 10),))
    bench.set_profile(id=2, level=1, periods=((0, 8),))
    another, own = bench.memory.kept["profile-1"], json.loads(bench.memory.kept["profile-2"])
    for nonsense in ("[1]", '{"a":1}', '"x"', "[3,[1,2]]", "7", another, json.dumps(["9", own[1]])):
        memory = DocumentsInRam()
        memory.kept.update(bench.memory.kept)
        memory.kept["profile-2"] = nonsense
        again = StationBench(memory=memory)
        assert again.limits[1] == 100, nonsense
        assert any(["profile-2" in line for line in again.logs]), nonsense


def test_the_profile_of_a_transaction_goes_with_it_from_flash_too():
    bench = StationBench()
    bench.charge()
    assert (
        bench.set_profile(id=3, purpose="TxProfile", periods=((0, 7),), transactionId=1) == ACCEPTED
    )
    assert bench.limits[1] == 70
    bench.card("TAG1")
    assert bench.limits[1] == 320 and bench.memory.names() == ["cache"]


def test_a_profile_of_a_transaction_without_its_transaction_is_not_loaded():
    bench = StationBench()
    bench.charge()
    bench.set_profile(id=3, purpose="TxProfile", periods=((0, 7),))
    memory = bench.memory
    memory.journal.lines = []
    memory.journal.segments = []
    again = StationBench(memory=memory)
    again.charge()
    assert again.limits[1] == 320


def test_a_relative_profile_that_is_over_in_the_transaction_does_not_free_the_station_unheard():
    over = "profile 7 is over in the transaction on connector 1, and does not limit it"
    for connector in (0, 1):
        for form in ({"kind": "Relative"}, {"kind": "Absolute", "startSchedule": None}):
            bench = StationBench(connectors=2)
            assert (
                bench.set_profile(connector, id=7, duration=120, periods=((0, 6),), **form)
                == ACCEPTED
            )
            bench.charge(1)
            assert bench.limits[1] == 60
            bench.pass_time(119)
            assert (
                bench.set_profile(
                    1, id=8, purpose="TxProfile", duration=119, periods=((0, 6),), **form
                )
                == REJECTED
            )
            assert bench.limits[1] == 60 and bench.memory.names() == ["cache", "profile-7"]
            assert over not in bench.logs
            bench.pass_time(1)
            assert bench.limits[1] == 320
            for renewed in (120, 119):  # the same one, which is in flash already, and another one
                bench.logs.clear()
                assert (
                    bench.set_profile(connector, id=7, duration=renewed, periods=((0, 6),), **form)
                    == ACCEPTED
                )
                assert bench.limits == {1: 320, 2: 60 if connector == 0 else 320}, (
                    "the next driver gets it"
                )
                assert [line for line in bench.logs if "is over" in line] == [over], bench.logs
            bench.logs.clear()
            assert (
                bench.set_profile(connector, id=7, duration=180, periods=((0, 6),), **form)
                == ACCEPTED
            )
            assert bench.limits[1] == 60 and not [line for line in bench.logs if "is over" in line]
            assert bench.set_profile(2, id=9, duration=5, periods=((0, 6),), **form) == ACCEPTED
            assert not [line for line in bench.logs if "is over" in line], "nothing runs there"


def test_a_transaction_profile_that_names_an_id_is_refused_while_the_id_is_not_known():
    bench = StationBench()
    bench.silent = True
    bench.plug()
    bench.station.authorisation.grant("TAG", [1], None)
    bench.wake()
    assert bench.set_profile(purpose="TxProfile", transactionId=1) == REJECTED
    assert bench.set_profile(purpose="TxProfile") == ACCEPTED


def test_clear_answers_unknown_when_nothing_matched():
    bench = StationBench()
    assert bench.ask("ClearChargingProfile", {}) == {"status": "Unknown"}
    bench.set_profile(id=1, level=0)
    bench.set_profile(id=2, level=1)
    assert bench.ask("ClearChargingProfile", {"stackLevel": 5}) == {"status": "Unknown"}
    assert (
        bench.ask("ClearChargingProfile", {"id": None, "stackLevel": 0, "connectorId": 1})
        == ACCEPTED
    )
    assert bench.memory.names() == ["profile-2"]
    assert bench.ask("ClearChargingProfile", {}) == ACCEPTED
    assert bench.memory.names() == [] and bench.limits[1] == 320


def test_the_composite_schedule_is_what_the_rules_say():
    bench = StationBench()
    bench.set_profile(periods=((0, 11.3), (43200 + 600, 8.1)))
    answer = composite(bench, duration=1200)
    assert answer == {
        "status": "Accepted",
        "connectorId": 1,
        "scheduleStart": "2025-06-15T12:00:00Z",
        "chargingSchedule": {
            "duration": 1200,
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [
                {"startPeriod": 0, "limit": 11.3, "numberPhases": 3},
                {"startPeriod": 600, "limit": 8.1, "numberPhases": 3},
            ],
        },
    }


def test_limits_are_written_with_one_decimal():
    bench = StationBench()
    bench.set_profile(periods=((0, 11.3),))
    bench.deliver('[2,"g","GetCompositeSchedule",{"connectorId":1,"duration":60}]')
    composite(bench)
    bench.station.time_is(NOON, 0, 0)
    bench.station.on_text('[2,"g","GetCompositeSchedule",{"connectorId":1,"duration":60}]')
    text = [text_of(a[1]) for a in bench.station.take_effects() if a[0] == "send"][0]
    assert '"limit":11.3,' in text, text


def test_composite_requests_that_are_rejected():
    bench = StationBench(keys={"ChargingScheduleAllowedChargingRateUnit": "Current"})
    assert composite(bench, duration=-1) == REJECTED
    assert composite(bench, unit="W") == REJECTED
    assert composite(bench, unit="kW")[1] == "PropertyConstraintViolation"
    unknown = StationBench(now=None, register=False)
    assert composite(unknown) == REJECTED


def test_a_watt_profile_is_seen_in_amperes_and_in_watts():
    bench = StationBench()
    bench.set_profile(unit="W", periods=((0, 11000),))
    assert bench.limits[1] == 159
    assert (
        composite(bench, unit="W")["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
        == 11000
    )
    assert (
        composite(bench, unit="A")["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 15.9
    )


def test_without_the_time_of_day_the_lowest_period_counts():
    bench = StationBench()
    bench.set_profile(periods=((0, 16), (3600, 8), (7200, 32)))
    again = StationBench(memory=bench.memory, now=None, register=False)
    assert again.limits[1] == 80
    again.connect()
    assert again.now == NOON and again.limits[1] == 320


def test_a_relative_station_profile_set_without_the_time_counts_from_when_it_is_known():
    bench = StationBench(now=None, register=False)
    bench.set_profile(
        connector=0, purpose="ChargePointMaxProfile", kind="Relative", periods=((0, 10), (60, 20))
    )
    assert bench.limits[1] == 100
    bench.pass_time(100)
    bench.connect()
    assert bench.limits[1] == 100
    bench.pass_time(60)
    assert bench.limits[1] == 200
    assert StationBench(memory=bench.memory, now=bench.now, register=False).limits[1] == 200


def test_configuration_keys():
    bench = StationBench(
        keys={"MaxChargingProfilesInstalled": "7", "NoSuchKey": "1", "HeartbeatInterval": "x"}
    )
    answer = bench.ask("GetConfiguration", {})
    values = {entry["key"]: entry.get("value") for entry in answer["configurationKey"]}
    assert values["MaxChargingProfilesInstalled"] == "7"
    assert values["ChargingScheduleAllowedChargingRateUnit"] == "Current,Power"
    assert values["NumberOfConnectors"] == "1"
    assert bench.ask("GetConfiguration", {"key": ["Nothing"]}) == {
        "configurationKey": [],
        "unknownKey": ["Nothing"],
    }
    for key, value, status in (
        ("MeterValueSampleInterval", "5", "Accepted"),
        ("metervaluesampleinterval", "6", "Accepted"),
        ("MeterValueSampleInterval", "-1", "Rejected"),
        ("MeterValueSampleInterval", "soon", "Rejected"),
        ("MeterValuesSampledData", "Current.Offered,Energy.Active.Import.Register", "Accepted"),
        ("MeterValuesSampledData", "Happiness", "Rejected"),
        ("NumberOfConnectors", "2", "Rejected"),
        ("Nothing", "1", "NotSupported"),
    ):
        assert bench.ask("ChangeConfiguration", {"key": key, "value": value}) == {
            "status": status
        }, key
    again = StationBench(memory=bench.memory)
    assert again.station.settings["MeterValueSampleInterval"] == 6
    assert len([line for line in bench.logs if "first values" in line]) == 2


def test_unknown_actions_and_known_ones_that_are_not_built_in():
    bench = StationBench()
    assert bench.ask("Frobnicate", {})[1] == "NotImplemented"
    assert bench.ask("StartTransaction", {})[1] == "NotSupported"
    assert bench.ask("DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}


def test_texts_that_are_no_messages_are_answered_and_the_station_goes_on():
    bench = StationBench()
    for text in (
        "",
        "{",
        "[]",
        '[2,"a"]',
        '[2,"a","Reset"]',
        '[9,"a","Reset",{}]',
        '[2,1,"Reset",{}]',
        "[3]",
        '[4,"x"]',
        "null",
        '[2,"a","Reset",[]]',
    ):
        bench.deliver(text)
    assert json.loads(json.dumps(bench.last_answer))[0] == 4
    assert bench.set_profile() == ACCEPTED


def test_a_key_that_cannot_be_written_keeps_its_value():
    bench = StationBench()
    bench.memory.fails = True
    assert (
        bench.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "5"})
        == REJECTED
    )
    assert bench.station.settings["MeterValueSampleInterval"] == 60
    bench.memory.fails = False
    assert bench.ask("ChangeConfiguration", {"key": "ConnectionTimeOut", "value": "5"}) == ACCEPTED
    assert StationBench(memory=bench.memory).station.settings["MeterValueSampleInterval"] == 60


class Short(DocumentsInRam):
    """Flash that does what it is told, and then there is no memory left."""

    short = False

    def write(self, name, value):
        DocumentsInRam.write(self, name, value)
        if self.short:
            self.short = False
            raise MemoryError

    def remove(self, name):
        DocumentsInRam.remove(self, name)
        if self.short:
            self.short = False
            raise MemoryError


def test_where_memory_ends_between_flash_and_what_is_in_force_both_are_the_same_afterwards():
    for change, limit in (
        ({"id": 1, "periods": ((0, 8),)}, 80),
        ({"id": 2, "level": 1, "periods": ((0, 8),)}, 80),
        ({"id": 2, "periods": ((0, 8),)}, 80),
    ):
        bench = StationBench(memory=Short())
        bench.set_profile(id=1, periods=((0, 16),))
        bench.memory.short = True
        answer = bench.set_profile(**change)
        assert answer[:2] == ("error", "InternalError"), answer
        assert bench.limits[1] == limit, change
        assert sorted(bench.memory.kept) == [
            "profile-%d" % i for i in sorted([p.id for p in bench.station.profiles])
        ], change
        assert (
            bench.set_profile(id=5, level=3, periods=((0, 7),)) == ACCEPTED
            and bench.limits[1] == 70
        )
    bench = StationBench(memory=Short())
    bench.set_profile(id=1, periods=((0, 16),))
    bench.memory.short = True
    assert bench.ask("ClearChargingProfile", {"id": 1})[:2] == ("error", "InternalError")
    assert bench.limits[1] == 320 and not bench.memory.kept and not len(bench.station.profiles)


def test_a_crowded_flash_takes_no_further_profile_but_each_one_instead_of_another():
    bench = StationBench()
    assert bench.set_profile(id=1, periods=((0, 16),)) == ACCEPTED
    bench.memory.crowded = True
    assert bench.set_profile(id=2, level=1, periods=((0, 12),)) == {"status": "Rejected"}
    assert bench.limits[1] == 160 and sorted(bench.memory.kept) == ["profile-1"]
    assert [line for line in bench.logs if "clear another profile first" in line]
    assert bench.set_profile(id=1, periods=((0, 10),)) == ACCEPTED and bench.limits[1] == 100
    assert bench.set_profile(id=3, periods=((0, 8),)) == ACCEPTED and bench.limits[1] == 80
    assert sorted(bench.memory.kept) == ["profile-3"]
    bench.ask("ClearChargingProfile", {"id": 3})
    bench.memory.crowded = False
    assert bench.set_profile(id=2, level=1, periods=((0, 12),)) == ACCEPTED
