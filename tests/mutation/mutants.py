"""Small wrongs, one at a time: mutants of a module's Python and of the SQL in its texts."""

import ast
import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass

COMPARE = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE)\b")
# What is put in place of what, at each place where it stands.
IN_SQL = [
    (r"<=", "<"), (r">=", ">"), (r"(?<![<>=-])<(?![=>])", "<="), (r"(?<![<>=-])>(?![=])", ">="), (r"<>", "="),
    (r"(?<![<>=!:])=(?![=>])", "<>"), (r" \+ ", " - "), (r" - ", " + "), (r"(?<=[ (,])-(?=[a-z(])", ""),
    (r"\bAND\b", "OR"), (r"\bOR\b", "AND"), (r"\bIN\b", "NOT IN"), (r"\bEXISTS\b", "NOT EXISTS"),
    (r"\bsum\(", "max("), (r"\bmax\(", "min("), (r"\bkind = (\d+)", r"kind = 1\1"), (r"\bLIMIT 1\b", "LIMIT 0"),
    (r"\bcount\(\*\)", "count(*) + 1"),
]  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """`text` is the whole module with one thing wrong; `what` says what, for people."""

    module: str
    line: int
    what: str
    text: str


def mutants_of(module: str, text: str) -> Iterator[Mutant]:
    tree = ast.parse(text)
    docs = set(_docstrings(tree))
    for place, node in enumerate(ast.walk(tree)):
        if node in docs:
            continue
        for what, change in _changes(node):
            wrong = copy.deepcopy(tree)
            change(_at(wrong, place))
            yield Mutant(
                module, getattr(node, "lineno", 0), what, ast.unparse(ast.fix_missing_locations(wrong))
            )


def _at(tree: ast.AST, place: int) -> ast.AST:
    return next(node for number, node in enumerate(ast.walk(tree)) if number == place)


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            yield first.value
            yield first


def _changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in COMPARE:
            wrong = COMPARE[type(op)]
            yield (
                f"{_said(node)}: {type(op).__name__} → {wrong.__name__}",
                lambda n: n.ops.__setitem__(0, wrong()),
            )
        case ast.BinOp(op=op) if type(op) in ARITHMETIC and not _is_text(node):
            wrong_op = ARITHMETIC[type(op)]
            yield f"{_said(node)}: → {wrong_op.__name__}", lambda n: setattr(n, "op", wrong_op())
        case ast.BoolOp(op=op):
            other = ast.Or if isinstance(op, ast.And) else ast.And
            yield f"{_said(node)}: → {other.__name__}", lambda n: setattr(n, "op", other())
        case ast.UnaryOp(op=ast.USub() | ast.Not()):
            yield (
                f"{_said(node)}: without its sign",
                lambda n: (
                    setattr(n, "op", ast.UAdd()) if isinstance(n.op, ast.USub) else _become(n, n.operand)
                ),
            )
        case ast.If() | ast.IfExp():
            for value in (True, False):
                yield (
                    f"if {_said(node.test)}: always {value}",
                    lambda n, v=value: setattr(n, "test", ast.Constant(v)),
                )
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            yield f"{_said(node)}: → {NAMES[name]}", lambda n: setattr(n.func, "id", NAMES[n.func.id])
        case ast.Expr(value=ast.Call()):
            yield f"{_said(node)}: left out", lambda n: setattr(n, "value", ast.Constant(None))
        case ast.Constant(value=bool()):
            yield f"{node.value}: → {not node.value}", lambda n: setattr(n, "value", not n.value)
        case ast.Constant(value=int()):
            yield f"{node.value}: → {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)
        case ast.Constant(value=str() as text) if SQL.search(text) or " AND " in text or "sum(" in text:
            yield from _in_sql(text)


def _in_sql(text: str) -> Iterator[tuple[str, object]]:
    for pattern, wrong in IN_SQL:
        for found in re.finditer(pattern, text):
            told = text[: found.start()] + found.expand(wrong) + text[found.end() :]
            near = " ".join(text[max(0, found.start() - 30) : found.end() + 30].split())
            yield (
                f"SQL “{near}”: {found[0].strip()} → {found.expand(wrong).strip() or 'nothing'}",
                (lambda n, t=told: setattr(n, "value", t)),
            )


def _become(node: ast.AST, other: ast.AST) -> None:
    """not x → x, in place: a double negation."""
    node.operand = ast.UnaryOp(ast.Not(), other)  # type: ignore[attr-defined]


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.Constant | ast.JoinedStr) and not isinstance(getattr(side, "value", ""), int)
        for side in (node.left, node.right)
    )


def _said(node: ast.AST) -> str:
    told = " ".join(ast.unparse(node).split())
    return told if len(told) <= 70 else told[:67] + "…"
