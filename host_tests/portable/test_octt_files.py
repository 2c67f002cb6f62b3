"""Cases of the compliancy test tool about files (FirmwareManagement, and the security whitepaper's
GetLog)."""

from station_bench import StationBench


def statuses(bench, action):
    return [payload["status"] for payload in bench.actions(action)]


def test_tc_045_1_get_diagnostics():
    bench = StationBench()
    answer = bench.ask("GetDiagnostics", {"location": "http://host/dir/"})
    assert answer["fileName"]
    bench.pass_time(1)
    assert statuses(bench, "DiagnosticsStatusNotification") == ["Uploading"]
    assert len(bench.transfers) == 1
    bench.transfer_ends()
    assert statuses(bench, "DiagnosticsStatusNotification") == ["Uploading", "Uploaded"]


def test_tc_045_2_get_diagnostics_and_the_upload_fails():
    bench = StationBench()
    bench.ask("GetDiagnostics", {"location": "http://host/dir/", "retries": 0})
    bench.pass_time(1)
    bench.transfer_ends(problem=("the file server answered 500 Oops", 500))
    assert statuses(bench, "DiagnosticsStatusNotification") == ["Uploading", "UploadFailed"]


def test_tc_079_get_security_log():
    bench = StationBench()
    request = {
        "logType": "SecurityLog",
        "requestId": 79,
        "log": {"remoteLocation": "https://host/dir/"},
    }
    answer = bench.ask("GetLog", request)
    assert answer["status"] == "Accepted" and answer["filename"]
    bench.pass_time(1)
    bench.transfer_ends()
    assert bench.actions("LogStatusNotification") == [
        {"status": "Uploading", "requestId": 79},
        {"status": "Uploaded", "requestId": 79},
    ]
