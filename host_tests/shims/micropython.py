"""What the firmware imports from `micropython`, for CPython."""


def const(value):
    return value


def native(function):
    return function


def heap_lock():
    pass


def heap_unlock():
    pass
