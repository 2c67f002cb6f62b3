"""An update of the firmware: what is told, what survives a restart, and that no charge is touched
(OCPP 1.6, 5.19)."""

import json

from station_bench import NOON, StationBench

from setpoint.protocol.iso8601 import text_from

SOON = "2025-06-15T12:00:00Z"


def request(location="http://files/new", **more):
    fields = {"location": location, "retrieveDate": SOON}
    fields.update(more)
    return fields


class Bench(StationBench):
    """The central system knows the time."""

    def __init__(self, program="ota_0", **options):
        StationBench.__init__(self, identity={"program": program}, register=False, **options)
        self.boot_answer = dict(self.boot_answer)
        self.answers["BootNotification"] = self.answers["Heartbeat"] = self.tells_the_time

    def tells_the_time(self, payload):
        self.boot_answer["currentTime"] = text_from(self.now)
        return self.boot_answer


def bench(program="ota_0", register=True, **options):
    it = Bench(program, **options)
    if register:
        it.connect()
    return it


def restarted(before, program, **options):
    """The same flash, after a restart."""
    return bench(program, memory=before.memory, now=before.now, **options)


def told(bench):
    return [payload["status"] for payload in bench.actions("FirmwareStatusNotification")]


def kept(bench):
    return json.loads(bench.memory.kept.get("firmware", "{}"))


def ends(bench, what, case):
    """The download that was begun is over."""
    bench.transfer_ends("download", (what, case))


def update(bench, **more):
    assert bench.ask("UpdateFirmware", request(**more)) == {}
    bench.wake()


def fetched(bench):
    update(bench)
    ends(bench, ("ota_1", bytes(32)), "done")
    bench.wake()


# -- the whole of it


def test_an_update_from_the_request_to_installed():
    old = bench()
    update(old)
    name, (url, _) = old.transfers[0]
    assert (name, url) == ("download", "http://files/new") and told(old) == ["Downloading"]
    ends(old, ("ota_1", bytes(32)), "done")
    old.wake()
    assert told(old) == ["Downloading", "Downloaded", "Installing"]
    assert old.places == ["activate"] and kept(old)["state"] == "Restarting"
    new = restarted(old, "ota_1")
    new.wake()
    assert new.places == ["confirm"] and told(new) == ["Installed"]
    assert kept(new) == {} and new.station.download is None
    again = restarted(new, "ota_1")
    again.wake()
    assert told(again) == [], "once"


def test_installed_is_written_only_once_the_boot_loader_keeps_the_new_firmware():
    old = bench()
    fetched(old)
    new = restarted(old, "ota_1", register=False)
    seen = []

    class Places:
        def append(self, verb):
            seen.append((verb, kept(new)["state"]))

    new.places = Places()
    new.connect()
    new.wake()
    assert seen == [("confirm", "Restarting")]
    assert told(new) == ["Installed"]


def test_a_roll_back_is_told():
    old = bench()
    fetched(old)
    again = restarted(old, "ota_0")
    again.wake()
    assert told(again) == ["InstallationFailed"] and kept(again) == {}


def test_a_place_that_does_not_take_it_is_told_and_the_station_goes_on():
    it = bench()
    fetched(it)
    it.dispatch(it.station.download.refused, "the image is not valid")
    it.wake()
    assert told(it)[-1] == "InstallationFailed" and kept(it) == {}
    assert it.statuses()[-1] == "Available"


# -- when


def test_nothing_is_fetched_before_the_time_that_was_asked_for():
    it = bench()
    update(it, retrieveDate="2025-06-15T12:10:00Z")
    it.pass_time(599)
    assert it.transfers == [] and told(it) == []
    it.pass_time(2)
    assert len(it.transfers) == 1 and told(it) == ["Downloading"]


def test_the_time_that_was_asked_for_survives_a_restart():
    it = bench()
    update(it, retrieveDate="2025-06-15T12:10:00Z")
    again = restarted(it, "ota_0")
    again.pass_time(599)
    assert again.transfers == []
    again.pass_time(2)
    assert again.transfers[0][1][0] == "http://files/new"


def test_while_the_time_is_unknown_nothing_is_fetched():
    it = bench(now=None, register=False)
    never = {"status": "Accepted", "currentTime": "1969-01-01T00:00:00Z", "interval": 300}
    it.answers["BootNotification"] = it.answers["Heartbeat"] = lambda payload: never
    it.connect()
    update(it, retrieveDate="2020-01-01T00:00:00Z")
    it.pass_time(100)
    assert it.transfers == []
    it.now = NOON
    it.clock_is_set()
    it.wake()
    assert len(it.transfers) == 1


def test_nothing_is_fetched_while_a_contactor_is_closed():
    it = bench()
    it.charge()
    update(it)
    it.pass_time(100)
    assert it.transfers == []
    it.pause()
    it.wake()
    assert len(it.transfers) == 1, "the transaction goes on, and no current flows"


def test_a_fetch_that_a_charge_interrupts_goes_on_later_and_costs_no_try():
    it = bench()
    update(it, retries=0)
    for _ in range(3):
        it.charge()
        ends(it, "a vehicle charges", "paused")
        count = len(it.transfers)
        it.pass_time(100)
        assert len(it.transfers) == count
        it.end()
        it.unplug()
        it.wake()
        assert len(it.transfers) == count + 1
    assert it.transfers[0][1][1] is it.transfers[-1][1][1], "it goes on with what it has"
    assert told(it) == ["Downloading"]


def test_it_is_installed_when_the_last_transaction_is_over_and_none_begins_meanwhile():
    it = bench(connectors=2)
    it.charge(1)
    it.pause(1)
    fetched(it)
    assert told(it)[-1] == "Downloaded" and it.places == []
    assert it.statuses(2)[-1] == "Unavailable" and it.statuses(1)[-1] == "SuspendedEV"
    it.plug(2)
    it.card("OTHER")
    assert it.station.facts.connector(2).transaction is None
    assert it.ask("RemoteStartTransaction", {"idTag": "X"}) == {"status": "Rejected"}
    it.resume(1)
    assert it.station.facts.connector(1).live(), "the one that runs may go on"
    it.pass_time(3600)
    assert it.places == []
    it.card("TAG1", [1])
    it.end(1)
    it.unplug(1)
    it.wake()
    assert told(it)[-1] == "Installing" and it.places == ["activate"]
    assert it.actions("StopTransaction"), "it is told first"


def test_the_end_of_a_transaction_that_nobody_takes_holds_the_restart_up_for_half_a_minute():
    it = bench()
    it.charge()
    it.pause()
    fetched(it)
    it.silent = True
    it.card("TAG1", [1])
    it.end()
    it.pass_time(25)
    assert it.places == []
    it.pass_time(10)
    assert it.places == ["activate"]


def test_a_station_that_is_offline_installs_what_it_has():
    it = bench()
    it.charge()
    it.pause()
    fetched(it)
    it.disconnect()
    it.resume()
    it.card("TAG1", [1])
    it.stop()
    it.wake()
    assert it.places == [], "the meter is read a last time"
    it.pass_time(5)
    assert it.places == ["activate"]


def test_what_was_fetched_is_installed_after_a_restart_too():
    it = bench()
    it.charge()
    it.pause()
    fetched(it)
    again = restarted(it, "ota_0", after_reset=True)
    again.pilot(1, "B2", "B")
    again.pass_time(60)
    assert again.places == [] and again.statuses()[-1] == "SuspendedEV"
    again.card("TAG1", [1])
    again.end()
    again.unplug()
    again.wake()
    assert again.places == ["activate"]


def test_what_was_fetched_is_forgotten_where_another_program_was_put_there_by_hand():
    it = bench()
    it.charge()
    fetched_while_charging(it)
    again = restarted(it, "a")
    again.wake()
    assert again.places == [] and told(again) == ["InstallationFailed"]


def fetched_while_charging(it):
    it.pause()
    fetched(it)
    assert kept(it)["state"] == "Downloaded"


# -- what goes wrong


def test_tries_are_as_many_and_as_far_apart_as_was_asked_for():
    it = bench()
    update(it, retries=2, retryInterval=40)
    for number in (1, 2):
        ends(it, "the server hung up", None)
        it.pass_time(39)
        assert len(it.transfers) == number
        it.pass_time(2)
        assert len(it.transfers) == number + 1
    ends(it, "the server hung up", 500)
    it.wake()
    assert told(it) == ["Downloading", "DownloadFailed"] and kept(it) == {}
    it.pass_time(1000)
    assert len(it.transfers) == 3


def test_without_retries_in_the_request_it_is_tried_three_times_a_minute_apart():
    it = bench()
    update(it)
    for _ in (1, 2):
        ends(it, "x", None)
        it.pass_time(61)
    assert len(it.transfers) == 3
    ends(it, "x", None)
    it.wake()
    assert told(it)[-1] == "DownloadFailed"


def test_numbers_out_of_range_do_no_harm():
    for more in (
        {"retries": -5},
        {"retryInterval": -1},
        {"retries": 1 << 30, "retryInterval": 1 << 30},
    ):
        it = bench()
        update(it, **more)
        ends(it, "x", None)
        it.pass_time(5)
        ends(it, "x", None)
        it.wake()
        assert len(told(it)) <= 2


def test_a_file_that_is_refused_is_an_installation_that_failed():
    it = bench()
    update(it)
    ends(it, "the file is for esp32s3, this board takes images for esp32", "refused")
    it.wake()
    assert told(it) == ["Downloading", "Downloaded", "Installing", "InstallationFailed"]
    assert it.places == [] and any(["for esp32s3" in line for line in it.logs])
    it.pass_time(1000)
    assert len(it.transfers) == 1


def test_a_restart_in_the_last_try_ends_in_download_failed():
    it = bench()
    update(it, retries=0)
    again = restarted(it, "ota_0")
    again.wake()
    assert again.transfers == [] and told(again) == ["DownloadFailed"]


def test_a_restart_in_an_earlier_try_begins_anew():
    it = bench()
    update(it, retries=1)
    again = restarted(it, "ota_0")
    again.wake()
    assert len(again.transfers) == 1 and again.transfers[0][1][1] == {}


def test_flash_that_takes_no_document_ends_the_update_before_anything_runs():
    it = bench()
    update(it)
    it.memory.fails = True
    ends(it, ("ota_1", bytes(32)), "done")
    it.wake()
    assert it.places == [] and told(it)[-1] == "InstallationFailed"


# -- the new firmware on trial


def on_trial(**options):
    old = bench()
    fetched(old)
    return restarted(old, "ota_1", register=False, **options)


def test_new_firmware_that_connects_in_time_stays():
    new = on_trial()
    new.pass_time(800)
    new.connect()
    new.wake()
    assert new.places == ["confirm"] and told(new) == ["Installed"]


def test_pending_is_an_answer_and_installed_is_told_when_it_is_accepted():
    new = on_trial()
    new.boot_answer["status"] = "Pending"
    new.connect()
    new.wake()
    assert new.places == ["confirm"] and told(new) == []
    new.boot_answer["status"] = "Accepted"
    new.pass_time(400)
    assert told(new) == ["Installed"] and new.places == ["confirm"]


def test_new_firmware_that_does_not_connect_gives_way_after_a_quarter_of_an_hour():
    new = on_trial()
    new.pass_time(899)
    assert new.places == []
    new.pass_time(2)
    assert new.places == ["give up"]
    old = restarted(new, "ota_0")
    old.wake()
    assert told(old) == ["InstallationFailed"]


def test_it_does_not_give_way_while_a_vehicle_charges():
    new = on_trial(keys={"AllowOfflineTxForUnknownId": "true"})
    new.plug()
    new.card("TAG")
    new.draw()
    new.pass_time(2000)
    assert new.places == []
    new.card("TAG")
    new.end()
    new.pass_time(1)
    assert new.places == ["give up"]


def test_new_firmware_that_restarts_again_and_again_gives_way_at_the_fifth_start():
    new = on_trial()
    for _ in range(3):
        new = restarted(new, "ota_1", register=False)
        new.pass_time(30)
        assert new.places == []
    new = restarted(new, "ota_1", register=False)
    new.pass_time(1)
    assert new.places == ["give up"]


def test_new_firmware_that_cannot_give_way_stays():
    new = on_trial()
    new.pass_time(901)
    assert new.places == ["give up"]  # and it failed
    new.connect()
    new.wake()
    assert told(new) == ["Installed"]


# -- telling


def test_what_could_not_be_told_is_told_after_the_next_connection_and_after_a_restart():
    it = bench()
    update(it, retries=0)
    it.disconnect()
    ends(it, "x", None)
    it.wake()
    again = restarted(it, "ota_0", register=False)
    again.pass_time(10)
    assert told(again) == [] and kept(again)["status"] == "DownloadFailed"
    again.connect()
    again.wake()
    assert told(again) == ["DownloadFailed"] and kept(again) == {}


def test_a_status_that_was_lost_with_the_link_is_told_again():
    it = bench()
    it.silent = True
    update(it)
    assert told(it) == ["Downloading"]
    it.disconnect()
    it.silent = False
    it.unanswered = []
    it.connect()
    it.wake()
    assert told(it) == ["Downloading", "Downloading"]


def test_a_central_system_that_refuses_a_status_does_not_hold_the_next_up():
    it = bench()
    it.silent = True
    update(it)
    ends(it, ("ota_1", bytes(32)), "done")
    while it.unanswered:
        it.refuse(it.unanswered.pop(0)[0], "NotSupported")
    it.wake()
    assert told(it) == ["Downloading", "Downloaded", "Installing"] and it.places == ["activate"]


def test_the_end_is_not_told_again_when_the_power_fails_before_its_answer():
    old = bench()
    fetched(old)
    new = restarted(old, "ota_1", register=False)

    def falls_silent_after_the_last_status(payload):
        new.silent = payload["connectorId"] == 1
        return {}

    new.answers["StatusNotification"] = falls_silent_after_the_last_status
    new.connect()
    new.wake()
    assert told(new) == ["Installed"] and kept(new)["state"] == "Sending"
    again = restarted(new, "ota_1")
    again.wake()
    assert told(again) == [] and kept(again) == {} and again.station.download is None


def test_an_answer_to_the_report_of_an_update_does_not_end_the_one_after():
    it = bench()
    update(it, retries=0)
    it.silent = True
    ends(it, "x", None)
    it.wake()
    assert told(it)[-1] == "DownloadFailed" and kept(it)["state"] == "Sending"
    update(it, location="http://files/newer")
    it.answer_all()
    it.wake()
    assert kept(it)["url"] == "http://files/newer" and it.station.download is not None


def test_a_trigger_gets_the_status_and_idle_where_there_is_none():
    it = bench()
    ask = {"requestedMessage": "FirmwareStatusNotification"}
    assert it.ask("TriggerMessage", ask) == {"status": "Accepted"}
    it.wake()
    assert told(it) == ["Idle"]
    update(it, retrieveDate="2025-06-15T13:00:00Z")
    it.ask("TriggerMessage", ask)
    it.wake()
    assert told(it) == ["Idle"] * 2
    it.pass_time(3601)
    it.ask("TriggerMessage", ask)
    it.wake()
    assert told(it) == ["Idle"] * 2 + ["Downloading"] * 2


# -- one after another


def test_a_request_for_the_file_that_is_on_its_way_changes_nothing():
    it = bench()
    update(it)
    update(it)
    assert len(it.transfers) == 1 and told(it) == ["Downloading"]


def test_the_time_at_which_a_file_is_fetched_can_be_changed_until_then():
    it = bench()
    update(it, retrieveDate="2025-06-15T13:00:00Z")
    before = kept(it)
    update(it, retrieveDate="2025-06-15T13:00:00Z", retries=9)
    assert kept(it) == before and it.transfers == [], "the same once more"
    update(it, retrieveDate="2025-06-15T12:01:00Z")
    it.pass_time(61)
    assert len(it.transfers) == 1
    update(it, retrieveDate="2025-06-15T13:00:00Z")
    assert len(it.transfers) == 1, "it is on its way"


def test_a_request_for_another_file_takes_the_place_of_the_first():
    it = bench()
    update(it)
    update(it, location="http://files/newer")
    assert [job and job[0] for _, job in it.transfers] == [
        "http://files/new",
        None,
        "http://files/newer",
    ]
    ends(it, ("ota_1", bytes(32)), "done")
    it.wake()
    assert it.places == ["activate"]


def test_a_request_takes_the_place_of_one_that_waits_for_a_charge_and_connectors_are_free_again():
    it = bench(connectors=2)
    it.charge()
    fetched_while_charging(it)
    assert it.statuses(2)[-1] == "Unavailable"
    update(it, location="http://files/newer", retrieveDate="2025-06-15T13:00:00Z")
    assert it.statuses(2)[-1] == "Available" and kept(it)["state"] == "Waits"


def test_a_request_in_the_moment_of_the_restart_is_ignored():
    it = bench()
    fetched(it)
    update(it, location="http://files/newer")
    assert kept(it)["url"] == "http://files/new" and len(it.transfers) == 1


def test_an_update_and_a_reset_do_not_hold_each_other_up():
    it = bench()
    update(it)
    it.ask("Reset", {"type": "Soft"})
    it.wake()
    assert it.resets == 1
    again = restarted(it, "ota_0")
    again.wake()
    assert len(again.transfers) == 1


# -- flash


def test_a_document_that_no_version_of_ours_wrote_is_no_update():
    for text in (
        '{"state": "Waits"}',
        '{"state": 7}',
        '{"state": "Dancing"}',
        '{"state": "Ended"}',
        '{"state": "Restarting", "url": "x", "of": "a", "place": 7, "at": 1, "tries": 1, "every_s": 1}',
        '{"place": "ota_1"}',
    ):
        it = bench()
        it.memory.kept["firmware"] = text
        again = restarted(it, "ota_0")
        again.pass_time(10)
        assert told(again) == [] and again.transfers == [], text
