"""PEM (RFC 7468): DER as text."""

import binascii

_BEGIN = "-----BEGIN %s-----"
_END = "-----END %s-----"


def blocks(text: str, label: str = "CERTIFICATE"):
    """Yields the DER of each block with this label. ValueError for one that is broken."""
    begin, end = _BEGIN % label, _END % label
    at = text.find(begin)
    while at >= 0:
        at += len(begin)
        until = text.find(end, at)
        if until < 0:
            raise ValueError("a PEM block does not end")
        yield binascii.a2b_base64(_base64_in(text[at:until]))
        at = text.find(begin, until)


def _base64_in(text: str) -> str:
    """The lines without their ends; ValueError for anything else. a2b_base64 passes over it."""
    joined = "".join(text.split())
    padding = joined[-2:].count("=")
    for character in joined[: len(joined) - padding]:
        if not ("0" <= character <= "9" or "A" <= character <= "Z" or "a" <= character <= "z"):
            if character not in "+/":
                raise ValueError("a PEM block holds what is no base64")
    if not joined or len(joined) % 4:
        raise ValueError("a PEM block is cut off")
    return joined


def text_of(der: bytes, label: str = "CERTIFICATE") -> str:
    lines = [_BEGIN % label]
    for at in range(0, len(der), 48):
        lines.append(binascii.b2a_base64(der[at : at + 48]).decode().strip())
    lines.append(_END % label)
    return "\n".join(lines) + "\n"
