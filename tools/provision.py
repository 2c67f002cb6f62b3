"""Tells a board who it is and where its central system is. `make provision PORT=...`

Writes /identity.json (and certificates beside it): written beside, hashed, renamed, so a pulled
cable leaves the old one or the new one. Then the board itself tries it: Wi-Fi, name, connection,
TLS, password, sub-protocol, BootNotification."""

from __future__ import annotations

import ast
import getpass
import json
import re
import ssl
import sys
from pathlib import Path
from typing import Any, Callable

# misspelt brings the firmware's own reading of a URL
from tools import authority, misspelt, plan_files
from tools.board_files import BoardFiles
from tools.command import ROOT, Failure, parser, run
from tools.connection import Connection, NotTaken, port_or_only

_TRY = ROOT / "tools" / "provision_try.py"
_TRY_S = 120
_SECRETS = (("wifi", "password"), ("basic_auth",), ("page", "password"))
# What of the command line mends a field of set-up mode's form
_FLAGS = {
    "ssid": "--ssid",
    "ca": "--ca FILE.pem",
    "pair": "--cert FILE.pem --key FILE.pem",
}
_FILES = {"ca_file": "/ca.pem", "cert_file": "/cert.pem", "key_file": "/key.pem"}
_FIELDS = {
    "csms_url",
    "charge_point_id",
    "vendor",
    "model",
    "charge_box_serial",
    "charge_point_serial",
    "basic_auth",
    "tls",
    "wifi",
    "keys",
    "page",
    "reconnect",
}


def reason_to_refuse(identity: Any) -> str | None:
    """What is wrong with an identity, and what mends it; None: it can be used. The firmware is
    asked first."""
    from setpoint.board.identity import usable
    from setpoint.board.simulated.misspelling import closest
    from setpoint.setup.wishes import fault_in

    unknown = sorted(set(identity) - _FIELDS) if isinstance(identity, dict) else []
    if unknown:
        meant = [closest(name, sorted(_FIELDS - set(identity))) for name in unknown]
        return "unknown fields: %s. Known: %s." % (
            ", ".join(
                "%s (did you mean %s?)" % (name, right) if right else name
                for name, right in zip(unknown, meant)
            ),
            ", ".join(sorted(_FIELDS)),
        )
    identity, problems = usable(identity)
    if problems:
        return "%s." % ", ".join(problems)
    slips = misspelt.keys_refused(identity.get("keys", {}))
    if slips:
        return "; ".join(slips)
    if not identity.get("csms_url") or not identity.get("charge_point_id"):
        return "the central system's URL and the charge point's id are needed: --url and --id."
    fault = fault_in(identity)
    if fault is None:
        return None
    flags = _FLAGS.get(fault[0])
    return "%s%s." % (fault[1], ": " + flags if flags else "")


def own_password(identity: bytes, file: bytes) -> "str | None":
    """The station's own password, from what /identity.json and /password hold; None: it has none."""
    from setpoint.setup.password import is_fit, of_identity

    try:
        found = of_identity(json.loads(identity))
    except ValueError:
        found = None
    if found is None:
        found = file.decode("utf-8", "replace").strip()
    return found if is_fit(found) else None


def certificates(options: Any) -> dict[str, bytes]:
    """Path on the board: content, of the PEM files that were named. Raises Failure for one that is
    none."""
    found = {}
    for name, file in (
        ("ca_file", options.ca),
        ("cert_file", options.cert),
        ("key_file", options.key),
    ):
        if file is None:
            continue
        try:
            content = Path(file).read_bytes()
        except OSError as error:
            raise Failure("%s cannot be read: %s" % (file, error.strerror)) from None
        wanted = b"PRIVATE KEY" if name == "key_file" else b"CERTIFICATE"
        blocks = re.findall(rb"-----BEGIN ([A-Z0-9 ]+)-----", content)
        if not any(wanted in block for block in blocks):
            raise Failure("%s holds no %s in PEM form." % (file, wanted.decode().lower()))
        if b"ENCRYPTED" in content:
            raise Failure(
                "%s is encrypted, and the board has no passphrase: openssl pkey -in %s -out plain.pem"
                % (file, file)
            )
        if name != "key_file":
            _check_certificates(file, content)
        found[_FILES[name]] = content
    return found


def _check_certificates(file: str, content: bytes) -> None:
    try:
        ssl.create_default_context(cadata=content.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise Failure("%s is damaged: %s" % (file, error)) from None


def public_root(old: dict, identity: dict, chosen: Any) -> "bytes | None":
    """The authority behind the central system's certificate, where none was given and the board has
    none for this host: found by a connection to it. It becomes part of the identity."""
    from setpoint.link.connecting import BadUrl, parts_of

    url = str(identity.get("csms_url") or "")
    tls = dict(identity.get("tls") or {})
    try:
        secure, _, host, port, _ = parts_of(url, "x", False)
        before = parts_of(str(old.get("csms_url") or "ws://-"), "x", False)[2]
    except BadUrl:
        return None  # reason_to_refuse says it
    if not secure or chosen.ca is not None or (tls.get("ca_file") and before == host):
        return None
    tls["ca_file"] = _FILES["ca_file"]
    identity["tls"] = tls
    return authority.root_for(host, port, tls.get("check_hostname") is False)


def shown(identity: dict) -> dict:
    """The same without its secrets."""
    hidden = json.loads(json.dumps(identity))
    for path in _SECRETS:
        inside = hidden
        for name in path[:-1]:
            inside = inside.get(name) or {}
        if inside.get(path[-1]):
            inside[path[-1]] = "(set)"
    return hidden


def merged(old: dict, options: Any, ask: Callable[[str, str | None, bool], str] | None) -> dict:
    """The identity to write: what the board has, then the file, then the options, then what is
    asked for. `ask` is None where nobody is there: then what is missing stays missing."""
    identity = dict(old)
    if options.file:
        try:
            document = json.loads(Path(options.file).read_text(encoding="utf-8"))
        except OSError as error:
            raise Failure("%s cannot be read: %s" % (options.file, error.strerror)) from None
        except ValueError as error:
            raise Failure("%s is no JSON: %s" % (options.file, error)) from None
        if not isinstance(document, dict):
            raise Failure("%s must hold an object." % options.file)
        identity.update(document)
    wifi = dict(identity.get("wifi") or {})
    for target, name, value in (
        (wifi, "ssid", options.ssid),
        (wifi, "password", options.wifi_password),
        (wifi, "hostname", options.hostname),
        (wifi, "country", options.country),
        (identity, "csms_url", options.url),
        (identity, "charge_point_id", options.id),
        (identity, "basic_auth", options.password),
    ):
        if value is not None:
            target[name] = value
    if ask is not None:
        given = options.file is not None
        for target, name, question, secret, asked in (
            (wifi, "ssid", "Wi-Fi network", False, options.ssid is None and not given),
            (
                wifi,
                "password",
                "Wi-Fi password (empty: as it is)",
                True,
                options.wifi_password is None and not given,
            ),
            (
                identity,
                "csms_url",
                "Central system, ws:// or wss://",
                False,
                options.url is None and not given,
            ),
            (
                identity,
                "charge_point_id",
                "Charge point id",
                False,
                options.id is None and not given,
            ),
            (
                identity,
                "basic_auth",
                "Central system's password (empty: as it is)",
                True,
                options.password is None and not given,
            ),
        ):
            if asked:
                answer = ask(question, None if secret else target.get(name), secret)
                if answer:
                    target[name] = answer
    if wifi:
        wifi.setdefault("password", "")
        identity["wifi"] = wifi
    tls = dict(identity.get("tls") or {})
    tls.update(
        {
            name: path
            for name, path in _FILES.items()
            if getattr(options, name.split("_")[0]) is not None
        }
    )
    if tls:
        identity["tls"] = tls
    return identity


def _ask(question: str, present: str | None, secret: bool) -> str:
    prompt = "%s%s: " % (question, " [%s]" % present if present else "")
    return getpass.getpass(prompt) if secret else input(prompt).strip()


def read_identity(board: Connection) -> dict:
    try:
        document = json.loads(board.run("print(open('/identity.json').read())"))
    except (NotTaken, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def read_own_password(board: Connection, identity: dict) -> "str | None":
    """The station's own; None: it has none yet."""
    try:
        file = board.run("print(open('/password').read())").encode()
    except NotTaken:
        file = b""
    return own_password(json.dumps(identity).encode(), file)


def write_identity(board: Connection, identity: dict, files: dict[str, bytes]) -> None:
    """Certificates first: the identity that names them comes when they are there."""
    there = BoardFiles(board)
    for path, content in files.items():
        there.replace(path, content)
    there.replace("/identity.json", json.dumps(identity, indent=1, sort_keys=True).encode())


def pieces(text: str) -> "list[str]":
    """A program in statements to send one by one: each definition by itself, each without its
    comments."""
    return [
        ast.unparse(node)
        for node in ast.parse(text).body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]


def try_it(board: Connection, say: Callable[[str], None]) -> bool:
    """The board tries its identity; a sentence for each step. Raises Failure with the step that
    went wrong."""
    seen = []

    def heard(line: str) -> None:
        seen.append(line)
        kind, _, rest = line.partition(" ")
        if kind in ("ok", "no"):
            step, _, sentence = rest.partition(" ")
            say("  %-10s %s" % (step, sentence if kind == "ok" else "FAILED"))

    *definitions, last = pieces(_TRY.read_text())
    for definition in definitions:
        board.run(definition)
    board.follow(last, heard, _TRY_S)
    wrong = [line for line in seen if line.startswith("no ")]
    if wrong:
        step, _, sentence = wrong[0][3:].partition(" ")
        raise Failure(
            "the identity is on the board, but does not work yet (%s): %s. Correct it and run the same command again."
            % (step, sentence)
        )
    if "end" not in seen:
        raise Failure(
            "the board did not finish its try: %s" % (" / ".join(seen[-2:]) or "it said nothing")
        )
    return True


def find_program(board: Connection) -> None:
    """The statements of the try that find the program, and no more of them. Raises Failure."""
    *definitions, _ = pieces(_TRY.read_text())
    for definition in definitions:
        if definition.startswith(("import os", "class Stop", "def find_program")):
            board.run(definition)
    try:
        board.run("find_program()")
    except NotTaken:
        raise Failure("there is no Setpoint on the board: make flash first") from None


def _change_plan(board: Connection, file: str | None) -> None:
    """The plan of a file, None: no plan any more. The identity stays as it is."""
    document = None if file is None else plan_files.document_in(file)
    plan_files.ready(board, find_program)
    plan_files.write(board, document)
    found = plan_files.on_board(board)
    if found != document:
        raise Failure("the plan on the board is not what was written: try again.")
    print("The weekly plan is written:" if found else "The board has no weekly plan any more.")
    if found:
        print(plan_files.lines(found))


def _show_plan(board: Connection) -> None:
    try:
        plan_files.ready(board, find_program)
        found = plan_files.on_board(board)
    except (Failure, NotTaken) as reason:
        print("Its weekly plan cannot be read: %s" % reason)
        return
    print(plan_files.lines(found) if found else "It has no weekly plan.")


def main(arguments: list[str]) -> None:
    options = parser(
        "provision",
        "Tells a board its Wi-Fi, its central system and its id, then lets the board try them. What is not given is asked for; what the board "
        "has already stays. Secrets are never printed, but for the station's own password by --show.",
        "  make provision PORT=/dev/ttyUSB0                                     asks for everything\n"
        '  make provision ARGS="--ssid Home --url ws://192.168.1.5:9000 --id CP01"\n'
        '  make provision ARGS="--file identity.json --ca authority.pem"\n'
        "  make provision ARGS=--show                                           what the board has; of its secrets only its own password\n"
        '  make provision ARGS="--plan plan.txt"                                its weekly plan, and nothing else\n',
    )
    options.add_argument(
        "--port", metavar="PORT", help="the serial port (PORT=; default: the only one)"
    )
    options.add_argument(
        "--file", metavar="JSON", help="an identity.json to start from; then nothing is asked"
    )
    options.add_argument("--ssid", help="the Wi-Fi network (2.4 GHz)")
    options.add_argument(
        "--wifi-password", help="its password; better asked for: command lines are remembered"
    )
    options.add_argument("--hostname", help="the board's name in the network")
    options.add_argument(
        "--country",
        help="two letters, for the Wi-Fi channels that are allowed; MicroPython 1.28 takes them and does not use them on an ESP32",
    )
    options.add_argument(
        "--url",
        help="the central system: ws://host:port/path or wss://...; the id is added to the path",
    )
    options.add_argument("--id", help="the charge point's id at the central system")
    options.add_argument(
        "--password", help="HTTP Basic password (AuthorizationKey); better asked for"
    )
    options.add_argument(
        "--ca",
        metavar="PEM",
        help="certificate of the authority behind the central system's (wss://); without it the "
        "public one is found by a connection from this computer",
    )
    options.add_argument(
        "--cert", metavar="PEM", help="the station's own certificate (security profile 3)"
    )
    options.add_argument("--key", metavar="PEM", help="its private key")
    plan = options.add_mutually_exclusive_group()
    plan.add_argument(
        "--plan",
        metavar="FILE",
        help="only write the weekly plan of these lines: docs/weekly-plan.md",
    )
    plan.add_argument("--clear-plan", action="store_true", help="only remove the weekly plan")
    options.add_argument("--show", action="store_true", help="only show what the board has")
    options.add_argument("--no-try", action="store_true", help="write, and do not try")
    chosen = options.parse_args(arguments)
    files = certificates(chosen)
    if chosen.plan:
        plan_files.document_in(chosen.plan)  # what is wrong with it is said before the board stops
    with Connection(port_or_only(chosen.port)) as board:
        board.interrupt()
        if chosen.plan or chosen.clear_plan:
            try:
                _change_plan(board, chosen.plan)
            finally:
                board.restart()
            return
        old = read_identity(board)
        if chosen.show:
            print(json.dumps(shown(old), indent=1) if old else "The board has no identity yet.")
            own = read_own_password(board, old)
            print(
                "Its own password, of its access point and its page: %s" % own
                if own
                else "It has no password of its own yet: make flash gives it one, and so does its set-up mode."
            )
            _show_plan(board)
            board.restart()
            return
        own = read_own_password(board, old)
        identity = merged(old, chosen, _ask if sys.stdin.isatty() and not chosen.file else None)
        if own and "page" not in identity:
            identity["page"] = {"password": own}
        try:
            root = public_root(old, identity, chosen)
            wrong = reason_to_refuse(identity)
            if wrong:
                raise Failure(wrong)
        except Failure:
            board.restart()
            raise
        if root is not None:
            files[_FILES["ca_file"]] = root
        if _FILES["ca_file"] in files:
            for line in authority.described(files[_FILES["ca_file"]]):
                print("The board trusts %s" % line)
        write_identity(board, identity, files)
        print("Written and hashed: /identity.json" + "".join(", " + path for path in files))
        print(json.dumps(shown(identity), indent=1))
        if not chosen.no_try:
            print("The board tries it:")
            try:
                try_it(board, lambda sentence: print(sentence, flush=True))
            finally:
                board.restart()
        else:
            board.restart()
    print("Done; the board restarts with it. make monitor shows its log.")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    run("provision", main)
