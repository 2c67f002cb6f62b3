"""The security cases of the OCPP 1.6 compliancy test tool: passwords, certificates, profiles and
signed firmware. (test_octt_files.py has the security log.)"""

import test_station_certificates as certificates
import test_station_signed_update as firmware
from authority import Authority
from station_bench import NOON
from test_station_certificates import CENTRAL, MANUFACTURER, authority, secured

ACCEPTED = {"status": "Accepted"}
REJECTED = {"status": "Rejected"}
NEW_KEY = "ffeeddccbbaa99887766554433221100"


def change(bench, key, value):
    return bench.ask("ChangeConfiguration", {"key": key, "value": value})


def events(bench):
    return [payload["type"] for payload in bench.actions("SecurityEventNotification")]


def test_tc_073_update_the_password():
    bench = secured([authority()])
    assert change(bench, "AuthorizationKey", NEW_KEY) == ACCEPTED
    assert bench.renewals == 1 and bench.station.facts.credentials.now[1] == NEW_KEY
    bench.trial_ends(True)
    assert bench.station.facts.credentials.before is None


def test_tc_074_update_the_charge_point_certificate():
    bench = secured([authority()], profile="3")
    request = certificates.sign_me(bench)
    chain = {"certificateChain": authority().sign(request)}
    assert bench.ask("CertificateSigned", chain) == ACCEPTED
    assert bench.renewals == 1
    bench.trial_ends(True)
    assert certificates.own_numbers(bench) == (1,)


def installed(kind):
    bench = secured([authority()])
    root = authority("Root B")
    assert certificates.install(bench, root.pem, kind) == "Accepted"
    found = certificates.hash_datas(bench, kind)
    assert len(found) == (2 if kind == CENTRAL else 1)
    return bench, found[-1]


def test_tc_075_1_install_a_manufacturer_root():
    installed(MANUFACTURER)


def test_tc_075_2_install_a_central_system_root():
    installed(CENTRAL)


def test_tc_076_delete_a_certificate():
    for kind in (MANUFACTURER, CENTRAL):
        bench, found = installed(kind)
        assert certificates.delete(bench, found) == "Accepted"
        assert found not in certificates.hash_datas(bench, kind)
        assert certificates.delete(bench, found) == "NotFound"


def test_tc_077_an_invalid_charge_point_certificate_is_reported():
    bench = secured([authority()], profile="3")
    stranger = certificates.sign_me(secured([authority()], profile="3"))
    certificates.sign_me(bench)
    chain = {"certificateChain": authority().sign(stranger)}
    assert bench.ask("CertificateSigned", chain) == REJECTED
    assert events(bench) == ["InvalidChargePointCertificate"]


def test_tc_078_an_invalid_central_system_certificate_is_reported():
    bench = secured([authority()])
    bench.disconnect()
    bench.security_event("InvalidCentralSystemCertificate", "has expired")
    bench.connect()
    assert events(bench) == ["InvalidCentralSystemCertificate"]


def test_tc_080_secure_firmware_update():
    bench = firmware.bench()
    assert firmware.update(bench) == "Accepted"
    firmware.ends(bench)
    again = firmware.after_restart(bench, "ota_1")
    assert " ".join(firmware.told(bench) + firmware.told(again)) == (
        "Downloading Downloaded SignatureVerified Installing InstallRebooting Installed"
    )


def test_tc_081_secure_firmware_update_with_an_invalid_signature():
    bench = firmware.bench()
    other = firmware.signature_of(firmware.manufacturer()[1], b"another file")
    assert firmware.update(bench, signature=other) == "Accepted"
    firmware.ends(bench)
    assert firmware.told(bench) == ["Downloading", "Downloaded", "InvalidSignature"]
    assert events(bench) == ["InvalidFirmwareSignature"] and bench.places == []


def test_tc_083_upgrade_the_security_profile():
    bench = secured([authority()], profile="1")
    assert change(bench, "SecurityProfile", "2") == ACCEPTED
    assert bench.renewals == 1
    bench.trial_ends(True)
    assert bench.station.facts.credentials.now[0] == 2


def test_tc_084_no_downgrade_of_the_security_profile():
    bench = secured([Authority("Root", NOON)])
    assert change(bench, "SecurityProfile", "1") == REJECTED
    assert bench.renewals == 0
