"""Reads the payload of a message by a table of its fields, and converts while it checks.

A table is a tuple of fields, made with `required` and `optional`:

    (required("connectorId", INTEGER), optional("validFrom", INSTANT), required("type",
    one_of("Hard", "Soft")))

The result is clean: known fields only, no nulls, dateTimes as instants, numbers as integer tenths.
Fractions of a second are cut; only a TIME, by which the clock is set, keeps its milliseconds.
Keys stay OCPP's. A list of objects becomes columns, each as long as the list, with None where a
field is absent: {"startPeriod": [0, 60], "limit": [160, 100], "numberPhases": [3, None]}. Columns
take a third of the heap, and are quick to check.

An error names its code (OCPP 1.6 errata 3.24, 3.38, 3.39) and the path of the field:

    a required field is missing                      FormationViolation
    the JSON type is another (a bool is no integer)  TypeConstraintViolation
    a value outside enumeration, length or range     PropertyConstraintViolation
    a list that is too short                         OccurenceConstraintViolation

An optional field that is null counts as absent (R2). The schemas forbid null, but central systems
send it, and a refused profile would leave no limit at all. For the same reason 300.0 is the integer
300. Unknown fields are ignored.

A wrong field makes a request wrong as a whole (`read`). Of an answer every readable field counts
(`readable`): a blocked card stays blocked even if the date beside it cannot be read.
"""

from ..units import const, tenths
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
_TIME = const(9)

_LARGEST_INTEGER = const(2147483647)  # what a central system can keep in its own int
_LARGEST_WHOLE_FLOAT = const(16777216)  # up to here an ESP32's float holds every integer
_LARGEST_NUMBER = const(100000000)  # its tenths still fit a 31-bit small int

INTEGER = (_INTEGER, None)
TENTHS = (_TENTHS, None)
UNUSED_TENTHS = (_UNUSED_TENTHS, None)  # checked, then left out
INSTANT = (_INSTANT, None)
TIME = (_TIME, None)  # what time it is now: (instant, milliseconds into that second)
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
    """Rises from the value to `read`. Each level that it passes puts its name before the path."""

    def __init__(self, code: str, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.path = path

    def inside(self, name: str) -> None:
        self.path = name + ("." if name and self.path and self.path[0] != "[" else "") + self.path


def read(payload, table: tuple) -> dict:
    """The clean fields of a payload. OcppError if it is wrong.

    The payload itself is cleaned, which saves a second copy of a profile: the caller gives it away.
    """
    try:
        _check(payload, table)
        return payload
    except _Wrong as wrong:
        raise OcppError(wrong.code, "%s %s" % (wrong.path or "the payload", wrong.reason))


def readable(payload, table: tuple, problems: "list[str]") -> dict:
    """The fields of an answer, each judged by itself. One that cannot be read is None; one that is
    absent is left out. `problems` gets a sentence about each wrong field."""
    found = {}
    if type(payload) is not dict:
        problems.append("an object is needed")
        return found
    for name, needed, kind, rule in table:
        value = payload.get(name)
        try:
            if value is None:
                if needed:
                    raise _absent(payload, name)
            elif kind == _OBJECT:
                found[name] = readable(value, rule, problems)
            else:
                found[name] = None
                found[name] = _value(value, kind, rule)
        except _Wrong as wrong:
            wrong.inside(name)
            problems.append("%s %s" % (wrong.path, wrong.reason))
    return found


def _check(fields, table: tuple) -> None:
    """Checks and cleans one object."""
    if type(fields) is not dict:
        raise _Wrong(errors.TYPE, "must be an object")
    kept = 0
    name = ""
    try:
        for name, needed, kind, rule in table:
            value = fields.get(name)
            if value is None:
                if needed:
                    raise _absent(fields, name)
            else:
                value = _value(value, kind, rule)
                if kind != _UNUSED_TENTHS:
                    fields[name] = value
                    kept += 1
    except _Wrong as wrong:
        wrong.inside(name)
        raise
    if kept != len(fields):
        _remove_the_rest(fields, table)


def _columns(objects: list, table: tuple) -> dict:
    """Turns a list of objects of one table into columns, see above."""
    columns = {}
    name = ""
    at = 0
    try:
        for fields in objects:
            if type(fields) is not dict:
                raise _Wrong(errors.TYPE, "must be an object")
            at += 1
        for name, needed, kind, rule in table:
            column = [fields.get(name) for fields in objects]
            if kind == _TENTHS and _are_all(float, column, _LARGEST_NUMBER):
                column = [tenths(value) for value in column]
            elif kind != _INTEGER or not _are_all(int, column, _LARGEST_INTEGER):
                at = 0
                for value in column:
                    if value is not None:
                        column[at] = _value(value, kind, rule)
                    elif needed:
                        raise _absent(objects[at], name)
                    at += 1
            columns[name] = column
    except _Wrong as wrong:
        wrong.inside(name)
        wrong.inside("[%d]" % at)
        raise
    return columns


def _are_all(json_type: type, column: list, largest: int) -> bool:
    """Are all values of one type and of ordinary size? They nearly always are, so this check must
    be quick."""
    for value in column:
        if type(value) is not json_type or value != value:  # nan
            return False
    return not column or (-largest <= min(column) and max(column) <= largest)


def _remove_the_rest(fields: dict, table: tuple) -> None:
    """Removes nulls, unused and unknown fields."""
    known = [name for name, _, kind, _ in table if kind != _UNUSED_TENTHS]
    for name in list(fields):
        if name not in known or fields[name] is None:
            del fields[name]


def _absent(fields: dict, name: str) -> _Wrong:
    if name in fields:
        return _Wrong(errors.TYPE, "must not be null")
    return _Wrong(errors.FORMATION, "is required")


def _value(value, kind: int, rule):
    """Checks and converts one value."""
    json_type = type(value)
    if kind == _TENTHS or kind == _UNUSED_TENTHS:
        if json_type is not int and json_type is not float:
            raise _Wrong(errors.TYPE, "must be a number")
        if not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER:  # "not nan" is never within
            raise _Wrong(errors.PROPERTY, "must be a number of ordinary size")
        return tenths(value)
    if kind == _INTEGER:
        if (
            json_type is float
            and -_LARGEST_WHOLE_FLOAT < value < _LARGEST_WHOLE_FLOAT
            and value == int(value)
        ):
            return int(value)
        if json_type is not int:
            raise _Wrong(errors.TYPE, "must be an integer")
        if not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER:
            raise _Wrong(errors.PROPERTY, "must be an integer of at most 32 bits")
        return value
    if kind == _OBJECT:
        _check(value, rule)
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
    elif kind == _INSTANT or kind == _TIME:
        try:
            instant = iso8601.instant_from(value)
            return (instant, iso8601.into_second_ms(value)) if kind == _TIME else instant
        except ValueError as error:
            raise _Wrong(errors.PROPERTY, "is no dateTime: " + str(error))
    return value


def _list(values, kind: tuple, at_least: int) -> "list | dict":
    if type(values) is not list:
        raise _Wrong(errors.TYPE, "must be a list")
    if len(values) < at_least:
        raise _Wrong(errors.OCCURENCE, "must have at least %d element(s)" % at_least)
    code, rule = kind
    if code == _OBJECT:
        return _columns(values, rule)
    at = 0
    try:
        for value in values:
            values[at] = _value(value, code, rule)
            at += 1
    except _Wrong as wrong:
        wrong.inside("[%d]" % at)
        raise
    return values
