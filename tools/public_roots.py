"""Writes the public authorities that set-up mode tries into the firmware, from the pinned `certifi`:
`make roots`, after a new certifi or a change of the list here.

Each takes about 1 KB of flash. The same certifi gives the same module."""

from __future__ import annotations

import re
import ssl

from tools import authority
from tools.command import ROOT, Failure, parser, run

MODULE = ROOT / "firmware" / "setpoint" / "certificates" / "public.py"
# By certifi's labels, in the order in which a station tries them: those that most central systems on the Internet are
# behind come first. Of each operator those are left out that no new certificate comes from.
NAMES = (
    "ISRG Root X1",  # Let's Encrypt
    "Amazon Root CA 1",
    "DigiCert Global Root G2",  # Azure too
    "GTS Root R4",  # Google, and Cloudflare's ECDSA
    "GTS Root R1",
    "ISRG Root X2",
    "USERTrust RSA Certification Authority",  # Sectigo
    "Sectigo Public Server Authentication Root R46",
    "GlobalSign Root CA - R3",
    "GlobalSign Root CA - R6",
    "Microsoft RSA Root Certificate Authority 2017",
    "Amazon Root CA 3",
    "DigiCert Global Root G3",
    "USERTrust ECC Certification Authority",
    "Sectigo Public Server Authentication Root E46",
    "Microsoft ECC Root Certificate Authority 2017",
)

_MODULE = '''"""Public authorities, as (name, DER), the likeliest first: set-up mode looks among them for the one
behind a central system. The station trusts none of them but the one that it then writes into its
identity. `make roots` makes this file from Mozilla's list (certifi)."""

ROOTS = (
%s
)
'''


_LABELLED = re.compile(
    r'^# Label: "(.+)"\n(?:#.*\n)*(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----)$',
    re.MULTILINE,
)


def chosen() -> "dict[str, str]":
    """The PEM of those of NAMES, in their order. Raises Failure for one that Mozilla does not trust,
    or not any more."""
    known = dict(_LABELLED.findall(authority.public_authorities()))
    missing = [name for name in NAMES if name not in known]
    if missing:
        raise Failure("certifi has no %s (any more): choose others." % ", ".join(missing))
    return {name: known[name] for name in NAMES}


def module() -> str:
    """The text of the firmware's module."""
    lines = []
    for name, pem in chosen().items():
        (described,) = authority.described(pem.encode())
        der = "".join(["\\x%02x" % byte for byte in ssl.PEM_cert_to_DER_cert(pem)])
        lines.append("    # " + described[described.index("valid until") :])
        lines.append('    ("%s", b"%s"),' % (name, der))
    return _MODULE % "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser(
        "roots",
        "Writes the public authorities that set-up mode tries into the firmware.",
        "  make roots\n",
    ).parse_args(arguments)
    text = module()
    MODULE.write_text(text)
    size = text.count("\\x")
    print("%s: %d authorities, %d bytes" % (MODULE.relative_to(ROOT), len(NAMES), size))


if __name__ == "__main__":
    run("roots", main)
