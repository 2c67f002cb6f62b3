"""Certificates (OCPP 1.6 security whitepaper, edition 3): whom the station trusts, its own
certificate, and signatures.

Nothing here stays loaded (late.py). What takes long is a generator that yields after each slice and
returns its result; the app runs it between other work.

der        reads and writes DER, strictly
pem        certificates as text
x509       the fields of a certificate
hashes     SHA-256, and SHA-384 and SHA-512, which MicroPython has not
rsa        RSA signatures: PKCS #1 v1.5 and PSS
ecdsa      ECDSA on P-256 and P-384; a key pair, and a signature with it
signatures who signed a certificate, or a file
roots      the authorities in flash, and those that came with the identity
own        a key pair, the request for a certificate, and the certificate
hash_data  how OCPP names a certificate
"""
