"""Modules that are seldom needed: loaded for one use, and dropped again.

On the device the code of a module stays where it is, in flash; what an import costs is the heap for its functions,
constants and names. What is asked for once a day need not hold that all day.
"""

import sys


def load(name: str):
    """The module of this absolute name. Unless it was loaded before, nobody but the caller keeps it, nor its packages."""
    present = name
    while present not in sys.modules:
        present = present.rpartition(".")[0]
    module = __import__(name, None, None, ("load",))  # a name is asked for, so that the answer is the innermost module
    while name != present:
        package, _, leaf = name.rpartition(".")
        delattr(sys.modules[package], leaf)
        del sys.modules[name]
        name = package
    return module
