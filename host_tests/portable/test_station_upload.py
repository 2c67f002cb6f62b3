"""GetDiagnostics and GetLog: names, tries, statuses, and one upload at a time."""

from station_bench import NOON, StationBench

DIAGNOSTICS = "DiagnosticsStatusNotification"
LOG = "LogStatusNotification"
OOPS = ("the file server answered 500 Oops", 500)


def bench_with(**more):
    return StationBench(identity={"charge_point_id": "CP 1"}, **more)


def told(bench, action=DIAGNOSTICS):
    return [payload["status"] for payload in bench.actions(action)]


def get_diagnostics(bench, location="http://host/in/a.log", **more):
    return bench.ask("GetDiagnostics", dict(more, location=location))


def begin(ask, bench, *arguments, **more):
    """Asks, and waits until the first try has begun."""
    answer = ask(bench, *arguments, **more)
    bench.pass_time(1)
    return answer


def get_log(bench, number=1, url="http://host/in/a.log", kind="DiagnosticsLog", **more):
    log = {"remoteLocation": url}
    for name in ("oldestTimestamp", "latestTimestamp"):
        if name in more:
            log[name] = more.pop(name)
    return bench.ask("GetLog", dict(more, logType=kind, requestId=number, log=log))


def test_a_location_that_ends_in_a_slash_is_a_directory_and_any_other_is_the_file():
    own = "CP%201-20250615T120000Z-diagnostics.log"
    for location, url, name in (
        ("http://host", "http://host/" + own, own),
        ("http://host/", "http://host/" + own, own),
        ("https://u:p@host:8/a/b/", "https://u:p@host:8/a/b/" + own, own),
        ("http://host/a/b/#c", "http://host/a/b/" + own, own),
        ("http://host/a/b", "http://host/a/b", "b"),
        ("ftp://u:p@host/in/", "ftp://u:p@host/in/" + own, own),
        ("http://host/a/x.log?sig=1/2", "http://host/a/x.log?sig=1/2", "x.log"),
        ("http://host/a/?sig=1", "http://host/a/?sig=1", own),
        ('http://host/a/"b"', 'http://host/a/"b"', "b"),
    ):
        bench = bench_with()
        assert begin(get_diagnostics, bench, location) == {"fileName": name}, location
        assert bench.transfers == [("upload", (url, name, "DiagnosticsLog", None, None))]
    bench = bench_with()
    assert begin(get_log, bench, url="http://host/", kind="SecurityLog")["filename"].endswith(
        "-security.log"
    )


def test_a_location_that_cannot_be_used_is_answered_without_a_file_name_or_rejected():
    for url in (
        "sftp://u:secret@host/",
        "C:",
        "http://",
        "http://host:99999/",
        "http://h/" + "x" * 2100,
    ):
        bench = bench_with()
        assert begin(get_diagnostics, bench, url) == {}, url
        if len(url) < 512:
            assert begin(get_log, bench, url=url) == {"status": "Rejected"}, url
        assert bench.transfers == told(bench) == told(bench, LOG) == []
        assert not [line for line in bench.logs if "secret" in line]


def test_the_times_of_the_request_select_lines():
    start, stop = "2025-06-15T11:00:00Z", "2025-06-15T11:30:00Z"
    bench = bench_with()
    begin(get_diagnostics, bench, startTime=start, stopTime=stop)
    assert bench.transfers[-1][1][3:] == (NOON - 3600, NOON - 1800)
    begin(get_log, bench, latestTimestamp=stop)
    assert bench.transfers[-1][1][3:] == (None, NOON - 1800)


def test_an_upload_is_tried_again_after_the_interval_and_then_given_up():
    bench = bench_with()
    begin(get_diagnostics, bench, retries=2, retryInterval=10)
    for tries in (1, 2, 3):
        assert len(bench.transfers) == tries
        bench.transfer_ends(problem=OOPS)
        bench.pass_time(9)
        assert len(bench.transfers) == tries
        bench.pass_time(1)
    assert told(bench) == ["Uploading", "UploadFailed"] and len(bench.transfers) == 3
    bench.pass_time(600)
    assert len(bench.transfers) == 3


def test_tries_and_intervals_have_bounds_and_first_values():
    for fields, tries in (({}, 3), ({"retries": -5}, 1), ({"retries": 2000000000}, 101)):
        bench = bench_with()
        begin(get_diagnostics, bench, retryInterval=-1, **fields)
        for _ in range(150):
            if bench.station.upload:
                bench.transfer_ends(problem=OOPS)
                bench.pass_time(1)
        assert len(bench.transfers) == tries, fields
    bench = bench_with()
    begin(get_diagnostics, bench)
    bench.transfer_ends(problem=OOPS)
    bench.pass_time(59)
    assert len(bench.transfers) == 1
    bench.pass_time(1)
    assert len(bench.transfers) == 2


def test_a_log_is_told_with_the_status_that_fits_what_happened():
    for status, word in (
        (401, "PermissionDenied"),
        (403, "PermissionDenied"),
        (405, "NotSupportedOperation"),
        (501, "NotSupportedOperation"),
        (0, "BadMessage"),
        (400, "BadMessage"),
        (500, "UploadFailure"),
        (None, "UploadFailure"),
    ):
        bench = bench_with()
        assert begin(get_log, bench, 7, retries=0)["status"] == "Accepted"
        bench.transfer_ends(problem=("why", status))
        assert bench.actions(LOG) == [
            {"status": "Uploading", "requestId": 7},
            {"status": word, "requestId": 7},
        ]


def test_a_newer_request_for_a_log_takes_the_place_of_the_one_before():
    bench = bench_with()
    begin(get_log, bench, 1)
    assert begin(get_log, bench, 2)["status"] == "AcceptedCanceled"
    assert [job for _, job in bench.transfers][1] is None and len(bench.transfers) == 3
    bench.transfer_ends()
    assert [(p["requestId"], p["status"]) for p in bench.actions(LOG)] == [
        (1, "Uploading"),
        (2, "Uploading"),
        (2, "Uploaded"),
    ]
    assert begin(get_log, bench, 3)["status"] == "Accepted", "nothing is under way any more"


def test_an_upload_that_the_other_message_ends_is_told_as_failed():
    bench = bench_with()
    begin(get_diagnostics, bench)
    assert begin(get_log, bench, 1)["status"] == "Accepted"
    assert told(bench) == ["Uploading", "UploadFailed"]
    begin(get_diagnostics, bench)
    assert told(bench, LOG) == ["Uploading", "UploadFailure"]
    begin(get_diagnostics, bench)
    assert told(bench) == ["Uploading", "UploadFailed"] + ["Uploading", "UploadFailed", "Uploading"]
    assert [job is None for _, job in bench.transfers] == [False] + [True, False] * 3


def test_a_request_that_cannot_be_leaves_the_upload_under_way():
    bench = bench_with()
    begin(get_log, bench, 1)
    assert begin(get_log, bench, 2, url="ldap://host/") == {"status": "Rejected"}
    assert begin(get_diagnostics, bench, "ldap://host/") == {}
    assert len(bench.transfers) == 1
    bench.transfer_ends()
    assert told(bench, LOG) == ["Uploading", "Uploaded"]


def test_what_is_under_way_is_told_when_it_is_asked_for():
    trigger = {"requestedMessage": DIAGNOSTICS}
    bench = bench_with()
    assert bench.ask("TriggerMessage", trigger) == {"status": "Accepted"}
    begin(get_diagnostics, bench, retryInterval=10)
    bench.ask("TriggerMessage", trigger)
    bench.transfer_ends(problem=OOPS)
    bench.ask("TriggerMessage", trigger)
    bench.pass_time(10)
    bench.transfer_ends()
    bench.ask("TriggerMessage", trigger)
    assert told(bench) == ["Idle", "Uploading", "Uploading", "Uploading", "Uploaded", "Idle"]
    begin(get_log, bench, 1)
    bench.ask("TriggerMessage", trigger)
    assert told(bench)[-1] == "Idle"


def test_how_it_ended_is_told_after_an_outage():
    bench = bench_with()
    begin(get_diagnostics, bench)
    bench.silent = True
    bench.transfer_ends()
    bench.disconnect()
    bench.silent = False
    bench.connect()
    assert told(bench) == ["Uploading", "Uploaded", "Uploaded"]
    begin(get_log, bench, 5)
    bench.disconnect()
    bench.transfer_ends()
    bench.pass_time(100)
    bench.connect()
    assert bench.actions(LOG)[-1] == {"status": "Uploaded", "requestId": 5}
    assert len(bench.actions(LOG)) == 2


def test_a_restart_ends_an_upload():
    bench = bench_with()
    begin(get_diagnostics, bench)
    again = StationBench(memory=bench.memory)
    again.pass_time(600)
    assert again.transfers == []
    again.ask("TriggerMessage", {"requestedMessage": DIAGNOSTICS})
    assert told(again) == ["Idle"]
    again.transfer_ends()
    assert told(again) == ["Idle"], "of an upload that nobody waits for nothing is told"


def test_a_reset_is_not_held_up_by_an_upload():
    bench = bench_with()
    begin(get_diagnostics, bench)
    bench.ask("Reset", {"type": "Soft"})
    bench.transfer_ends()
    bench.pass_time(2)
    assert bench.resets == 1 and told(bench)[-1] == "Uploaded"


def test_charging_goes_on_beside_it():
    bench = bench_with()
    bench.charge()
    begin(get_diagnostics, bench)
    bench.transfer_ends(problem=OOPS)
    assert bench.set_profile(periods=((0, 10),)) == {"status": "Accepted"}
    assert bench.limits[1] == 100 and bench.permits[1]
    bench.pass_time(60)
    bench.transfer_ends()
    assert bench.limits[1] == 100 and bench.permits[1]


def test_a_flood_of_requests_begins_one_upload():
    bench = bench_with()
    for _ in range(50):
        get_diagnostics(bench)
    bench.pass_time(1)
    assert len(bench.transfers) == 1 and told(bench) == ["Uploading"]
    bench.transfer_ends()
    assert told(bench) == ["Uploading", "Uploaded"]
    for number in range(50):
        status = get_log(bench, number)["status"]
        assert status == ("AcceptedCanceled" if number else "Accepted")
    bench.pass_time(1)
    assert len(bench.transfers) == 2
    assert bench.actions(LOG) == [{"status": "Uploading", "requestId": 49}]


def test_an_upload_that_the_other_message_ends_before_it_began_is_told_too():
    bench = bench_with()
    get_diagnostics(bench)
    get_log(bench, 1)
    get_diagnostics(bench)
    assert (told(bench), told(bench, LOG)) == (["UploadFailed"], ["UploadFailure"])
    assert bench.transfers == []
