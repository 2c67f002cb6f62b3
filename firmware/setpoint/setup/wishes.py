"""What a person wants of a station, and the identity that follows: checked before anything is
tried or written. Set-up mode and `make provision` use the same checks."""

SSID, WIFI_PASSWORD, URL, ID, PASSWORD, CA, PAIR = (
    "ssid",
    "wifi_password",
    "url",
    "id",
    "password",
    "ca",
    "pair",
)
_MOST_PEM = 2600  # characters: a certificate of 1.9 KB
_LEAST_WIFI, _MOST_WIFI = 8, 63
_MOST_PASSWORD = 40  # AuthorizationKey (OCPP-J 1.6, 6.2)
_MOST_ID = 48


def fault_in(identity: dict) -> "tuple[str, str] | None":
    """(the field of the form, what is wrong with it) of an identity whose fields have the right
    types (board/identity.py). None: it can be tried. One without csms_url is for a station
    without a central system."""
    from ..link.connecting import BadUrl, parts_of

    url, number = identity.get("csms_url"), identity.get("charge_point_id")
    if url or number:
        if not url:
            return URL, "the central system's URL is needed"
        if not number:
            return ID, "the charge point's id is needed"
        try:
            parts_of(url, number, False)
        except BadUrl as error:
            return URL, "%s: %s" % (error, url)
        if len(number) > _MOST_ID or [char for char in number if not "!" <= char <= "~"]:
            return ID, "an id has 1 to 48 characters without blanks: %r" % number
    wifi = identity.get("wifi") or {}
    if not wifi.get("ssid"):
        return SSID, "a Wi-Fi network's name has 1 to 32 bytes"
    password = wifi.get("password")
    if password and not _LEAST_WIFI <= len(password.encode()) <= _MOST_WIFI:
        return WIFI_PASSWORD, "a Wi-Fi password has 8 to 63 characters (none for an open network)"
    if len(password_in(identity.get("basic_auth")).encode()) > _MOST_PASSWORD:
        return (
            PASSWORD,
            "the central system's password (AuthorizationKey) has at most 40 characters",
        )
    tls = identity.get("tls") or {}
    if (url or "").lower().startswith("wss:") and not tls.get("ca_file"):
        return CA, "wss:// needs the certificate of the authority behind the central system's"
    if bool(tls.get("cert_file")) != bool(tls.get("key_file")):
        return PAIR, "a client certificate and its key belong together"
    return None


def password_in(auth) -> str:
    """That of a basic_auth; "": none."""
    if type(auth) is dict:
        auth = auth.get("password")
    return auth or ""


class Wrong(Exception):
    """Arguments: the field of the form, and what is wrong with it in a sentence."""


def identity_from(
    form: dict, old: dict, own_password: str, ca_path: str
) -> "tuple[dict, bytes | None]":
    """(the identity, PEM for ca_path) that follows from a form and from what the station had before.
    PEM b"": the authority is as it was, or none is needed; None: it is to be found among the public
    ones. Raises Wrong.

    form: "ssid", "wifi_password", "url", "id", "password" (of the central system), "ca" (PEM),
    texts or null; "open", "free_vend": true, false or null. Null is as it was; an empty text is
    none: a form without a URL is for a station without a central system."""
    for name in (SSID, WIFI_PASSWORD, URL, ID, PASSWORD, CA):
        if not (form.get(name) is None or type(form[name]) is str):
            raise Wrong(name, "%s must be text" % name)
    identity = dict(old)
    wifi = dict(old.get("wifi") or {})
    ssid = form.get(SSID) or ""
    if form.get(WIFI_PASSWORD) is not None:
        wifi["password"] = form[WIFI_PASSWORD]
    elif ssid != wifi.get("ssid"):
        wifi["password"] = ""  # that of another network goes nowhere
    wifi["ssid"] = ssid
    identity["wifi"] = wifi
    pem = _central_system(identity, form, old, ca_path)
    page = dict(old.get("page") or {})
    page["password"] = own_password
    if form.get("open") is not None:
        page["open"] = bool(form["open"])
    identity["page"] = page
    if form.get("free_vend") is not None:
        keys = dict(old.get("keys") or {})
        keys["FreeVendActive"] = "true" if form["free_vend"] else "false"
        identity["keys"] = keys
    from ..board.identity import usable

    found, problems = usable(identity)
    wrong = fault_in(found)
    if wrong is None and problems:
        wrong = SSID if problems[0].startswith("wifi") else URL, problems[0]
    if wrong is not None:
        raise Wrong(*wrong)
    return found, pem


def _central_system(identity: dict, form: dict, old: dict, ca_path: str) -> "bytes | None":
    """Writes the fields of the central system into an identity. PEM of its authority, as
    identity_from returns it."""
    url = (form.get(URL) or "").strip()
    if not url:
        for name in ("csms_url", "charge_point_id", "basic_auth", "tls"):
            identity.pop(name, None)
        return b""
    same = url == old.get("csms_url")
    identity["csms_url"] = url
    identity["charge_point_id"] = (form.get(ID) or "").strip()
    if form.get(PASSWORD) is not None:
        identity["basic_auth"] = form[PASSWORD] or None
    elif not same:
        identity.pop("basic_auth", None)  # that of another central system goes nowhere
    pem = (form.get(CA) or "").strip()
    if pem and (len(pem) > _MOST_PEM or not pem.startswith("-----BEGIN CERTIFICATE-----")):
        raise Wrong(CA, "this is no certificate in PEM form of at most %d bytes" % _MOST_PEM)
    tls = dict(old.get("tls") or {})
    # Who vouches for one central system need not vouch for another one
    find = not pem and url.lower().startswith("wss:") and not (same and tls.get("ca_file"))
    if pem or find:
        tls["ca_file"] = ca_path
        identity["tls"] = tls
    if find:
        return None
    return (pem + "\n").encode() if pem else b""
