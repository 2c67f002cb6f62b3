"""SignedUpdateFirmware: who may sign, that the signature counts, and what is told (OCPP 1.6 security
whitepaper)."""

import binascii
import hashlib
import json
import os

from authority import Authority, run
from station_bench import NOON
from test_station_update import Bench

from setpoint.certificates import ecdsa, pem, roots
from setpoint.protocol.iso8601 import text_from

FILE = hashlib.sha256(b"the firmware file").digest()
_made = []


def manufacturer():
    """(root, signer's secret, signer's certificate in PEM): made once."""
    if not _made:
        root = Authority("Maker", NOON)
        secret, public = run(ecdsa.key_pair(os.urandom))
        signer = pem.text_of(root.certificate("Signer", public, days=(-1, 300)))
        _made.extend((root, secret, signer))
    return _made


def signature_of(secret, message=b"the firmware file"):
    return binascii.b2a_base64(run(ecdsa.signed(secret, message, os.urandom))).decode().strip()


def bench(installed=True, **options):
    it = Bench(**options)
    it.answers["SignedFirmwareStatusNotification"] = lambda payload: {}
    it.connect()
    if installed:
        wanted = {"certificateType": roots.MANUFACTURER, "certificate": manufacturer()[0].pem}
        assert it.ask("InstallCertificate", wanted) == {"status": "Accepted"}
    return it


def update(it, request=7, signature=None, certificate=None, url="http://files/new", **more):
    root, secret, signer = manufacturer()
    firmware = {
        "location": url,
        "retrieveDateTime": more.pop("retrieve", text_from(it.now)),
        "signingCertificate": signer if certificate is None else certificate,
        "signature": signature_of(secret) if signature is None else signature,
    }
    if "install" in more:
        firmware["installDateTime"] = more.pop("install")
    payload = dict(more, requestId=request, firmware=firmware)
    status = it.ask("SignedUpdateFirmware", payload)["status"]
    it.wake()
    return status


def told(it):
    found = it.actions("SignedFirmwareStatusNotification")
    return [payload["status"] for payload in found]


def ends(it, what=("ota_1", FILE), case="done"):
    it.transfer_ends("download", (what, case))
    it.wake()


def events(it):
    return [payload["type"] for payload in it.actions("SecurityEventNotification")]


def kept(it):
    return json.loads(it.memory.kept.get("firmware", "{}"))


def test_signed_firmware_is_installed():
    old = bench()
    assert update(old) == "Accepted"
    assert old.transfers[0][:1] == ("download",)
    ends(old)
    assert " ".join(told(old)) == (
        "Downloading Downloaded SignatureVerified Installing InstallRebooting"
    )
    assert old.places == ["activate"]
    requests = old.actions("SignedFirmwareStatusNotification")
    assert [payload["requestId"] for payload in requests] == [7] * 5
    assert old.actions("FirmwareStatusNotification") == []
    new = after_restart(old, "ota_1")
    assert new.places == ["confirm"]
    assert new.actions("SignedFirmwareStatusNotification") == [
        {"status": "Installed", "requestId": 7}
    ]
    assert events(new) == ["FirmwareUpdated"] and kept(new) == {}


def after_restart(before, program):
    it = Bench(program, memory=before.memory, now=before.now)
    it.answers["SignedFirmwareStatusNotification"] = lambda payload: {}
    it.connect()
    it.wake()
    return it


def test_a_roll_back_is_told():
    old = bench()
    update(old)
    ends(old)
    again = after_restart(old, "ota_0")
    assert told(again) == ["InstallationFailed"] and kept(again) == {}


def test_what_the_manufacturer_did_not_sign_is_not_installed():
    root, secret, signer = manufacturer()
    other, _ = run(ecdsa.key_pair(os.urandom))
    for signature in (
        "",
        "no base64!",
        signature_of(secret, b"another file"),
        signature_of(other),
        signature_of(secret)[:-8],
    ):
        it = bench()
        assert update(it, signature=signature) == "Accepted"
        ends(it)
        assert told(it) == ["Downloading", "Downloaded", "InvalidSignature"], signature
        assert events(it) == ["InvalidFirmwareSignature"]
        assert it.places == [] and kept(it) == {} and it.station.download is None
        assert it.statuses()[-1] == "Available"


def test_whom_no_manufacturer_vouches_for_may_not_sign():
    root, secret, signer = manufacturer()
    _, public = run(ecdsa.key_pair(os.urandom))
    stranger = Authority("Maker", NOON)  # by the same name
    for certificate in (
        "",
        "nonsense",
        signer[:-40],
        stranger.pem,
        pem.text_of(stranger.certificate("Signer", public)),
        pem.text_of(root.certificate("Signer", public, days=(-9, -1))),
        pem.text_of(root.certificate("Signer", public, days=(1, 9))),
        pem.text_of(root.certificate("Signer", public, usage=0x20)),
    ):
        it = bench()
        assert update(it, certificate=certificate) == "InvalidCertificate", certificate
        assert events(it) == ["InvalidFirmwareSigningCertificate"]
        assert it.transfers == [] and it.station.download is None
    # Nor does a root of the central system count
    it = bench(installed=False)
    wanted = {"certificateType": roots.CENTRAL, "certificate": root.pem}
    assert it.ask("InstallCertificate", wanted) == {"status": "Accepted"}
    assert update(it) == "InvalidCertificate"


def test_a_signer_may_be_vouched_for_by_somebody_in_between():
    root, secret, _ = manufacturer()
    between = Authority("Between", NOON, signed_by=root)
    public = run(ecdsa._multiplied(ecdsa.Curve(ecdsa.OIDS[0]), secret, os.urandom))
    encoded = b"\x04" + public[0].to_bytes(32, "big") + public[1].to_bytes(32, "big")
    signer = pem.text_of(between.certificate("Signer", encoded))
    it = bench()
    assert update(it, certificate=signer) == "InvalidCertificate"
    assert update(it, certificate=signer + between.pem) == "Accepted"
    ends(it)
    assert "SignatureVerified" in told(it)


def test_a_newer_request_takes_the_place_of_one_that_is_under_way():
    it = bench()
    assert update(it) == "Accepted"
    assert update(it, request=8) == "AcceptedCanceled"
    assert it.transfers[1] == ("download", None)
    ends(it)
    assert it.actions("SignedFirmwareStatusNotification")[-1] == {
        "status": "InstallRebooting",
        "requestId": 8,
    }
    assert update(it, request=9) == "Rejected"  # it restarts any moment


def test_a_request_takes_the_place_of_one_whose_signature_is_being_checked():
    it = bench()
    update(it)
    it.hold_work = []
    ends(it)
    assert it.station.download.cancel()
    it.work_ends()
    it.wake()
    assert told(it) == ["Downloading", "Downloaded"] and it.places == []
    assert kept(it)["state"] == "Waits"


def test_where_the_memory_ends_in_the_check_it_is_fetched_again():
    it = bench()
    update(it, retries=1, retryInterval=60)
    it.hold_work = []
    ends(it)
    checks = it.hold_work[0]
    next(checks)
    try:
        checks.throw(MemoryError())
        raise AssertionError("it goes on")
    except StopIteration:
        pass
    it.work_ends()
    assert len(it.transfers) == 1
    it.hold_work = None
    it.pass_time(61)
    assert len(it.transfers) == 2
    ends(it)
    assert it.places == ["activate"]


def test_what_is_for_later_is_told_and_waits():
    it = bench()
    later = text_from(it.now + 600)
    assert update(it, retrieve=later, install=text_from(it.now + 1200)) == "Accepted"
    assert told(it) == ["DownloadScheduled"] and it.transfers == []
    it.pass_time(601)
    assert told(it)[-1] == "Downloading"
    ends(it)
    assert told(it)[-2:] == ["SignatureVerified", "InstallScheduled"]
    it.charge()  # until then vehicles charge
    it.pass_time(700)
    assert it.places == [] and told(it)[-1] == "InstallScheduled"
    it.end()
    it.unplug()
    it.pass_time(40)
    assert told(it)[-2:] == ["Installing", "InstallRebooting"] and it.places == ["activate"]


def test_a_download_that_waits_for_a_vehicle_is_told():
    it = bench()
    update(it)
    it.charge()
    ends(it, "a vehicle charges", "paused")
    assert told(it) == ["Downloading", "DownloadPaused"]
    it.end()
    it.unplug()
    it.pass_time(5)
    assert told(it) == ["Downloading", "DownloadPaused", "Downloading"]


def test_a_file_that_is_not_for_this_board_and_one_that_does_not_come():
    it = bench()
    update(it)
    ends(it, "for another board", "refused")
    assert told(it) == ["Downloading", "Downloaded", "InstallVerificationFailed"]
    it = bench()
    update(it, retries=0)
    ends(it, "404", "broken")
    assert told(it) == ["Downloading", "DownloadFailed"]


def test_an_extended_trigger_tells_how_it_stands():
    it = bench()
    wanted = {"requestedMessage": "FirmwareStatusNotification"}
    assert it.ask("ExtendedTriggerMessage", wanted) == {"status": "Accepted"}
    it.wake()
    assert it.actions("SignedFirmwareStatusNotification") == [{"status": "Idle"}]
    update(it)
    it.ask("ExtendedTriggerMessage", wanted)
    it.wake()
    assert it.actions("SignedFirmwareStatusNotification")[-1] == {
        "status": "Downloading",
        "requestId": 7,
    }


def test_what_is_kept_of_it_survives_a_restart():
    it = bench()
    update(it, install=text_from(it.now + 1200))
    again = after_restart(it, "ota_0")
    assert told(again) == ["Downloading"]
    ends(again)
    assert told(again)[1:] == ["Downloaded", "SignatureVerified", "InstallScheduled"]
    third = after_restart(again, "ota_0")
    assert told(third) == ["InstallScheduled"]
    third.pass_time(1300)
    assert third.places == ["activate"]
