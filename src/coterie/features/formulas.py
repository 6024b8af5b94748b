"""Formulas: arithmetic over the other features of a set, written as text and read into expressions."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from coterie.errors import nearest
from coterie.features.expressions import Call, Constant, Expression, Function, call
from coterie.segments.conditions.form import Flaw

WORDS: dict[str, tuple[Function, int]] = {
    "min": ("minimum", 2),
    "max": ("maximum", 2),
    "fill": ("filled", 2),
    "abs": ("absolute", 1),
    "floor": ("floor", 1),
    "sqrt": ("square_root", 1),
    "log1p": ("log1p", 1),
    "exp": ("exp", 1),
}
"""The functions of formulas: the function of expressions, and how many arguments it takes."""
_BINARY: dict[type[ast.operator], Function] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
}  # fmt: skip
ALLOWED = f"numbers, names of features, + - * /, parentheses and {', '.join(WORDS)}"
NODES_MAX = 200


class Unreadable(Exception):
    """A formula that says nothing we know."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.what)
        self.flaw = flaw


def refuse(text: str) -> Flaw | None:
    """Return what is wrong with a formula whatever its names mean."""
    try:
        _tree(text)
    except Unreadable as error:
        return error.flaw
    return None


def names_of(text: str) -> tuple[str, ...]:
    """Return the names of features that a right formula uses, in order, each once."""
    tree = _tree(text)
    functions = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions]
    return tuple(dict.fromkeys(node.id for node in sorted(found, key=lambda node: (node.lineno, node.col_offset))))


def expression_of(text: str, features: Mapping[str, Expression]) -> Expression:
    """Return the formula as an expression. Raises: Unreadable for a name that is no numeric feature.

    >>> expression_of("spend / 2", {"spend": Constant(10.0)})
    Call(function='divide', arguments=(Constant(value=10.0), Constant(value=2.0)))
    """
    return _read(_tree(text).body, features)


def _tree(text: str) -> ast.Expression:
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(
            Flaw("not a formula", received=text, allowed=ALLOWED, hint=str(error).partition(" (")[0])
        ) from error
    nodes = list(ast.walk(tree))
    if len(nodes) > NODES_MAX:
        raise Unreadable(
            Flaw("too long a formula", received=text[:80], allowed="several features, one building on the other")
        )
    for node in nodes:
        _check(node, text)
    return tree


def _check(node: ast.AST, text: str) -> None:
    plain = ast.Expression | ast.Name | ast.Load | ast.operator | ast.unaryop
    if isinstance(node, ast.Constant):
        good = isinstance(node.value, int | float) and not isinstance(node.value, bool) and abs(node.value) < 1e308
    elif isinstance(node, ast.BinOp):
        good = type(node.op) in _BINARY
    elif isinstance(node, ast.UnaryOp):
        good = isinstance(node.op, ast.USub | ast.UAdd)
    elif isinstance(node, ast.Call):
        _check_call(node, text)
        good = True
    else:
        good = isinstance(node, plain)
    if not good:
        hint = "for a power multiply; for a logarithm write log1p(x)" if isinstance(node, ast.BinOp) else ""
        raise Unreadable(Flaw("not part of a formula", received=text, allowed=ALLOWED, hint=hint))


def _check_call(node: ast.Call, text: str) -> None:
    word = node.func.id if isinstance(node.func, ast.Name) else ""
    if word not in WORDS or node.keywords:
        raise Unreadable(
            Flaw(
                "not a function of formulas", received=word or text, allowed=", ".join(WORDS), hint=nearest(word, WORDS)
            )
        )
    if len(node.args) != WORDS[word][1]:
        raise Unreadable(Flaw(f"{word} takes {WORDS[word][1]}", received=len(node.args), allowed=str(WORDS[word][1])))


def _read(node: ast.expr, features: Mapping[str, Expression]) -> Expression:
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)  # checked before
        return Constant(float(node.value))
    if isinstance(node, ast.Name):
        if node.id not in features:
            hint = nearest(node.id, features)
            raise Unreadable(
                Flaw("no numeric feature of this name", received=node.id, allowed=", ".join(features), hint=hint)
            )
        return features[node.id]
    if isinstance(node, ast.BinOp):
        return call(_BINARY[type(node.op)], _read(node.left, features), _read(node.right, features))
    if isinstance(node, ast.UnaryOp):
        inner = _read(node.operand, features)
        return Call("negative", (inner,)) if isinstance(node.op, ast.USub) else inner
    assert isinstance(node, ast.Call)  # checked before
    assert isinstance(node.func, ast.Name)
    return call(WORDS[node.func.id][0], *(_read(one, features) for one in node.args))
