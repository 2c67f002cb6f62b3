"""A central system installs and removes root certificates, and has the station make a key pair and
signs its certificate (OCPP 1.6 security whitepaper), over TLS."""

import datetime
import re

import pytest
from certificates import Authority, server_context
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

KEY = "00112233445566778899aabbccddeeff"
QUICK = {"reconnect": {"minimum_s": 0.05, "random_s": 0}}
KEYS = {"SecurityProfile": "2", "AuthorizationKey": KEY, "CpoName": "Ampere"}
CENTRAL = "CentralSystemRootCertificate"
MANUFACTURER = "ManufacturerRootCertificate"


@pytest.fixture
def old(tmp_path):
    return Authority(tmp_path, "old")


@pytest.fixture
def new(tmp_path):
    return Authority(tmp_path, "new")


def ask(central, action, payload) -> dict:
    """Patiently: a signature takes a while on a host that has other things to do."""
    return central.call(action, payload, timeout=60)


def over_tls(central, authority, clients_of=None) -> None:
    """The central system comes back at the same port with a certificate of this authority."""
    central.stop()
    certificate = authority.sign("central", names=["127.0.0.1"])
    central.tls = server_context(certificate, clients_of)
    central.start()


def install(central, authority, kind=CENTRAL) -> str:
    payload = {"certificateType": kind, "certificate": authority.cert.read_text()}
    return ask(central, "InstallCertificate", payload)["status"]


def hash_datas(central, kind=CENTRAL) -> list:
    answer = ask(central, "GetInstalledCertificateIds", {"certificateType": kind})
    return answer.get("certificateHashData", [])


def delete(central, one) -> str:
    return ask(central, "DeleteCertificate", {"certificateHashData": one})["status"]


def serial_of(authority) -> str:
    return "%x" % x509.load_pem_x509_certificate(authority.cert.read_bytes()).serial_number


def test_a_central_system_changes_its_authority(start_station, central, old, new):
    over_tls(central, old)
    station = start_station(device=QUICK, keys=KEYS, tls={"ca_file": str(old.cert)})
    central.wait_for("BootNotification")
    (found,) = hash_datas(central)
    assert found["serialNumber"] == serial_of(old)
    assert delete(central, found) == "Failed"
    assert install(central, new) == "Accepted"
    assert install(central, new, MANUFACTURER) == "Accepted"
    station.kill()
    central.wait_disconnected(30)
    over_tls(central, new)
    station.start()
    central.wait_connected(30)
    assert [one["serialNumber"] for one in hash_datas(central)] == [serial_of(old), serial_of(new)]
    assert delete(central, found) == "Accepted"
    assert delete(central, found) == "NotFound"
    (left,) = hash_datas(central)
    assert delete(central, left) == "Failed"
    # The old authority counts no more
    over_tls(central, old)
    seen = len(station.log)
    station.wait_until(
        lambda state: [line for line in station.log[seen:] if "not signed by an authority" in line]
    )
    over_tls(central, new)
    central.wait_connected(30)
    assert [one["serialNumber"] for one in hash_datas(central, MANUFACTURER)] == [serial_of(new)]


def test_a_new_root_replaces_the_old_one_once_it_has_connected(start_station, central, tmp_path):
    old = Authority(tmp_path, "old")
    new = Authority(tmp_path, "new", signed_by=old)
    over_tls(central, old)
    keys = dict(KEYS, AdditionalRootCertificateCheck="true")
    start_station(device=QUICK, keys=keys, tls={"ca_file": str(old.cert)})
    central.wait_for("BootNotification")
    assert install(central, Authority(tmp_path, "stranger")) == "Rejected"
    assert install(central, new) == "Accepted"
    over_tls(central, old)
    central.wait_connected(30)
    assert len(hash_datas(central)) == 2
    over_tls(central, new)
    central.wait_connected(30)
    assert [one["serialNumber"] for one in hash_datas(central)] == [serial_of(new)]


def signed_by(authority, request: str) -> str:
    """The certificate for a request, in PEM."""
    request = x509.load_pem_x509_csr(request.encode())
    assert request.is_signature_valid
    now = datetime.datetime.now(datetime.timezone.utc)
    issuer = x509.load_pem_x509_certificate(authority.cert.read_bytes()).subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=300))
        .add_extension(x509.BasicConstraints(False, None), critical=True)
    )
    certificate = builder.sign(authority.key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def sign_me(central) -> str:
    wanted = {"requestedMessage": "SignChargePointCertificate"}
    known = [message.payload["csr"] for message in central.seen("SignCertificate")]
    assert ask(central, "ExtendedTriggerMessage", wanted) == {"status": "Accepted"}
    found = central.wait_for(
        "SignCertificate", lambda payload: payload["csr"] not in known, timeout=60
    )
    return found.payload["csr"]


def in_force(payload) -> bool:
    return payload["type"] == "ReconfigurationOfSecurityParameters"


def test_a_key_pair_made_by_the_station_opens_tls(start_station, central, old):
    over_tls(central, old)
    station = start_station(device=QUICK, keys=KEYS, tls={"ca_file": str(old.cert)})
    central.wait_for("BootNotification")
    request = sign_me(central)
    chain = {"certificateChain": signed_by(old, request)}
    assert ask(central, "CertificateSigned", chain) == {"status": "Accepted"}
    raised = {"key": "SecurityProfile", "value": "3"}
    assert ask(central, "ChangeConfiguration", raised) == {"status": "Accepted"}
    over_tls(central, old, clients_of=old.cert)
    central.wait_for("SecurityEventNotification", in_force, timeout=60)
    # The next one, while it is in use; and a power cut in between
    request = sign_me(central)
    station.kill()
    central.wait_disconnected(30)
    station.start()
    central.wait_connected(30)
    chain = {"certificateChain": signed_by(old, request)}
    since = len(central.messages)
    assert ask(central, "CertificateSigned", chain) == {"status": "Accepted"}
    central.wait_for("SecurityEventNotification", in_force, since, timeout=60)
    assert ask(central, "CertificateSigned", chain) == {"status": "Rejected"}
    central.wait_for(
        "SecurityEventNotification",
        lambda payload: payload["type"] == "InvalidChargePointCertificate",
    )
    assert not [line for line in station.log if re.search("PRIVATE|BEGIN", line)]


def test_a_certificate_that_opens_nothing_is_taken_back(start_station, central, old, new):
    over_tls(central, old, clients_of=old.cert)
    own = old.sign("cp001")
    tls = {"ca_file": str(old.cert), "cert_file": str(own.cert), "key_file": str(own.key)}
    station = start_station(device=QUICK, keys=dict(KEYS, SecurityProfile="3"), tls=tls)
    central.wait_for("BootNotification")
    # An authority signs it that the central system itself does not take
    chain = {"certificateChain": signed_by(new, sign_me(central))}
    assert ask(central, "CertificateSigned", chain) == {"status": "Accepted"}
    central.wait_disconnected(30)
    station.wait_until(
        lambda state: [line for line in station.log if "back to those before" in line]
    )
    central.wait_connected(30)
