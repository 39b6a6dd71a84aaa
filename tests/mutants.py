"""Mutation testing of `translators/` on a sample: which changes of the code does no test find?

    python -m tests.mutants --sample 300 --seed 1 [--only chat_completions]

Each mutant is one change to one module, in a copy of the project, and is run against that module's tests.
Survivors are printed as `module:line: before -> after`. Takes some seconds a mutant.
"""

import argparse
import ast
import importlib.util
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SLOW = ("_sdk.py", "_real_traffic.py", "test_real_", "test_properties.py", "test_matrix.py", "_models.py")
"""Tests that load official SDKs or repeat much; none is the only one to find a mutant."""

INERT = frozenset({"frozen", "gc", "kw_only", "slots"})
"""Arguments that change no result."""

_COMPARISONS: dict[type[ast.cmpop], ast.cmpop] = {
    ast.Eq: ast.NotEq(),
    ast.NotEq: ast.Eq(),
    ast.Lt: ast.LtE(),
    ast.LtE: ast.Lt(),
    ast.Gt: ast.GtE(),
    ast.GtE: ast.Gt(),
    ast.In: ast.NotIn(),
    ast.NotIn: ast.In(),
    ast.Is: ast.IsNot(),
    ast.IsNot: ast.Is(),
}


class Mutant(NamedTuple):
    """A change of one expression, by its place in the source."""

    module: Path
    node: ast.expr
    after: str


def mutants(module: Path) -> Iterator[Mutant]:
    """Every change to a module that is tried."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    unseen = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    unseen |= {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.keyword) and one.arg in INERT}
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and id(node) not in unseen:
            yield from (Mutant(module, node, after) for after in _changes(node))


def _changes(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in _COMPARISONS:
            yield ast.unparse(ast.Compare(node.left, [_COMPARISONS[type(op)]], node.comparators))
        case ast.BoolOp(op, values):
            yield ast.unparse(ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values))
        case ast.UnaryOp(ast.Not(), operand):
            yield ast.unparse(operand)
        case ast.BinOp(left, ast.Add() | ast.Sub() as op, right):
            yield ast.unparse(ast.BinOp(left, ast.Sub() if isinstance(op, ast.Add) else ast.Add(), right))
        case ast.IfExp(test, body, orelse):
            yield ast.unparse(ast.IfExp(test, orelse, body))
        case ast.Constant(bool() as value):
            yield repr(not value)
        case ast.Constant(int() as value):
            yield repr(value + 1)
        case ast.Set(elements) if len(elements) > 1:
            yield ast.unparse(ast.Set(elements[1:]))
        case ast.Dict(keys, values) if len(keys) > 1:
            yield ast.unparse(ast.Dict(keys[1:], values[1:]))
        case _:
            return


def applied(mutant: Mutant) -> str:
    """The module's source with the change."""
    lines = mutant.module.read_bytes().splitlines(keepends=True)
    first, last = mutant.node.lineno - 1, (mutant.node.end_lineno or mutant.node.lineno) - 1
    head = lines[first][: mutant.node.col_offset]
    tail = lines[last][mutant.node.end_col_offset :]
    changed = b"(" + mutant.after.encode() + b")"
    return b"".join([*lines[:first], head, changed, tail, *lines[last + 1 :]]).decode()


def tests_of(module: Path) -> list[str]:
    """The arguments of pytest that run the tests of a module."""
    room = module.relative_to(ROOT / "translators").with_suffix("").parts
    tests = ROOT / "tests/translators"
    shared = [tests / f"test_{name}.py" for name in ("reading", "refusals", "half_characters")]
    if room[0] != "providers":
        name = room[2] if room[:2] == ("bedrock", "families") and len(room) > 2 else room[-1]
        own_tests = list((tests / "bedrock").glob(f"test_{name}*.py"))
        return _quick([*(own_tests or (tests / "bedrock").glob("test_*.py")), *shared])
    own = room[1] if len(room) > 2 and room[1] not in ("chat_completions", "answers") else "openai"
    of_provider = [*(tests / "providers").glob("test_*.py"), *shared]
    everywhere = [tests / "test_recordings.py", tests / "test_conformance.py"]
    return [*_quick([*of_provider, *everywhere]), "-k", own]


def _quick(chosen: list[Path]) -> list[str]:
    quick = {path for path in chosen if not any(word in path.name for word in SLOW)}
    return [str(path.relative_to(ROOT)) for path in sorted(quick)]


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether no test fails with the change."""
    place = copy / mutant.module.relative_to(ROOT)
    compiled = Path(importlib.util.cache_from_source(str(place)))
    before = place.read_bytes()
    place.write_text(applied(mutant), encoding="utf-8")
    compiled.unlink(missing_ok=True)
    options = ["-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    try:
        run = [sys.executable, "-m", "pytest", *options, *tests_of(mutant.module)]
        return subprocess.run(run, cwd=copy, capture_output=True, timeout=600, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        place.write_bytes(before)
        compiled.unlink(missing_ok=True)


def main() -> None:
    """Run a sample, and print what survives."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--sample", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="regular expression on the module's path")
    asked = parser.parse_args()
    modules = [
        path for path in sorted((ROOT / "translators").rglob("*.py")) if re.search(asked.only, str(path))
    ]
    every = [mutant for module in modules for mutant in mutants(module)]
    sample = random.Random(asked.seed).sample(every, min(asked.sample, len(every)))
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        copy = Path(name)
        for part in ("translators", "tests", "recordings", "addon"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        found = 0
        for number, mutant in enumerate(sample, 1):
            if survives(mutant, copy):
                found += 1
                place = f"{mutant.module.relative_to(ROOT)}:{mutant.node.lineno}"
                print(f"{place}: {ast.unparse(mutant.node)} -> {mutant.after}", flush=True)
            if number % 25 == 0:
                print(f"{number} of {len(sample)}, {found} survived", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
