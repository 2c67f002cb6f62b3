"""The text of one source file as it goes into a bundle: the same lines, with other names and other imports (bundled.py)."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING, Iterator

if TYPE_CHECKING:
    from tools.bundled import Module, Program

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SCOPES = (*_DEFINITIONS, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SHORTEST_SENTENCE = 11  # the compiler makes shorter texts into names
SENTENCES = "_0"  # no short name is called so
_WORDS = ("as", "if", "in", "is", "or")  # of the language, as short as short names


class CannotBundle(Exception):
    """One argument: what in the sources stands in the way."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def short_names(prefix: str, letters: str = "abcdefghijklmnopqrstuvwxyz") -> "Iterator[str]":
    """a to z, then a0, b0, ..."""
    count = 0
    while True:
        letter, round_ = letters[count % 26], count // 26
        yield prefix + letter + (str(round_ - 1) if round_ else "")
        count += 1


def bound_in(body: "list[ast.stmt]") -> "Iterator[str]":
    """The names that statements bind where they stand; imports left out."""
    for node in _in_scope(body):
        if isinstance(node, _DEFINITIONS):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
            yield node.id
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name


def private_attributes(nodes: "list[ast.AST]") -> "list[str]":
    """The most used first."""
    names = [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    for node in nodes:
        if isinstance(node, ast.ClassDef):
            names.extend(bound_in(node.body))
    counted = Counter(filter(private, names))
    return sorted(counted, key=lambda name: (-counted[name], name))


def _in_scope(body: list) -> "Iterator[ast.AST]":
    for node in body:
        yield node
        if not isinstance(node, _SCOPES):
            yield from _in_scope(list(ast.iter_child_nodes(node)))


def rewritten(program: Program, module: Module, target: str) -> str:
    """The text of a module that becomes, or becomes a part of, the module `target`. CannotBundle says why it cannot."""
    return _Rewriting(program, module, target).text()


class Sentences:
    """What functions of a bundle may say to people, as one text: a constant of its own takes 20 bytes of heap for each."""

    def __init__(self) -> None:
        self._all = ""

    def piece(self, sentence: str) -> str:
        """The expression for one of them."""
        start = self._all.find(sentence)
        if start < 0:
            start = len(self._all)
            self._all += sentence
        return "%s[%d:%d]" % (SENTENCES, start, start + len(sentence))

    def line(self) -> str:
        return "%s = %r\n" % (SENTENCES, self._all) if self._all else ""


class _Scope:
    def __init__(self, names: "set[str]", of_class: bool = False) -> None:
        self.names = names
        self.of_class = of_class
        self.globals: "set[str]" = set()
        self.arguments: "dict[str, str]" = {}


class _Rewriting(ast.NodeVisitor):
    def __init__(self, program: Program, module: Module, target: str) -> None:
        self._program = program
        self._module = module
        self._target = target
        self._edits: "list[tuple[int, int, int, int, str]]" = []  # row, column, end row, end column, text
        self._scopes: "list[_Scope]" = []
        self._globals = {name: program.new_name(module.name, name) for name in module.defined}
        self._modules: "dict[str, str]" = {}  # name here: bundled module of ours
        self._attributes = {**dict(zip(private_attributes(module.nodes), short_names("_"))), **program.attributes}

    def text(self) -> str:
        for node in self._module.tree.body:
            if isinstance(node, ast.ImportFrom):
                self._import_at_top(node)
        for node in self._module.tree.body:
            self.visit(node)
        content = b"".join(self._module.lines)
        starts = [0]
        for line in self._module.lines:
            starts.append(starts[-1] + len(line))
        for row, column, end_row, end_column, text in sorted(self._edits, reverse=True):
            after = b"\n" * (end_row - row)  # lines stay where they are
            content = content[: starts[row - 1] + column] + text.encode() + after + content[starts[end_row - 1] + end_column :]
        return content.decode()

    def _fail(self, node: ast.AST, reason: str) -> CannotBundle:
        return CannotBundle("%s, line %d: %s" % (self._module.path, node.lineno, reason))  # type: ignore[attr-defined]

    # -- imports

    def _import_at_top(self, node: ast.ImportFrom) -> None:
        lines = []
        for source, name, here in self._program.imported(self._module, node):
            home = self._program.home.get(source)
            if name is None and home is not None:
                self._modules[here] = source
                if home != self._target:
                    for used in self._module.used_of(here):
                        lines.append(self._import(source, used, self._program.new_name(source, used)))
            elif name is not None and (home == self._target or self._program.value_of(source, name) is not None):
                self._globals[here] = self._program.new_name(source, name)
                if home != self._target:
                    lines.append(self._import(source, name, self._globals[here]))
            else:
                lines.append(self._import(source, name, here))
        if self._module.const_is_the_compilers and node.module == "micropython" or self._program.imported(self._module, node):
            self._edit(node, "; ".join(lines))

    def _import(self, source: str, name: "str | None", here: str) -> str:
        """A `from` with the absolute name of where the module's code will be."""
        value = None if name is None else self._program.value_of(source, name)
        if value is not None:
            given = here in self._program.given
            self._program.given.add(here)
            return "%s = %s" % (here, value) if self._scopes else "pass" if given else "%s = const(%s)" % (here, value)
        if name is None:
            source, _, name = source.rpartition(".")
        else:
            name = self._program.new_name(source, name)
            source = self._program.home.get(source, source)
        return "from %s import %s" % (source, name if name == here else "%s as %s" % (name, here))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        imported = self._program.imported(self._module, node) if self._scopes else []
        for source, name, _ in imported:
            if name is None and source in self._program.home:
                raise self._fail(node, "%s is bundled: import what is used of it" % source)
        if imported:
            self._edit(node, "; ".join(self._import(*one) for one in imported))

    # -- scopes

    def _visit_definition(self, node, keyword: str) -> None:
        for outside in [*node.decorator_list, *getattr(node, "bases", [])]:
            self.visit(outside)
        new = None
        if not self._scopes:
            new = self._globals[node.name]
        elif self._scopes[-1].of_class:
            new = self._attributes.get(node.name)
        if new is not None and new != node.name:
            pattern = rb"%s\s+%s\b" % (keyword.encode(), node.name.encode())
            found = re.compile(pattern).search(self._module.lines[node.lineno - 1], node.col_offset)
            if found is None:
                raise self._fail(node, "the name of a definition stands on its first line")
            self._edits.append((node.lineno, found.end() - len(node.name.encode()), node.lineno, found.end(), new))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_definition(node, "class")
        if isinstance(node.body[0], ast.Expr):  # a docstring, whose place takes what saves 16 bytes a class
            self._edit(node.body[0], "del __module__, __qualname__")
        self._visit_inside(node.body, _Scope(set(bound_in(node.body)), of_class=True))

    def visit_FunctionDef(self, node: "ast.FunctionDef | ast.AsyncFunctionDef") -> None:
        self._visit_definition(node, "def")
        self._visit_function(node, list(node.body))

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node, [node.body])

    def _visit_function(self, node: "ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda", body: list) -> None:
        given = node.args
        for default in [*given.defaults, *filter(None, given.kw_defaults)]:
            self.visit(default)
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, (given.vararg, given.kwarg))]
        scope = _Scope(set(bound_in(body)) | {argument.arg for argument in arguments})
        for inner in _in_scope(body):
            if isinstance(inner, ast.Global):
                scope.globals |= set(inner.names)
            elif isinstance(inner, (ast.Import, ast.ImportFrom)):
                scope.names |= {alias.asname or alias.name.split(".")[0] for alias in inner.names}
        scope.names -= scope.globals
        used = {inner.arg for inner in ast.walk(node) if isinstance(inner, ast.arg)} | self._program.taken | set(_WORDS)
        short = (name for name in short_names("") if name not in used and not self._is_argument(name))
        for argument in arguments:
            if argument.arg != "self" and len(argument.arg) > 1 and argument.arg not in self._program.keywords:
                scope.arguments[argument.arg] = new = next(short)
                end = argument.col_offset + len(argument.arg.encode())
                self._edits.append((argument.lineno, argument.col_offset, argument.lineno, end, new))
        self._visit_inside(body, scope)

    def _is_argument(self, name: str) -> bool:
        return any(name in scope.arguments.values() for scope in self._scopes)

    def _visit_inside(self, body: list, scope: _Scope) -> None:
        self._scopes.append(scope)
        for node in body:
            self.visit(node)
        self._scopes.pop()

    def _visit_comprehension(self, node) -> None:
        targets = {n.id for generator in node.generators for n in ast.walk(generator.target) if isinstance(n, ast.Name)}
        self._visit_inside(list(ast.iter_child_nodes(node)), _Scope(targets))

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension

    # -- names

    def _edit(self, node, text: str) -> None:
        self._edits.append((node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, text))

    def _is_local(self, name: str) -> bool:
        return any(name in scope.names for scope in self._scopes)

    def _new_name(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope.globals:
                break
            if name in scope.names and (scope is self._scopes[-1] or not scope.of_class):
                return (self._attributes if scope.of_class else scope.arguments).get(name, name)
        return self._globals.get(name, name)

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in self._modules and not self._is_local(node.id):
            raise self._fail(node, "%s is bundled: it is no value" % node.id)
        new = self._new_name(node.id)
        if new != node.id:
            self._edit(node, new)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        value = node.value
        if isinstance(value, ast.Name) and value.id in self._modules and not self._is_local(value.id):
            self._edit(node, self._program.new_name(self._modules[value.id], node.attr))
            return
        self.visit(value)
        if node.attr in self._attributes:
            end, column = node.end_lineno or 0, node.end_col_offset or 0
            self._edits.append((end, column - len(node.attr.encode()), end, column, self._attributes[node.attr]))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_Global(self, node: ast.Global) -> None:
        self._edit(node, "global " + ", ".join(self._globals.get(name, name) for name in node.names))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # else a docstring
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        """A function's sentences for people, and names for late.load, are taken out of one text when they are wanted."""
        text = node.value
        in_function = self._scopes and not self._scopes[-1].of_class
        if in_function and isinstance(text, str) and len(text) >= _SHORTEST_SENTENCE and text.isascii():
            taken_out = " " in text or text in self._program.modules
            sentences = self._program.sentences.get(self._target)
            if taken_out and sentences is not None:
                self._edit(node, sentences.piece(text))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        raise self._fail(node, "nonlocal: a closure costs more than an object")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name and self._new_name(node.name) != node.name:
            raise self._fail(node, "an exception of this name")
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        raise self._fail(node, "an f-string: older Pythons do not tell where its names stand")
