"""Certificates and signatures against the Python library `cryptography`: what it makes is read and
verified, what is wrong is refused, and it reads what the station makes."""

import datetime
import functools
import hashlib
import os

import pytest
from authority import Authority, run
from cryptography import x509 as reference
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes as reference_hashes
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric import rsa as reference_rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from setpoint.certificates import der, ecdsa, hash_data, hashes, own, pem, rsa, signatures, x509
from setpoint.protocol.iso8601 import instant_from

HASHES = {
    "SHA256": reference_hashes.SHA256(),
    "SHA384": reference_hashes.SHA384(),
    "SHA512": reference_hashes.SHA512(),
}
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
NOW_INSTANT = instant_from("2026-06-01T00:00:00Z")


@functools.lru_cache(None)
def key_of(kind):
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    return reference_rsa.generate_private_key(65537, int(kind))


KINDS = ("P-256", "P-384", "2048", "3072", "4096")


def der_of(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def made(
    kind,
    hash_name="SHA256",
    name="Root",
    issuer=None,
    issuer_kind=None,
    authority=True,
    serial=None,
    days=(-1, 30),
    usage=None,
    extra=None,
    path_length=None,
):
    builder = (
        reference.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer or name))
        .public_key(key_of(kind).public_key())
        .serial_number(serial or reference.random_serial_number())
        .not_valid_before(NOW + datetime.timedelta(days=days[0]))
        .not_valid_after(NOW + datetime.timedelta(days=days[1]))
        .add_extension(reference.BasicConstraints(authority, path_length), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    if extra is not None:
        builder = builder.add_extension(*extra)
    return der_of(builder.sign(key_of(issuer_kind or kind), HASHES[hash_name]))


def named(name):
    return reference.Name(
        [
            reference.NameAttribute(NameOID.ORGANIZATION_NAME, "Örtliche Werke"),
            reference.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def sign(kind, message, hash_name="SHA256", pss=None):
    key = key_of(kind)
    if kind in CURVES:
        return key.sign(message, ec.ECDSA(HASHES[hash_name]))
    scheme = padding.PKCS1v15()
    if pss is not None:
        scheme = padding.PSS(padding.MGF1(HASHES[hash_name]), pss)
    return key.sign(message, scheme, HASHES[hash_name])


# -- hashes


@given(st.binary(max_size=400))
def test_hashes_are_those_of_hashlib(data):
    for name in ("SHA1", *HASHES):
        assert run(hashes.digest(name, data)) == hashlib.new(name, data).digest()


@pytest.mark.parametrize("length", [0, 1, 110, 111, 112, 113, 127, 128, 129, 239, 240, 1000])
def test_hashes_of_each_length_of_padding(length):
    for name in HASHES:
        data = bytes(length)
        assert run(hashes.digest(name, data)) == hashlib.new(name, data).digest()


# -- certificates


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hash_name", HASHES)
def test_a_certificate_is_read_and_its_signature_verified(kind, hash_name):
    data = made(kind, hash_name)
    known = reference.load_der_x509_certificate(data)
    found = x509.Certificate(data)
    assert found.serial == known.serial_number
    assert found.subject == known.subject.public_bytes() == found.issuer
    assert found.signed_part == known.tbs_certificate_bytes
    assert found.common_name() == "Root"
    assert found.is_authority
    assert found.begins == instant_from("2026-05-31T00:00:00Z")
    assert found.ends == instant_from("2026-07-01T00:00:00Z")
    assert run(signatures.is_signed_by(found, found)) is True
    signatures.check_key(found)
    other = x509.Certificate(made("P-256" if kind == "P-384" else "P-384", name="Other"))
    assert run(signatures.is_signed_by(found, other)) is False


@pytest.mark.parametrize("kind", KINDS[:3])
def test_a_certificate_with_one_bit_flipped_is_never_taken(kind):
    """Each byte once; what can still be read has a wrong signature."""
    data = made(kind)
    for at in range(0, len(data), 1 if kind == "P-256" else 7):
        bent = bytearray(data)
        bent[at] ^= 1 << at % 8
        try:
            found = x509.Certificate(bytes(bent))
            assert run(signatures.is_signed_by(found, x509.Certificate(data))) is False, at
        except ValueError:
            pass


def test_a_certificate_that_is_cut_off_or_longer_is_refused():
    data = made("P-256")
    for length in range(len(data)):
        with pytest.raises(ValueError):
            x509.Certificate(data[:length])
    with pytest.raises(ValueError):
        x509.Certificate(data + b"\x00")
    with pytest.raises(ValueError):
        x509.Certificate(data + bytes(5000))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing_but_value_error(data):
    for read in (
        x509.Certificate,
        lambda data: x509.Certificate(der.sequence(data)),
        lambda data: list(pem.blocks(data.decode("latin-1"))),
        lambda data: own.chain_in("-----BEGIN CERTIFICATE-----" + data.decode("latin-1")),
        rsa.modulus_of,
        ecdsa.Curve(ecdsa.OIDS[0]).point,
    ):
        try:
            read(data)
        except ValueError:
            pass


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_spoilt_certificates_raise_nothing_but_value_error(data):
    whole = bytearray(_some())  # its length differs from run to run, so places are taken modulo
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 1023)) % len(whole)
        what = data.draw(st.sampled_from(("set", "cut", "double")))
        if what == "set":
            whole[at] = data.draw(st.integers(0, 255))
        elif what == "cut":
            del whole[at : at + data.draw(st.integers(1, 30))]
        else:
            whole[at:at] = whole[at : at + data.draw(st.integers(1, 30))]
        whole = whole or bytearray(1)
    try:
        found = x509.Certificate(bytes(whole))
        found.common_name()
        run(signatures.is_signed_by(found, found))
        signatures.check_key(found)
    except ValueError:
        pass


@functools.lru_cache(None)
def _some():
    return made("P-256")


@pytest.mark.parametrize(
    "lax",
    [
        b"\x30\x80\x02\x01\x05\x00\x00",  # an indefinite length
        b"\x30\x81\x03\x02\x01\x05",  # a length in more bytes than it needs
        b"\x30\x82\x00\x03\x02\x01\x05",
        b"\x30\x83\x00\x00\x03\x02\x01\x05",
        b"\x30\x04\x02\x02\x00\x05",  # a number that is not in its shortest form
        b"\x30\x03\x02\x01\x85",  # a negative one
        b"\x30\x02\x02\x00",  # none
        b"\x30\x04\x02\x01\x05\x05",  # more than there should be
        b"\x30\x05\x02\x01\x05",  # longer than its place
        b"\x31\x03\x02\x01\x05",  # another tag
        b"\x30\x03\x02\x01",
        b"\x30",
        b"",
    ],
)
def test_lax_der_is_refused(lax):
    def read():
        outer = der.Elements(lax)
        fields = outer.inside(der.SEQUENCE)
        outer.finish()
        fields.natural()
        fields.finish()

    with pytest.raises(ValueError):
        read()


@given(st.integers(0, 1 << 70), st.binary(max_size=300))
def test_what_is_written_in_der_is_read_again(number, data):
    written = der.sequence(der.integer(number), der.element(der.OCTET_STRING, data))
    fields = der.Elements(written).inside(der.SEQUENCE)
    assert (fields.natural(), fields.value(der.OCTET_STRING)) == (number, data)
    fields.finish()


@given(st.binary(min_size=1, max_size=500), st.text(max_size=20))
def test_pem_is_read_again(data, around):
    around = around.replace("-", "")
    text = around + pem.text_of(data) + around + pem.text_of(data[::-1]) + around
    assert list(pem.blocks(text)) == [data, data[::-1]]
    assert list(pem.blocks(text.replace("\n", "\r\n"))) == [data, data[::-1]]


def test_a_certificate_that_says_something_twice_is_refused():
    root = Authority("Fake root", NOW_INSTANT)
    sha256, sha384 = [b"\x2a\x86\x48\xce\x3d\x04\x03" + last for last in (b"\x02", b"\x03")]
    with pytest.raises(ValueError, match="two algorithms"):
        x509.Certificate(root.der.replace(sha256, sha384, 1))
    twice = der.sequence(
        der.element(der.OID, b"\x55\x1d\x13"), der.element(der.OCTET_STRING, der.sequence())
    )
    with pytest.raises(ValueError, match="twice"):
        x509.Certificate(root.certificate("x", root.public, extra=twice))


def test_sha_1_counts_only_where_an_authority_signed_itself():
    with_sha1 = der.sequence(
        der.element(der.OID, b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05"), der.element(der.NULL, b"")
    )
    root = x509.Certificate(made("2048"))
    leaf = x509.Certificate(made("2048", name="Leaf", issuer="Root", authority=False))
    root.algorithm = leaf.algorithm = with_sha1
    digest = hashlib.sha1(root.signed_part).digest()
    end = rsa._PREFIXES["SHA1"] + digest
    root.signature = raw(b"\x00\x01" + b"\xff" * (253 - len(end)) + b"\x00" + end)
    assert run(signatures.is_signed_by(root, root))
    with pytest.raises(ValueError, match="SHA-1"):
        run(signatures.is_signed_by(leaf, root))


def test_critical_extensions_that_are_not_known_are_refused():
    constraint = reference.NameConstraints([reference.DNSName("example")], None)
    x509.Certificate(made("P-256", extra=(constraint, False)))
    with pytest.raises(ValueError):
        x509.Certificate(made("P-256", extra=(constraint, True)))


@pytest.mark.parametrize("name", hash_data.NAMES)
@pytest.mark.parametrize("kind", ("P-256", "2048"))
def test_hash_data_is_that_of_an_ocsp_request(kind, name):
    root = reference.load_der_x509_certificate(made(kind, serial=0x00AB01))
    request = ocsp.OCSPRequestBuilder().add_certificate(root, root, HASHES[name]).build()
    found = x509.Certificate(der_of(root))
    told = run(hash_data.hash_data_of(found, found.key, name))
    assert told == {
        "hashAlgorithm": name,
        "issuerNameHash": request.issuer_name_hash.hex(),
        "issuerKeyHash": request.issuer_key_hash.hex(),
        "serialNumber": "ab01",
    }
    assert run(hash_data.is_named(found, found.key, told))
    for field, other in (
        ("serialNumber", "ab02"),
        ("serialNumber", "0x1"),
        ("serialNumber", "a_b01"),
        ("serialNumber", ""),
        ("issuerNameHash", "00"),
        ("issuerKeyHash", told["issuerNameHash"]),
    ):
        assert not run(hash_data.is_named(found, found.key, dict(told, **{field: other})))


# -- signatures of files


def signed_file(kind, message, signature):
    found = x509.Certificate(_certificate(kind))
    try:
        digest = hashlib.sha256(message).digest()
        return run(signatures.is_signed_file(found.key_algorithm, found.key, digest, signature))
    except ValueError:
        return False


@functools.lru_cache(None)
def _certificate(kind):
    return made(kind, authority=False)


@pytest.mark.parametrize("kind", KINDS)
def test_signatures_are_verified(kind):
    for length in range(0, 60, 7):
        message = os.urandom(length)
        kinds = [None] if kind in CURVES else [None, 0, 20, 32, padding.PSS.MAX_LENGTH]
        for pss in kinds:
            signature = sign(kind, message, pss=pss)
            assert signed_file(kind, message, signature), pss
            assert not signed_file(kind, message + b"x", signature)
            assert not signed_file("P-384" if kind == "P-256" else "P-256", message, signature)
            for hash_name in ("SHA384", "SHA512"):
                assert not signed_file(kind, message, sign(kind, message, hash_name))


@given(st.sampled_from(("P-256", "P-384", "2048")), st.data())
def test_a_signature_with_a_flipped_bit_is_wrong(kind, data):
    message = b"firmware"
    pss = data.draw(st.sampled_from((None, 32))) if kind == "2048" else None
    signature = bytearray(sign(kind, message, pss=pss))
    at = data.draw(st.integers(0, 4095)) % (len(signature) * 8)
    signature[at // 8] ^= 1 << at % 8
    assert not signed_file(kind, message, bytes(signature))


@given(st.integers(0, 1 << 256), st.integers(0, 1 << 256), st.binary(max_size=9))
def test_ecdsa_judges_as_the_reference_does(r, s, message):
    n = ecdsa.Curve(ecdsa.OIDS[0]).n
    good = utils.decode_dss_signature(sign("P-256", message))
    for pair in (
        *((r, s), (0, 0), (0, 1), (1, 0), (n, 1), (1, n), (good[0], 0), (0, good[1])),
        *((good[0] + n, good[1]), (good[0], good[1] + n), (good[0], n - good[1]), good),
        (good[1], good[0]),
    ):
        signature = utils.encode_dss_signature(*pair)
        try:
            key_of("P-256").public_key().verify(signature, message, ec.ECDSA(HASHES["SHA256"]))
            right = True
        except InvalidSignature:
            right = False
        assert signed_file("P-256", message, signature) is right, pair


def test_a_key_that_is_not_on_its_curve_is_refused():
    curve = ecdsa.Curve(ecdsa.OIDS[0])
    x, y = curve.generator
    good = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    assert curve.point(good) == (x, y)
    beyond = b"\x04" + (x + curve.p).to_bytes(33, "big")[-32:] + y.to_bytes(32, "big")
    for bad in (
        *(b"", good[:-1], good + b"\x00", b"\x02" + good[1:33], b"\x00", b"\x04" + bytes(64)),
        *(good[:-1] + bytes([good[-1] ^ 1]), beyond, b"\x04" + b"\xff" * 64),
    ):
        with pytest.raises(ValueError):
            curve.point(bad)
    # A point whose x fits beside the prime, too
    p = curve.p
    for x in range(1, 99):
        square = (x**3 - 3 * x + curve._b) % p
        y = pow(square, (p + 1) // 4, p)
        if y * y % p == square:
            break
    curve.point(b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"))
    with pytest.raises(ValueError):
        curve.point(b"\x04" + (x + p).to_bytes(32, "big") + y.to_bytes(32, "big"))


@pytest.mark.parametrize("scalar", [1, 2, 3, 5, -1, -2, -3])
def test_the_ladder_is_right_at_its_ends(scalar):
    curve = ecdsa.Curve(ecdsa.OIDS[0])
    scalar %= curve.n
    known = ec.derive_private_key(scalar, CURVES["P-256"]).public_key().public_numbers()
    assert run(ecdsa._multiplied(curve, scalar, os.urandom)) == (known.x, known.y)


@given(st.binary(max_size=100))
def test_a_key_made_here_signs_for_others(message):
    secret, public = run(ecdsa.key_pair(os.urandom))
    known = ec.EllipticCurvePublicKey.from_encoded_point(CURVES["P-256"], public)
    known.verify(
        run(ecdsa.signed(secret, message, os.urandom)), message, ec.ECDSA(HASHES["SHA256"])
    )
    loaded = serialization.load_der_private_key(ecdsa.private_key(secret, public), None)
    assert loaded.private_numbers().private_value == secret
    assert loaded.public_key() == known


def test_the_nonce_follows_rfc_6979():
    """Its appendix A.2.5, SHA-256."""
    secret = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
    for message, r, s in (
        (
            b"sample",
            0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
            0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
        ),
        (
            b"test",
            0xF1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367,
            0x019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083,
        ),
    ):
        signature = run(ecdsa.signed(secret, message, os.urandom))
        assert utils.decode_dss_signature(signature) == (r, s)


# -- RSA's paddings


def raw(encoded):
    """What a holder of the key would make of any padding."""
    numbers = key_of("2048").private_numbers()
    power = pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n)
    return power.to_bytes(256, "big")


def test_padding_with_garbage_in_it_is_wrong():
    digest = hashlib.sha256(b"firmware").digest()
    prefix = rsa._PREFIXES["SHA256"]
    end = prefix + digest
    good = b"\x00\x01" + b"\xff" * (256 - len(end) - 3) + b"\x00" + end
    assert signed_file("2048", b"firmware", raw(good))
    without_null = bytearray(end)
    without_null[1] -= 2
    without_null[3] -= 2
    del without_null[15:17]
    for bad in (
        b"\x00\x02" + good[2:],
        b"\x00\x00" + good[2:],
        good[:9] + b"\xfe" + good[10:],
        b"\x00\x01" + b"\xff" * 8 + b"\x00" + end + b"\xff" * (256 - len(end) - 11),
        b"\x00\x01\x00" + end + b"\x00" * (256 - len(end) - 3),
        b"\x00\x01" + b"\xff" * (256 - len(end) - 4) + b"\x00" + end + b"\x00",
        b"\x00\x01" + b"\xff" * (256 - len(without_null) - 3) + b"\x00" + bytes(without_null),
        b"\x00\x01" + b"\xff" * (256 - 35) + b"\x00" + digest,
        good[:-1] + bytes([good[-1] ^ 1]),
        bytes(256),
    ):
        assert len(bad) == 256
        assert not signed_file("2048", b"firmware", raw(bad)), bad.hex()
    modulus = key_of("2048").public_key().public_numbers().n
    signature = raw(good)
    beyond = int.from_bytes(signature, "big") + modulus
    for bad in (
        b"",
        signature[1:],
        b"\x00" + signature,
        bytes(256),
        bytes(255) + b"\x01",
        beyond.to_bytes(257, "big")[-256:],
        (modulus - 1).to_bytes(256, "big"),
    ):
        assert not signed_file("2048", b"firmware", bad)


@given(st.integers(0, 255), st.integers(1, 255))
def test_a_pss_encoding_with_any_other_byte_is_wrong(at, change):
    digest = hashlib.sha256(b"firmware").digest()
    numbers = key_of("2048").public_key().public_numbers()
    signature = sign("2048", b"firmware", pss=32)
    encoded = bytearray(
        pow(int.from_bytes(signature, "big"), 65537, numbers.n).to_bytes(256, "big")
    )
    assert rsa.is_pss(bytes(encoded), 2048, digest)
    encoded[at] ^= change
    assert not rsa.is_pss(bytes(encoded), 2048, digest)
    encoded[at] ^= change
    encoded[0] ^= 0x80  # the bit that the modulus has no room for
    assert not rsa.is_pss(bytes(encoded), 2048, digest)


@pytest.mark.parametrize("bits", [2049, 2050, 2051, 2056, 2057, 2058])
def test_pss_of_odd_lengths_of_the_modulus(bits):
    key = reference_rsa.generate_private_key(65537, bits)
    bits = key.public_key().public_numbers().n.bit_length()  # it makes one bit less at times
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.PKCS1
    )
    scheme = padding.PSS(padding.MGF1(HASHES["SHA256"]), padding.PSS.MAX_LENGTH)
    signature = key.sign(b"x", scheme, HASHES["SHA256"])
    encoded = run(rsa.encoded_message(public, signature))
    assert rsa.bits_of(rsa.modulus_of(public)) == bits
    assert rsa.is_pss(encoded, bits, hashlib.sha256(b"x").digest())
    assert not rsa.is_pss(encoded, bits, hashlib.sha256(b"y").digest())


def test_rsa_keys_that_are_too_short_or_have_another_exponent_are_refused():
    short = reference_rsa.generate_private_key(65537, 1024).public_key()
    odd = reference_rsa.generate_private_key(3, 2048).public_key()
    for key in (short, odd):
        encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
        with pytest.raises(ValueError):
            rsa.modulus_of(encoded)


# -- chains


def reason(chain, roots, now=NOW_INSTANT):
    try:
        return run(
            signatures.reason_to_distrust(
                [x509.Certificate(one) for one in chain],
                [x509.Certificate(one) for one in roots],
                now,
            )
        )
    except ValueError as error:
        return str(error)


def test_a_chain_leads_to_a_root_that_is_trusted():
    root = made("2048", "SHA384", "Root")
    between = made("P-384", "SHA256", "Between", "Root", "2048")
    leaf = made("P-256", "SHA384", "Leaf", "Between", "P-384", authority=False)
    other = made("P-256", name="Other")
    assert reason([leaf, between], [other, root]) is None
    assert reason([leaf, between, root], [root]) is None
    assert reason([leaf, between], [root], None) is None
    elsewhere = made("P-256", "SHA384", "Leaf", "Elsewhere", "P-384", authority=False)
    assert reason([elsewhere, between], [root]) is not None  # the key fits, the name does not
    assert reason([leaf], [between]) is None  # whoever installed it trusts it
    for chain, roots in (
        ([], [root]),
        ([leaf], [root]),
        ([leaf, between], []),
        ([leaf, between], [other]),
        ([between, leaf], [other]),
        ([leaf, root], [root]),
        ([leaf, between] * 3, [root]),
        ([other], [root]),
    ):
        assert reason(chain, roots) is not None, (chain, roots)


def test_a_chain_over_somebody_who_may_not_sign_is_distrusted():
    root = made("2048", name="Root")
    no_authority = made("P-384", name="Between", issuer="Root", issuer_kind="2048", authority=False)
    leaf = made("P-256", name="Leaf", issuer="Between", issuer_kind="P-384", authority=False)
    assert reason([leaf, no_authority], [root]) is not None
    usage = dict.fromkeys(
        "content_commitment key_encipherment data_encipherment key_agreement crl_sign"
        " encipher_only decipher_only".split(),
        False,
    )
    only_signs = reference.KeyUsage(digital_signature=True, key_cert_sign=False, **usage)
    wrong_use = made("P-384", name="Between", issuer="Root", issuer_kind="2048", usage=only_signs)
    assert reason([leaf, wrong_use], [root]) is not None
    between = made("P-384", name="Between", issuer="Root", issuer_kind="2048")
    assert reason([leaf, between], [root]) is None
    short_root = made("2048", name="Root", path_length=0)
    assert reason([leaf, between], [short_root]) is not None
    # The names fit and the key does not
    forged = made("P-384", name="Between", issuer="Root", issuer_kind="3072")
    assert reason([leaf, forged], [root]) is not None


def test_what_is_out_of_date_is_distrusted():
    root = made("2048", name="Root")
    for days in ((-30, -1), (1, 30)):
        leaf = made(
            "P-256", name="Leaf", issuer="Root", issuer_kind="2048", authority=False, days=days
        )
        assert reason([leaf], [root]) is not None
        assert reason([leaf], [root], None) is None  # without the time nobody can tell
        late_root = made("2048", name="Root", days=days)
        good = made("P-256", name="Leaf", issuer="Root", issuer_kind="2048", authority=False)
        assert reason([good], [late_root]) is not None


# -- what the station makes


def test_a_stranger_reads_the_request_and_the_certificates_of_the_fakes():
    class Documents:
        def read(self, name, like=None, understand=None):
            return like

        def write(self, name, value):
            self.written = value

    documents = Documents()
    text = run(own.request(documents, (0,), "CP 7", "Ämpere", os.urandom))
    request = reference.load_pem_x509_csr(text.encode())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=CP 7,O=Ämpere"
    root = Authority("Fake root", NOW_INSTANT)
    between = Authority("Fake between", NOW_INSTANT, signed_by=root)
    leaf = reference.load_pem_x509_certificate(between.sign(text).encode())
    loaded = [reference.load_der_x509_certificate(one.der) for one in (between, root)]
    leaf.verify_directly_issued_by(loaded[0])
    loaded[0].verify_directly_issued_by(loaded[1])
    assert leaf.public_key() == request.public_key()
    assert leaf.subject.rfc4514_string() == "CN=CP 7"
