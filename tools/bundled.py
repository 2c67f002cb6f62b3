"""Several modules as one, before they are compiled: which modules, and under which names.

Each module that stays loaded costs a small chip heap of its own: the module, its table of globals with an entry for each
imported name, its table of names. One module for all that is always there costs this once. Rules:

1. A bundle is named like the module that its user imports, and holds all that this one imports at its top, and so on,
   in the order in which Python would have run it. What a function imports, or late.load loads, stays a module of its own,
   but finds in the bundle what it needs of other folders: nothing of the board makes a later bundle load early.
2. A line of a bundle is a line of a source; `place` tells which. Nothing but names and imports is rewritten (rewritten.py).
3. Globals of two files that are called alike get names of their own. Private ones (`_limit`) get short ones, and so do
   constants of `const` (`_A`): the compiler puts in their values, and no global is left. Of those that are no tuples, who
   is outside their bundle gets the value.
4. Sentences for people are pieces of one long text: of most of them nobody ever hears.
5. Private attributes are short too, file by file, and so are arguments that no call spells out, and attributes that only
   classes of ours can have: given to `self` or in a class, in no text, in no stub of MicroPython (`known`). Every name that
   the interpreter does not know yet costs about 12 bytes of heap, and 9 KB more at the 1261st, when its table grows.
"""

from __future__ import annotations

import ast
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Iterator

from tools.rewritten import CannotBundle, Sentences, bound_in, private, private_attributes, rewritten, short_names


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
        called = [node for node in self.nodes if isinstance(node, ast.Name) and node.id == "const"]
        imported = [a.name for node in self.nodes if isinstance(node, ast.ImportFrom) and node.module == "micropython" for a in node.names]
        self.const_is_the_compilers = imported == ["const"] and len(called) == len(self.constants)  # it is no function then
        self.values = self._values()

    def _values(self) -> "dict[str, str]":
        """The constants that are numbers or short texts, as they are written."""
        values = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in self.constants:
                expression = ast.Expression(node.value.args[0])  # type: ignore[attr-defined]
                if not any(isinstance(inner, (ast.Name, ast.Call, ast.Tuple)) for inner in ast.walk(expression)):
                    values[node.targets[0].id] = repr(eval(compile(expression, self.name, "eval")))
        return values

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
    """The modules of these files under `root`. bundles: the modules to name bundles after, the first loaded first.
    known: names that others use, which stay."""

    def __init__(self, root: Path, files: "list[Path]", bundles: "tuple[str, ...]", known: "set[str]") -> None:
        self.modules = {module.name: module for module in (Module(path, root) for path in files)}
        nodes = [node for module in self.modules.values() for node in module.nodes]
        self.keywords = {node.arg for node in nodes if isinstance(node, ast.keyword)}
        self._bound_in_functions = {node.arg for node in nodes if isinstance(node, ast.arg)}
        for node in nodes:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._bound_in_functions.update(bound_in(node.body))
        self._loaded_late = self._names_loaded_late(nodes)
        self.sentences: "dict[str, Sentences]" = {}
        self.given: "set[str]" = set()  # constants of other bundles that the text at hand has the values of
        self._members: "dict[str, list[str]]" = {}
        self.home: "dict[str, str]" = {}  # module: its bundle
        for bundle in bundles:
            self._members[bundle] = []
            self._gather(bundle, bundle)
            self._gather_for_neighbours(bundle)
        self._new = self._new_names()  # (module, global): its name in the bundle
        self.attributes = self._public_attributes(nodes, known)
        self.taken = {node.id for node in nodes if isinstance(node, ast.Name)} | set(self._new.values())

    def names(self) -> "list[str]":
        """What is to be compiled: the bundles, and the modules that stay by themselves."""
        return sorted(set(self._members) | (set(self.modules) - set(self.home)))

    def text_of(self, name: str) -> str:
        """The source of the module or bundle that is to be compiled under this name."""
        self.given = set()
        if name not in self._members:
            return rewritten(self, self.modules[name], name)
        self.sentences[name] = Sentences()
        text = "".join(rewritten(self, self.modules[member], name) for member in self._members[name])
        return text + self.sentences[name].line()

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

    def value_of(self, module: str, name: str) -> "str | None":
        """Of a constant that a bundle does not keep: whoever wants it has its value."""
        return self.modules[module].values.get(name) if module in self.home else None

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
        """Modules whose names stand in a text, as late.load wants them; of a text that ends in a dot, whatever begins so."""
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        beginnings = tuple(text for text in texts if text[-1:] == "." and text[:-1] in self.modules)
        return {name for name in self.modules if name in texts or name.startswith(beginnings)}

    def _public_attributes(self, nodes: "list[ast.AST]", known: "set[str]") -> "dict[str, str]":
        """Short names for attributes that only classes of ours can have; the same in every file."""
        counted = Counter(node.attr for node in nodes if isinstance(node, ast.Attribute))
        ours: "set[str]" = set()
        for node in nodes:
            if isinstance(node, ast.ClassDef):
                ours.update(bound_in(node.body))
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                if isinstance(node.value, ast.Name) and node.value.id == "self":
                    ours.add(node.attr)
        texts = {node.value for node in nodes if isinstance(node, ast.Constant)}
        late = {name for module in self._loaded_late for name in self.modules[module].defined}  # reached as attributes, too
        ours = {name for name in ours - texts - known - late if name[0] != "_"}
        most = max(len(private_attributes(module.nodes)) for module in self.modules.values())
        return dict(zip(sorted(ours, key=lambda name: (-counted[name], name)), islice(short_names("_"), most, None)))

    def _gather(self, name: str, bundle: str) -> None:
        module = self.modules[name]
        if name in self.home or name in self._loaded_late or module.is_package:
            return
        self.home[name] = bundle
        for source, _, _ in self._imports_at_top(module):
            self._gather(source, bundle)
        self._members[bundle].append(name)

    def _gather_for_neighbours(self, bundle: str) -> None:
        """What the files beside it import from other folders: the board is to be there before the next bundle is."""
        folder = bundle.rpartition(".")[0] + "."
        for name in sorted(self.modules):
            if name.startswith(folder) and name not in self.home:
                for source, _, _ in self._imports_at_top(self.modules[name]):
                    if not source.startswith(folder):
                        self._gather(source, bundle)

    def _imports_at_top(self, module: Module) -> "list[tuple[str, str | None, str]]":
        nodes = [node for node in module.tree.body if isinstance(node, ast.ImportFrom)]
        return [one for node in nodes for one in self.imported(module, node)]

    def _new_names(self) -> "dict[tuple[str, str], str]":
        counted = Counter(name for module in self.home for name in self.modules[module].defined)
        foreign = set(self._names_from_elsewhere())
        wanted = self._wanted_elsewhere()
        known = set(counted) | foreign
        short, capitals = _short_and_capitals(known)
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
        for module in set(self.modules) - set(self.home):
            here = self.modules[module]
            short, capitals = _short_and_capitals(here.defined)
            for name in sorted(filter(private, here.defined)):
                new[module, name] = next(capitals if name in here.constants else short)
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
                        wanted = {(source, used) for used in ([name] if name else module.used_of(here))}
                        found |= {one for one in wanted if self.value_of(*one) is None}
        return found


def _short_and_capitals(known: "set[str]") -> "tuple[Iterator[str], Iterator[str]]":
    """Names for globals, and for constants: the compiler puts in a constant's value wherever its name stands, be it an
    attribute's in a class. So these have their own letters."""
    capitals = short_names("_", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return (name for name in short_names("_") if name not in known), (name for name in capitals if name not in known)


def _apart(name: str, module: str, known: "set[str]") -> str:
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        candidate = "_".join([name, *parts[-count:]])
        if candidate not in known:
            known.add(candidate)
            return candidate
    raise CannotBundle("no name for %s of %s" % (name, module))
