"""Certificates by OCPP (security whitepaper): InstallCertificate, DeleteCertificate,
GetInstalledCertificateIds, SignCertificate, CertificateSigned, ExtendedTriggerMessage."""

from authority import Authority
from station_bench import NOON, StationBench, result_of
from store_in_ram import DocumentsInRam

from setpoint.certificates import hash_data, pem, roots, x509

CENTRAL, MANUFACTURER = roots.CENTRAL, roots.MANUFACTURER
FILES = {"ca_file": "ca.pem", "check_hostname": True}
CHECKED = {"AdditionalRootCertificateCheck": "true"}
_made = {}


def authority(name="Root A", **changes):
    """Each is made once: a key takes its time."""
    if changes:
        return Authority(name, NOON, **changes)
    if name not in _made:
        _made[name] = Authority(name, NOON)
    return _made[name]


def secured(provisioned=None, keys=None, memory=None, profile="2", identity=None):
    keys = dict(
        keys or {}, SecurityProfile=profile, AuthorizationKey="00112233445566778899aabbccddeeff"
    )
    known = {"csms_url": "wss://x", "charge_point_id": "CP7", "tls": FILES}
    known.update(identity or {})
    bench = StationBench(identity=known, keys=keys, memory=memory, register=False)
    bench.provisioned = [one.der for one in provisioned or []]
    if provisioned:
        vouched(bench, provisioned[0].der)
    bench.connect()
    return bench


def vouched(bench, root_der):
    """The next connection is one that this root vouches for."""
    bench.station.facts.credentials.root = roots.fingerprint_of(root_der)


def install(bench, text, kind=CENTRAL):
    return bench.ask("InstallCertificate", {"certificateType": kind, "certificate": text})["status"]


def hash_datas(bench, kind=CENTRAL):
    found = bench.ask("GetInstalledCertificateIds", {"certificateType": kind})
    assert (found["status"] == "Accepted") is ("certificateHashData" in found), found
    return found.get("certificateHashData", [])


def delete(bench, one):
    return bench.ask("DeleteCertificate", {"certificateHashData": one})["status"]


def test_a_root_is_installed_listed_and_deleted():
    bench = StationBench()
    one = authority()
    assert hash_datas(bench) == []
    assert install(bench, one.pem) == "Accepted"
    (found,) = hash_datas(bench)
    assert found["hashAlgorithm"] == "SHA256"
    assert found["serialNumber"] == "%x" % x509.Certificate(one.der).serial
    assert hash_datas(bench, MANUFACTURER) == []
    assert delete(bench, dict(found, serialNumber="0")) == "NotFound"
    assert delete(bench, dict(found, issuerKeyHash="00" * 32)) == "NotFound"
    assert (
        delete(bench, dict(found, serialNumber="00" + found["serialNumber"].upper())) == "Accepted"
    )
    assert hash_datas(bench) == []
    assert delete(bench, found) == "NotFound"


def test_it_survives_a_restart_and_is_not_installed_twice():
    memory = DocumentsInRam()
    bench = StationBench(memory=memory)
    assert install(bench, authority().pem, MANUFACTURER) == "Accepted"
    assert install(bench, authority().pem, MANUFACTURER) == "Accepted"
    bench = StationBench(memory=memory)
    assert len(hash_datas(bench, MANUFACTURER)) == 1
    assert hash_datas(bench, CENTRAL) == []


def test_a_root_is_named_by_each_of_the_hash_algorithms():
    bench = StationBench()
    certificate = x509.Certificate(authority().der)
    for name in hash_data.NAMES:
        assert install(bench, authority().pem) == "Accepted"
        named = result_of(hash_data.hash_data_of(certificate, certificate.key, name))
        assert delete(bench, named) == "Accepted", name


def test_what_is_no_root_is_rejected():
    bench = StationBench()
    one = authority()
    whole = one.pem
    other = authority("Root B")
    signature_bent = bytearray(one.der)
    signature_bent[-3] ^= 1
    for text in (
        "",
        "none",
        whole[:-30],
        whole.replace("M", "*", 1),
        whole + whole,
        pem.text_of(bytes(signature_bent)),
        pem.text_of(one.der[:-1]),
        pem.text_of(one.der + b"\x00"),
        pem.text_of(one.certificate("leaf", other.public)),
        pem.text_of(one.certificate("B", other.public, authority=True)),
        authority("old", days=(-30, -1)).pem,
        authority("soon", days=(1, 30)).pem,
        authority("no signer", usage=0x80).pem,
        authority("no authority", authority=False).pem,
    ):
        assert install(bench, text) == "Rejected", text
    assert bench.memory.names() == []


def test_no_more_than_the_store_takes_and_nothing_is_lost():
    bench = StationBench(keys={"CertificateStoreMaxLength": "2"})
    for name, status in (("Root A", "Accepted"), ("Root B", "Accepted"), ("Root C", "Rejected")):
        assert install(bench, authority(name).pem) == status
    assert len(hash_datas(bench)) == 2
    assert delete(bench, hash_datas(bench)[0]) == "Accepted"
    assert install(bench, authority("Root C").pem) == "Accepted"


def test_a_root_of_the_identity_that_cannot_be_read_is_in_nobodys_way():
    bench = StationBench()
    bench.provisioned = [b"\x30\x00"]
    assert hash_datas(bench) == []
    assert install(bench, authority().pem) == "Accepted"
    (found,) = hash_datas(bench)
    assert delete(bench, found) == "Accepted"


def test_flash_that_cannot_be_written_is_told():
    bench = StationBench()
    bench.memory.fails = True
    assert install(bench, authority().pem) == "Failed"
    bench.memory.fails = False
    assert install(bench, authority().pem) == "Accepted"


def test_the_root_that_the_connection_depends_on_stays():
    one = authority()
    bench = secured([one])
    (found,) = hash_datas(bench)
    assert delete(bench, found) == "Failed"
    assert install(bench, authority("Root B").pem) == "Accepted"
    assert delete(bench, found) == "Failed"
    vouched(bench, authority("Root B").der)
    assert delete(bench, found) == "Accepted"
    (left,) = hash_datas(bench)
    assert left != found
    assert delete(bench, left) == "Failed"


def test_the_last_root_stays_where_tls_needs_one():
    one = authority()
    bench = secured([one])
    bench.station.facts.credentials.root = None
    assert delete(bench, hash_datas(bench)[0]) == "Failed"


def test_a_root_of_the_identity_that_was_deleted_stays_deleted():
    memory = DocumentsInRam()
    bench = secured([authority(), authority("Root B")], memory=memory)
    found = hash_datas(bench)
    assert [delete(bench, one) for one in found] == ["Failed", "Accepted"]
    bench = secured([authority(), authority("Root B")], memory=memory)
    assert hash_datas(bench) == found[:1]


def test_with_the_additional_check_the_old_root_signs_the_new_one_and_goes_after_a_connection():
    old = authority()
    new = Authority("Root new", NOON, signed_by=old)
    bench = secured([old], CHECKED)
    assert install(bench, authority("Root B").pem) == "Rejected"
    assert install(bench, new.pem) == "Accepted"
    assert len(hash_datas(bench)) == 2
    bench.disconnect()
    vouched(bench, old.der)
    bench.connect()
    assert len(hash_datas(bench)) == 2  # the old one vouched: both stay
    bench.disconnect()
    vouched(bench, new.der)
    bench.connect()
    (left,) = hash_datas(bench)
    certificate = x509.Certificate(new.der)
    assert left["serialNumber"] == "%x" % certificate.serial
    # It is named by its issuer's key, though the issuer is gone
    old_key = x509.Certificate(old.der).key
    assert left == result_of(hash_data.hash_data_of(certificate, old_key, "SHA256"))


def test_of_two_roots_on_trial_the_newer_one_stays():
    old = authority()
    bench = secured([old], CHECKED)
    first, second = [Authority(name, NOON, signed_by=old) for name in ("first", "second")]
    assert install(bench, first.pem) == "Accepted"
    # One on trial has no say yet
    assert install(bench, Authority("third", NOON, signed_by=first).pem) == "Rejected"
    assert install(bench, second.pem) == "Accepted"
    serials = [int(one["serialNumber"], 16) for one in hash_datas(bench)]
    assert serials == [x509.Certificate(one.der).serial for one in (old, second)]


def test_without_the_additional_check_all_roots_stay():
    bench = secured([authority()])
    assert install(bench, authority("Root B").pem) == "Accepted"
    bench.disconnect()
    vouched(bench, authority("Root B").der)
    bench.connect()
    assert len(hash_datas(bench)) == 2


def test_an_installed_root_lets_the_profile_be_raised():
    bench = StationBench(
        identity={"csms_url": "ws://x", "charge_point_id": "x"},
        keys={"AuthorizationKey": "00112233445566778899aabbccddeeff", "SecurityProfile": "1"},
    )
    raised = {"key": "SecurityProfile", "value": "2"}
    assert bench.ask("ChangeConfiguration", raised) == {"status": "Rejected"}
    assert install(bench, authority().pem, MANUFACTURER) == "Accepted"
    assert bench.ask("ChangeConfiguration", raised) == {"status": "Rejected"}
    assert install(bench, authority().pem) == "Accepted"
    assert bench.ask("ChangeConfiguration", raised) == {"status": "Accepted"}


# -- the station's own


def sign_me(bench):
    """The request for a certificate that the station sends."""
    wanted = {"requestedMessage": "SignChargePointCertificate"}
    assert bench.ask("ExtendedTriggerMessage", wanted) == {"status": "Accepted"}
    return bench.actions("SignCertificate")[-1]["csr"]


def signed(bench, text):
    return bench.ask("CertificateSigned", {"certificateChain": text})["status"]


def own_numbers(bench):
    return bench.station.facts.credentials.own_numbers()


def test_a_key_pair_is_made_here_and_its_certificate_is_on_trial():
    bench = secured([authority()], {"CpoName": "Ampere"}, profile="3")
    request = sign_me(bench)
    assert own_numbers(bench) == (0,)
    assert signed(bench, authority().sign(request)) == "Accepted"
    assert (bench.renewals, own_numbers(bench)) == (1, (1, 0))
    bench.trial_ends(True)
    assert own_numbers(bench) == (1,)
    # And the next one: the first is kept until the second has connected
    assert signed(bench, authority().sign(sign_me(bench))) == "Accepted"
    assert own_numbers(bench) == (2, 1)
    assert [name for name in bench.memory.names() if name.startswith("own")] == ["own-1", "own-2"]
    bench.trial_ends(True)
    assert [name for name in bench.memory.names() if name.startswith("own")] == ["own-2"]


def test_a_certificate_that_does_not_connect_is_taken_back_and_forgotten():
    memory = DocumentsInRam()
    bench = secured([authority()], profile="3", memory=memory)
    assert signed(bench, authority().sign(sign_me(bench))) == "Accepted"
    bench = secured([authority()], profile="3", memory=memory)
    assert own_numbers(bench) == (1, 0)  # a power cut ends no trial
    bench.trial_ends(False)
    assert own_numbers(bench) == (0,)
    assert [name for name in memory.names() if name.startswith("own")] == []


def test_a_certificate_waits_for_a_profile_that_uses_it():
    bench = secured([authority()], profile="2")
    assert signed(bench, authority().sign(sign_me(bench))) == "Accepted"
    assert (bench.renewals, own_numbers(bench)) == (0, (1,))
    raised = {"key": "SecurityProfile", "value": "3"}
    assert bench.ask("ChangeConfiguration", raised) == {"status": "Accepted"}
    assert (bench.renewals, own_numbers(bench)) == (1, (1, 1))


def test_a_key_that_waits_survives_a_restart():
    memory = DocumentsInRam()
    request = sign_me(secured([authority()], profile="3", memory=memory))
    bench = secured([authority()], profile="3", memory=memory)
    assert signed(bench, authority().sign(request)) == "Accepted"


def test_a_chain_comes_with_its_intermediate():
    between = Authority("Between", NOON, signed_by=authority())
    bench = secured([authority()], profile="3")
    assert signed(bench, between.sign(sign_me(bench)) + between.pem) == "Accepted"
    assert signed(bench, between.sign(sign_me(bench)) + authority("Root B").pem) == "Rejected"


def test_a_certificate_that_is_not_for_this_station_is_rejected_and_told():
    bench = secured([authority()], profile="3")
    one = authority()
    old_request = sign_me(bench)
    request = sign_me(bench)  # a newer key takes the place of the one that waited
    good = one.sign(request)
    for text in (
        "",
        "nonsense",
        good[:-40],
        one.sign(old_request),
        one.sign(request, name="another"),
        one.sign(request, days=(-9, -1)),
        one.sign(request, days=(1, 9)),
        one.sign(request, usage=0x08),
        one.pem,
        good + one.pem + one.pem + one.pem + one.pem,
        good + " " * 5500,
    ):
        before = len(bench.actions("SecurityEventNotification"))
        assert signed(bench, text) == "Rejected", text
        events = bench.actions("SecurityEventNotification")[before:]
        assert [event["type"] for event in events] == ["InvalidChargePointCertificate"], text
    assert own_numbers(bench) == (0,)
    assert signed(bench, good) == "Accepted"


def test_flash_that_fails_takes_no_certificate():
    bench = secured([authority()], profile="3")
    request = sign_me(bench)
    bench.memory.fails = True
    assert signed(bench, authority().sign(request)) == "Rejected"
    assert own_numbers(bench) == (0,)
    sent = len(bench.actions("SignCertificate"))
    wanted = {"requestedMessage": "SignChargePointCertificate"}
    bench.ask("ExtendedTriggerMessage", wanted)
    assert len(bench.actions("SignCertificate")) == sent
    bench.memory.fails = False
    assert signed(bench, authority().sign(request)) == "Accepted"


def test_a_central_system_that_does_not_sign_is_noted():
    bench = secured([authority()], profile="3")
    bench.answers["SignCertificate"] = lambda payload: {"status": "Rejected"}
    sign_me(bench)
    assert [line for line in bench.logs if "does not sign" in line]


def test_a_request_names_the_station_and_its_operator():
    for identity, name in (
        ({"charge_point_serial": "S1", "charge_box_serial": "B1"}, b"S1"),
        ({"charge_box_serial": "B1"}, b"B1"),
        ({}, b"CP7"),
    ):
        bench = secured([authority()], {"CpoName": "Ampere"}, profile="3", identity=identity)
        (der,) = pem.blocks(sign_me(bench), "CERTIFICATE REQUEST")
        assert name in der and b"Ampere" in der


def test_an_extended_trigger_sends_what_a_trigger_sends():
    bench = StationBench()
    for wanted, action in (
        ("BootNotification", "BootNotification"),
        ("Heartbeat", "Heartbeat"),
        ("MeterValues", "MeterValues"),
        ("StatusNotification", "StatusNotification"),
    ):
        before = len(bench.actions(action))
        assert bench.ask("ExtendedTriggerMessage", {"requestedMessage": wanted}) == {
            "status": "Accepted"
        }
        bench.wake()
        assert len(bench.actions(action)) > before, action
    bench.answers["LogStatusNotification"] = lambda payload: {}
    assert bench.ask("ExtendedTriggerMessage", {"requestedMessage": "LogStatusNotification"}) == {
        "status": "Accepted"
    }
    bench.wake()
    assert bench.actions("LogStatusNotification") == [{"status": "Idle"}]
    nowhere = {"requestedMessage": "StatusNotification", "connectorId": 9}
    assert bench.ask("ExtendedTriggerMessage", nowhere) == {"status": "Rejected"}


# -- long work


def test_an_answer_that_takes_long_does_not_go_to_another_connection():
    bench = StationBench()
    bench.hold_work = []
    bench.deliver('[2,"x1","GetInstalledCertificateIds",{"certificateType":"%s"}]' % CENTRAL)
    bench.disconnect()
    bench.connect()
    bench.last_answer = None
    bench.work_ends()
    assert bench.last_answer is None


def test_no_more_work_waits_than_may():
    bench = StationBench()
    bench.hold_work = []
    answers = []
    for i in range(6):
        bench.last_answer = None
        bench.deliver(
            '[2,"x%d","GetInstalledCertificateIds",{"certificateType":"%s"}]' % (i, CENTRAL)
        )
        answers.append(bench.last_answer and bench.last_answer[2])
    assert answers == [None] * 4 + ["InternalError"] * 2
    trigger = {"requestedMessage": "SignChargePointCertificate"}
    assert bench.ask("ExtendedTriggerMessage", trigger) == {"status": "Rejected"}
    for i in range(4):
        bench.work_ends()
        assert bench.last_answer[1:] == ["x%d" % i, {"status": "NotFound"}]


def test_where_the_memory_ends_in_long_work_the_answer_says_so():
    bench = StationBench()
    bench.hold_work = []
    bench.deliver('[2,"x1","GetInstalledCertificateIds",{"certificateType":"%s"}]' % CENTRAL)
    bench.work_ends(out_of_memory=True)
    assert bench.last_answer[:3] == [4, "x1", "InternalError"]
