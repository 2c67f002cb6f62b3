"""GetDiagnostics and GetLog: the whole station, a central system, and a server that takes files."""

from __future__ import annotations

from contextlib import closing

import file_server
import pytest
from certificates import Authority, server_context
from file_server import FileServer
from ftp_server import FtpServer


@pytest.fixture
def server():
    with closing(FileServer()) as server:
        yield server


def statuses(central, action="DiagnosticsStatusNotification"):
    return [message.payload["status"] for message in central.seen(action)]


def wait_for_end(central, last, action="DiagnosticsStatusNotification", since=0):
    central.wait_for(action, lambda payload: payload["status"] == last, since=since, timeout=30)


def test_diagnostics_arrive_while_a_vehicle_charges(start_station, central, server):
    station = start_station(keys={"AuthorizationKey": "00112233445566778899aabbccddeeff"})
    station.wait_until(lambda state: state["registered"])
    station.cmd("plug_in", connector=1, amps=32, phases=3)
    station.cmd("swipe", tag="TAG")
    station.wait_until(lambda state: state["connectors"][0]["contactor"]["closed"])
    answer = central.call("GetDiagnostics", {"location": server.url + "/in", "retries": 0})
    assert answer == {"fileName": "in"}
    wait_for_end(central, "Uploaded")
    assert statuses(central) == ["Uploading", "Uploaded"]
    (upload,) = server.uploads
    text = upload.body.decode()
    assert (upload.method, upload.target) == ("PUT", "/in")
    for part in ("Setpoint ", "\nstate\n{", '"id_tag": "TAG"', "HeartbeatInterval=", "\nlog\n"):
        assert part in text, part
    assert "00112233" not in text and "AuthorizationKey" not in text
    assert station.connector()["contactor"]["closed"]
    assert station.state()["connected"], "the link is left alone"


def test_a_directory_gets_a_file_named_after_the_station_and_the_time(station, central, server):
    for location in (server.url, server.url + "/logs/"):
        name = central.call("GetDiagnostics", {"location": location})["fileName"]
        assert name.endswith("Z-diagnostics.log"), name
        wait_for_end(central, "Uploaded", since=len(central.messages) - 1)
        assert server.uploads[-1].target.endswith("/" + name)


def test_a_server_that_takes_no_put_gets_a_post(station, central, server):
    server.behaviours = [file_server.answers("405 Method Not Allowed")]
    central.call("GetDiagnostics", {"location": server.url + "/in", "retries": 0})
    wait_for_end(central, "Uploaded")
    assert server.uploads[-1].method == "POST"


def test_an_ftp_server_gets_it_too(station, central):
    with closing(FtpServer(("me", "secret"))) as server:
        location = server.url.replace("://", "://me:secret@") + "/in/"
        name = central.call("GetDiagnostics", {"location": location})["fileName"]
        wait_for_end(central, "Uploaded")
        (content,) = server.uploads.values()
        assert list(server.uploads) == ["in/" + name] and b"\nkeys\n" in content
        assert not any("secret" in line for line in station.log)


def test_it_is_tried_again_after_the_interval(station, central, server):
    server.behaviours = [file_server.answers("500 Oops"), file_server.hangs_up]
    central.call(
        "GetDiagnostics", {"location": server.url + "/in", "retries": 2, "retryInterval": 1}
    )
    wait_for_end(central, "Uploaded")
    assert statuses(central) == ["Uploading", "Uploaded"] and len(server.asked) == 3


def test_what_does_not_succeed_is_told(station, central, server):
    server.default = file_server.answers("500 Oops")
    central.call(
        "GetDiagnostics", {"location": server.url + "/in", "retries": 1, "retryInterval": 1}
    )
    wait_for_end(central, "UploadFailed")
    assert statuses(central) == ["Uploading", "UploadFailed"] and len(server.asked) == 2
    assert central.call("GetDiagnostics", {"location": "sftp://host/"}) == {}


def test_a_log_arrives_over_tls_beside_a_link_that_stays(start_station, central, tmp_path):
    authority = Authority(tmp_path, "ca")
    context = server_context(authority.sign("files", names=["127.0.0.1"]))
    station = start_station(tls={"ca_file": str(authority.cert)})
    station.wait_until(lambda state: state["registered"])
    with closing(FileServer(context)) as server:
        for kind in ("DiagnosticsLog", "SecurityLog"):
            log = {"remoteLocation": server.url + "/logs/"}
            request = {"logType": kind, "requestId": 7, "log": log, "retries": 0}
            answer = central.call("GetLog", request)
            assert answer["status"] == "Accepted"
            wait_for_end(
                central, "Uploaded", "LogStatusNotification", since=len(central.messages) - 1
            )
            assert server.uploads[-1].target == "/logs/" + answer["filename"]
    told = [message.payload for message in central.seen("LogStatusNotification")]
    assert told == [{"status": s, "requestId": 7} for s in ("Uploading", "Uploaded") * 2]
    assert station.state()["connected"]


def test_where_two_tls_connections_do_not_fit_the_link_rests_and_comes_back(
    start_station, central, tmp_path
):
    authority = Authority(tmp_path, "ca")
    context = server_context(authority.sign("both", names=["127.0.0.1"]))
    central.stop()
    central.tls = context
    central.start()
    station = start_station(
        csms_url=central.url,
        tls={"ca_file": str(authority.cert)},
        network={"tls_connections": 1},
    )
    station.wait_until(lambda state: state["registered"])
    with closing(FileServer(context)) as server:
        for times in (1, 2):
            server.behaviours = [file_server.answers("500 Oops")] if times == 2 else []
            request = {"location": server.url + "/in", "retries": 1, "retryInterval": 2}
            assert central.call("GetDiagnostics", request) == {"fileName": "in"}
            wait_for_end(central, "Uploaded", since=len(central.messages) - 1)
            assert len(server.uploads) == times
    assert any("memory is needed to transfer a file over TLS" in line for line in station.log)
    assert len(central.seen("BootNotification")) == 1
    assert statuses(central).count("Uploaded") == 2


def test_the_times_of_a_request_select_lines_and_the_security_log_has_its_own(
    station, central, server
):
    station.cmd("security_event", type="TamperDetectionActivated", info="the lid")

    def log(kind, **times):
        log = {"remoteLocation": server.url + "/in", **times}
        request = {"logType": kind, "requestId": 1, "log": log, "retries": 0}
        since = len(central.messages)
        assert central.call("GetLog", request)["status"] == "Accepted"
        wait_for_end(central, "Uploaded", "LogStatusNotification", since)
        return server.uploads[-1].body.decode()

    text = log("SecurityLog")
    assert "security event TamperDetectionActivated: the lid" in text
    assert "\nlog\n" not in text and "\nkeys\n" not in text
    for times in (
        {"latestTimestamp": "2020-01-01T00:00:00Z"},
        {"oldestTimestamp": "2040-01-01T00:00:00Z"},
    ):
        assert "Tamper" not in log("SecurityLog", **times)
        assert " note  app " not in log("DiagnosticsLog", **times)
    times = {"oldestTimestamp": "2020-01-01T00:00:00Z", "latestTimestamp": "2040-01-01T00:00:00Z"}
    assert "Tamper" in log("SecurityLog", **times)
    assert " note  app " in log("DiagnosticsLog", **times)
