"""Reads the payload of a message by a table of its fields, and converts while it checks.

A table is a tuple of fields, made with `required` and `optional`:

    (required("connectorId", INTEGER), optional("validFrom", INSTANT), required("type", one_of("Hard", "Soft")))

What comes out is clean: known fields only, no nulls, dateTimes as instants, numbers as integer tenths. Keys stay OCPP's.

What is wrong is told by code (OCPP 1.6 errata 3.24, 3.38, 3.39) and by the path of the field:

    a required field is missing                      FormationViolation
    the JSON type is another (a bool is no integer)  TypeConstraintViolation
    a value outside enumeration, length or range     PropertyConstraintViolation
    a list that is too short                         OccurenceConstraintViolation

An optional field that is null counts as absent: the schemas forbid it, but central systems send it, and to refuse a
profile means that there is no limit at all. Unknown fields are ignored.
"""

from micropython import const

from ..units import tenths
from . import errors, iso8601
from .errors import OcppError

_INTEGER = const(0)
_TENTHS = const(1)
_STRING = const(2)
_ENUM = const(3)
_INSTANT = const(4)
_BOOLEAN = const(5)
_OBJECT = const(6)
_LIST = const(7)
_UNUSED_TENTHS = const(8)

_SMALL = const(0x3FFFFFFF)  # no heap, and quick to compare, on a 32-bit chip
_LARGEST_INTEGER = const(2147483647)  # what a central system can keep in its own int
_LARGEST_NUMBER = const(100000000)  # its tenths still fit a 31-bit small int

INTEGER = (_INTEGER, None)
TENTHS = (_TENTHS, None)
UNUSED_TENTHS = (_UNUSED_TENTHS, None)  # checked, then left out
INSTANT = (_INSTANT, None)
BOOLEAN = (_BOOLEAN, None)


def string(max_length: "int | None" = None) -> tuple:
    return (_STRING, max_length)


def one_of(*values: str) -> tuple:
    return (_ENUM, values)


def object_of(table: tuple) -> tuple:
    return (_OBJECT, table)


def list_of(kind: tuple, at_least: int = 0) -> tuple:
    return (_LIST, (kind, at_least))


def required(name: str, kind: tuple) -> tuple:
    return (name, True, kind[0], kind[1])


def optional(name: str, kind: tuple) -> tuple:
    return (name, False, kind[0], kind[1])


class _Wrong(Exception):
    """Climbs from the value to `read`; each level it passes puts its name before the path."""

    def __init__(self, code: str, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.path = path

    def inside(self, name: str) -> None:
        self.path = name + ("." if name and self.path and self.path[0] != "[" else "") + self.path


def read(payload, table: tuple) -> dict:
    """The clean fields of a payload; OcppError if it is wrong.

    The payload is cleaned in place, which spares a second copy of a profile: who calls hands it over.
    """
    try:
        _check((payload,), table, False)
        return payload
    except _Wrong as wrong:
        raise OcppError(wrong.code, "%s %s" % (wrong.path or "the payload", wrong.reason))


def _check(objects, table: tuple, listed: bool) -> None:
    """Checks and cleans objects of one table: the same field of all of them, then the next field.

    That way the loop inside does next to nothing, which counts: a profile has a hundred values.
    """
    fields = None
    name = ""
    absent = 0
    try:
        for fields in objects:
            if type(fields) is not dict:
                raise _Wrong(errors.TYPE, "must be an object")
        for name, needed, kind, rule in table:
            for fields in objects:
                value = fields.get(name)
                if kind == _INTEGER and type(value) is int and -_SMALL <= value <= _SMALL:
                    continue
                if kind == _TENTHS and type(value) is float and -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:
                    fields[name] = tenths(value)
                    continue
                if value is None:
                    if needed:
                        raise _absent(fields, name)
                    absent += 1
                else:
                    value = _value(value, kind, rule)
                    if kind == _UNUSED_TENTHS:
                        absent += 1
                    else:
                        fields[name] = value
    except _Wrong as wrong:
        wrong.inside(name)
        if listed:
            wrong.inside("[%d]" % _place(objects, fields))
        raise
    if sum([len(fields) for fields in objects]) + absent != len(objects) * len(table):
        for fields in objects:
            _remove_the_rest(fields, table)


def _place(objects, wanted) -> int:
    at = 0
    while objects[at] is not wanted:
        at += 1
    return at


def _remove_the_rest(fields: dict, table: tuple) -> None:
    """Takes out nulls, unused and unknown fields."""
    known = [name for name, _, kind, _ in table if kind != _UNUSED_TENTHS]
    for name in list(fields):
        if name not in known or fields[name] is None:
            del fields[name]


def _absent(fields: dict, name: str) -> _Wrong:
    if name in fields:
        return _Wrong(errors.TYPE, "must not be null")
    return _Wrong(errors.FORMATION, "is required")


def _value(value, kind: int, rule):
    """One value, checked and converted."""
    json_type = type(value)
    if kind == _TENTHS or kind == _UNUSED_TENTHS:
        if json_type is not int and json_type is not float:
            raise _Wrong(errors.TYPE, "must be a number")
        if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:  # "not nan" is never within
            raise _Wrong(errors.PROPERTY, "must be a number of ordinary size")
        return tenths(value)
    if kind == _INTEGER:
        if json_type is not int:
            raise _Wrong(errors.TYPE, "must be an integer")
        if not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:
            raise _Wrong(errors.PROPERTY, "must be an integer of at most 32 bits")
        return value
    if kind == _OBJECT:
        _check((value,), rule, False)
        return value
    if kind == _LIST:
        return _list(value, rule[0], rule[1])
    if kind == _BOOLEAN:
        if json_type is not bool:
            raise _Wrong(errors.TYPE, "must be true or false")
        return value
    if json_type is not str:
        raise _Wrong(errors.TYPE, "must be a string")
    if kind == _STRING:
        if rule is not None and len(value) > rule:
            raise _Wrong(errors.PROPERTY, "must not be longer than %d characters" % rule)
    elif kind == _ENUM:
        if value not in rule:
            raise _Wrong(errors.PROPERTY, "must be one of " + ", ".join(rule))
    elif kind == _INSTANT:
        try:
            return iso8601.instant_from(value)
        except ValueError as error:
            raise _Wrong(errors.PROPERTY, "is no dateTime: " + str(error))
    return value


def _list(values, kind: tuple, at_least: int) -> list:
    if type(values) is not list:
        raise _Wrong(errors.TYPE, "must be a list")
    if len(values) < at_least:
        raise _Wrong(errors.OCCURENCE, "must have at least %d element(s)" % at_least)
    code, rule = kind
    if code == _OBJECT:
        _check(values, rule, True)
        return values
    at = 0
    try:
        for value in values:
            values[at] = _value(value, code, rule)
            at += 1
    except _Wrong as wrong:
        wrong.inside("[%d]" % at)
        raise
    return values
