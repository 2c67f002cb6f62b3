"""Several modules as one, before they are compiled: which modules, and under which names.

Each module that stays loaded costs a small chip heap of its own: the module, its table of globals with an entry for each
imported name, its table of names. One module for all that is always there costs this once. Rules:

1. A bundle is named like the module that its user imports, and holds all that this one imports at its top, and so on,
   in the order in which Python would have run it. What a function imports, or late.load loads, stays a module of its own.
2. A line of a bundle is a line of a source; `place` tells which. Nothing but names and imports is rewritten (rewritten.py).
3. Globals of two files that are called alike get names of their own. Private ones (`_limit`) get short ones, and so do
   constants of `const` that only their bundle uses (`_A`): the compiler puts in their values, and no global is left.
4. Private attributes are short too, file by file, and so are arguments that no call spells out: every name that the
   interpreter does not know yet costs about 12 bytes of heap, and more when its table of names has to grow.
"""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from typing import Iterator

from tools.rewritten import CannotBundle, bound_in, private, rewritten, short_names


class Module:
    """One source file. Its name is absolute: setpoint.station.limits."""

    def __init__(self, path: Path, root: Path) -> None:
        parts = path.relative_to(root).with_suffix("").parts
        self.is_package = parts[-1] == "__init__"
        self.path = path
        self.name = ".".join(parts[:-1] if self.is_package else parts)
        self.tree = ast.parse(path.read_text(encoding="utf-8"))
        self.lines = path.read_bytes().splitlines(keepends=True)  # bytes, as a syntax tree counts columns in bytes
        self.nodes = list(ast.walk(self.tree))
        self.defined = set(bound_in(self.tree.body))
        self.constants = {
            target.id
            for node in self.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            if isinstance(node.value.func, ast.Name) and node.value.func.id == "const"
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def source_of(self, node: ast.ImportFrom) -> str:
        """The absolute name of the module that a `from` names."""
        if node.level == 0:
            return node.module or ""
        package = self.name.split(".") if self.is_package else self.name.split(".")[:-1]
        return ".".join(package[: len(package) - node.level + 1] + ([node.module] if node.module else []))

    def used_of(self, name: str) -> "list[str]":
        """What is used of the module that is called `name` here."""
        attributes = [node for node in self.nodes if isinstance(node, ast.Attribute)]
        return sorted({node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == name})


class Program:
    """The modules of these files under `root`. bundles: the modules to name bundles after, the first loaded first."""

    def __init__(self, root: Path, files: "list[Path]", bundles: "tuple[str, ...]") -> None:
        self.modules = {module.name: module for module in (Module(path, root) for path in files)}
        nodes = [node for module in self.modules.values() for node in module.nodes]
        self.keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
        self._bound_in_functions = {node.arg for node in nodes if isinstance(node, ast.arg)}
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._bound_in_functions.update(bound_in(node.body))
        self._loaded_late = self._names_loaded_late(nodes)
        self._members: "dict[str, list[str]]" = {}
        self.home: "dict[str, str]" = {}  # module: its bundle
        for bundle in bundles:
            self._members[bundle] = []
            self._gather(bundle, bundle)
        self._new = self._new_names()  # (module, global): its name in the bundle
        self.taken = {node.id for node in nodes if isinstance(node, ast.Name)} | set(self._new.values())

    def names(self) -> "list[str]":
        """What is to be compiled: the bundles, and the modules that stay by themselves."""
        return sorted(set(self._members) | (set(self.modules) - set(self.home)))

    def text_of(self, name: str) -> str:
        """The source of the module or bundle that is to be compiled under this name."""
        return "".join(rewritten(self, self.modules[member], name) for member in self._members.get(name, [name]))

    def place(self, name: str, line: int) -> "tuple[Path, int]":
        """The source and the line in it of a line of a bundle, as a traceback names it. IndexError where there is none."""
        for member in self._members.get(name, [name]):
            module = self.modules[member]
            if line <= len(module.lines):
                return module.path, line
            line -= len(module.lines)
        raise IndexError(line)

    def new_name(self, module: str, name: str) -> str:
        return self._new.get((module, name), name)

    def imported(self, module: Module, node: ast.ImportFrom) -> "list[tuple[str, str | None, str]]":
        """(module of ours, its global or None for the module itself, name here) for each name of a `from`."""
        source = module.source_of(node)
        found: "list[tuple[str, str | None, str]]" = []
        for alias in node.names:
            if source + "." + alias.name in self.modules:
                found.append((source + "." + alias.name, None, alias.asname or alias.name))
            elif source in self.modules:
                found.append((source, alias.name, alias.asname or alias.name))
        return found

    def _names_loaded_late(self, nodes: "list[ast.AST]") -> "set[str]":
        """What load("...") of late.py is called with; of a text that ends in a dot, whatever begins so."""
        found = set()
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load":
                first = node.args[0].left if isinstance(node.args[0], ast.BinOp) else node.args[0]
                text = first.value if isinstance(first, ast.Constant) else None
                if isinstance(text, str):
                    found |= {n for n in self.modules if n == text or (text[-1:] == "." and n.startswith(text))}
        return found

    def _gather(self, name: str, bundle: str) -> None:
        module = self.modules[name]
        if name in self.home or name in self._loaded_late or module.is_package:
            return
        self.home[name] = bundle
        for node in module.tree.body:
            if isinstance(node, ast.ImportFrom):
                for source, _, _ in self.imported(module, node):
                    self._gather(source, bundle)
        self._members[bundle].append(name)

    def _new_names(self) -> "dict[tuple[str, str], str]":
        counted = Counter(name for module in self.home for name in self.modules[module].defined)
        foreign = set(self._names_from_elsewhere())
        wanted = self._wanted_elsewhere()
        known = set(counted) | foreign
        short = (name for name in short_names("_") if name not in known)
        # The compiler puts in a constant's value wherever its name stands, be it an argument's: so these have their own letters.
        capitals = (name for name in short_names("_", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") if name not in known)
        new = {}
        for module in self.home:
            for name in sorted(self.modules[module].defined):
                constant = name in self.modules[module].constants
                if constant and (module, name) not in wanted:
                    new[module, name] = next(capitals)
                elif constant and name in self._bound_in_functions:
                    raise CannotBundle("%s is a constant of %s, and elsewhere no constant" % (name, module))
                elif private(name):
                    new[module, name] = next(short)
                elif counted[name] > 1 or name in foreign:
                    new[module, name] = _apart(name, module, known)
                else:
                    new[module, name] = name
        return new

    def _names_from_elsewhere(self) -> "Iterator[str]":
        """What the bundled modules call things that are not bundled, and what they call modules of ours."""
        for module in map(self.modules.__getitem__, self.home):
            for node in module.nodes:
                if isinstance(node, ast.Import):
                    yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    ours = {here for source, name, here in self.imported(module, node) if name == here and source in self.home}
                    yield from {alias.asname or alias.name for alias in node.names} - ours

    def _wanted_elsewhere(self) -> "set[tuple[str, str]]":
        """(module, global) for each global of a bundle that is used outside it."""
        found = set()
        for module in self.modules.values():
            home = self.home.get(module.name, module.name)
            for node in module.nodes:
                for source, name, here in self.imported(module, node) if isinstance(node, ast.ImportFrom) else ():
                    if self.home.get(source) != home:
                        found |= {(source, used) for used in ([name] if name else module.used_of(here))}
        return found


def _apart(name: str, module: str, known: "set[str]") -> str:
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        candidate = "_".join([name, *parts[-count:]])
        if candidate not in known:
            known.add(candidate)
            return candidate
    raise CannotBundle("no name for %s of %s" % (name, module))
