"""Folders and files for tests of what is stored."""

import os

from setpoint.store import files as changes


def new_folder():
    number = 0
    while True:
        folder = "%s/setpoint-documents-%d" % (os.getenv("TMPDIR") or "/tmp", number)
        try:
            os.mkdir(folder)
            return folder
        except OSError:
            number += 1


def in_a_folder(test):
    """Calls `test(folder)`, and leaves nothing behind."""
    folder = new_folder()
    try:
        test(folder)
    finally:
        for file_name in os.listdir(folder):
            try:
                os.remove(folder + "/" + file_name)
            except OSError:
                os.rmdir(folder + "/" + file_name)
        os.rmdir(folder)


def in_a_tree(test):
    """The same for a folder with others below."""
    folder = new_folder()
    try:
        test(folder)
    finally:
        _remove(folder)


def _remove(folder):
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & 0x4000:
            _remove(path)
        else:
            os.remove(path)
    os.rmdir(folder)


def content(path):
    with open(path, "rb") as file:
        return file.read()


def put(path, data):
    with open(path, "wb") as file:
        file.write(data)


def files(folder):
    return sorted(os.listdir(folder))


def raises(kind, call, *arguments):
    try:
        call(*arguments)
    except kind:
        return True
    return False


class Full:
    """A file on a file system that is full: it takes half of what is written."""

    def __init__(self, path, mode):
        self.file = open(path, mode)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        return self.file.write(content[: len(content) // 2])


def while_flash_is_full(call, *arguments):
    """True if that raises OSError."""
    changes.open = Full
    try:
        return raises(OSError, call, *arguments)
    finally:
        del changes.open


def understood(value):
    return value["name"].upper()
