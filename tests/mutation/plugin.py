"""pytest plugin: runs the collected tests once for each mutant, in a process of its own, until the first that fails.

    python -m pytest -p tests.mutation.plugin --mutate loyalty.ledger --reuse-db tests/loyalty/test_ledger.py …

The tests must pass without a mutant; then everything that they set up is there, and a child is forked for each mutant,
in which the module's functions, classes and constants become those of the mutant. Afterwards the report is written
(--mutation-report FILE): how many were killed, and each that survived. --mutate-again FILE tries only those that are
named in such a report, or in the output of a run.
"""

import importlib
import inspect
import os
import pkgutil
import re
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.mutation.mutants import Mutant, mutants_of

SURVIVED = re.compile(r"^(?:SURVIVED |- `)([\w.]+)(?::|` line )\d+:? (.+)$", re.MULTILINE)
PATIENCE = 4  # times as long as without a mutant it may take: one that never ends is killed, too


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutate", default="", help="package whose modules are mutated")
    parser.addoption("--mutation-report", default="", help="file for the report (Markdown)")
    parser.addoption("--mutate-part", default="0/1", help="which of how many parts of the mutants: 0/2, 1/2")
    parser.addoption("--mutate-only", default="", help="modules whose name contains this")
    parser.addoption(
        "--mutate-again", default="", help="only mutants that this report or output says survived"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.getoption("mutate"):
        return None
    # Hypothesis runs a test once in a process: those are left to the children.
    if _run(session, [one for one in session.items if not getattr(one.obj, "is_hypothesis_test", False)]):
        raise pytest.UsageError("the tests fail without a mutant")
    began = time.monotonic()
    if _killer(session) is not None:
        raise pytest.UsageError("the tests fail in a process of its own")
    seconds = PATIENCE * int(time.monotonic() - began + 1)
    survived, chosen = [], _mutants(session.config)
    began = time.monotonic()
    for count, mutant in enumerate(chosen, start=1):
        killer = _killer(session, mutant, seconds)
        if killer is None:
            survived.append(mutant)
            print(f"\nSURVIVED {mutant.module}:{mutant.line} {mutant.what}", flush=True)
        elif killer:  # mutants that stand side by side die of the same test
            session.items.insert(0, session.items.pop(killer))
        if count % 20 == 0 or mutant is chosen[-1]:
            if _killer(session, items=session.items[:1]) is not None:
                raise pytest.UsageError("the tests fail without a mutant now: something else has happened")
            print(
                f"\n{count} of {len(chosen)}, {len(survived)} survived, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    _report(session.config, chosen, survived)
    return True


def _mutants(config: pytest.Config) -> list[Mutant]:
    package = importlib.import_module(config.getoption("mutate"))
    found = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if config.getoption("mutate_only") in info.name:
            source = inspect.getsource(importlib.import_module(info.name))
            found += list(mutants_of(info.name, source))
    if again := config.getoption("mutate_again"):
        told = SURVIVED.findall(Path(again).read_text(encoding="utf-8"))
        found = [one for one in found if (one.module, one.what) in told]
    part, parts = map(int, config.getoption("mutate_part").split("/"))
    return found[part::parts]


def _killer(
    session: pytest.Session, mutant: Mutant | None = None, seconds: int = 900, items: list[Any] | None = None
) -> int | None:
    """Run the tests in a process of its own: the place of the first that fails (0 if none was needed), or None."""
    connections.close_all()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        if mutant is not None:
            _silence()
        signal.alarm(seconds)
        killer = 0
        try:
            if mutant is None or _become(mutant):
                failed = _run(session, items or session.items)
                killer = session.items.index(failed) if failed else -1
                if failed and mutant is None:
                    _tell(session)
        except BaseException:  # noqa: BLE001  the plugin's own fault kills nothing
            killer = -1 if mutant else 0
        os.write(writing, str(killer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        answer = told.read()
    os.waitpid(child, 0)
    return None if answer == "-1" else int(answer or 0)


def _run(session: pytest.Session, items: list[Any]) -> Any:
    """Run these tests up to the first that fails, which is the answer; their fixtures of the whole session stay."""
    before = session.testsfailed
    session._setupstate.teardown_exact(items[0])  # what the run before left for what then came first
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else session.items[0]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed > before:
            return item
    return None


def _become(mutant: Mutant) -> bool:
    """Put the mutant into its module; false for one that cannot even be imported."""
    module = importlib.import_module(mutant.module)
    new = types.ModuleType(mutant.module)
    new.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
    sys.modules[mutant.module] = new  # dataclasses look their module up
    try:
        exec(compile(mutant.text, str(module.__file__), "exec"), new.__dict__)
    except Exception:  # noqa: BLE001
        return False
    sys.modules[mutant.module] = module
    for name, value in vars(new).items():
        if not name.startswith("__"):
            _put(module, name, value)
    return True


def _put(module: types.ModuleType, name: str, value: Any) -> None:
    """What others have imported is changed where it is."""
    old = getattr(module, name, None)
    is_own = getattr(value, "__module__", module.__name__) == module.__name__
    if inspect.isfunction(value) and inspect.isfunction(old):
        if is_own:
            _put_code(old, value)
    elif inspect.isclass(value):
        if is_own and inspect.isclass(old):
            _put_class(old, value)
    elif isinstance(value, list) and isinstance(old, list):
        old[:] = value
    elif isinstance(value, dict) and isinstance(old, dict):
        old.clear()
        old.update(value)
    elif not inspect.ismodule(value) and is_own_value(value):
        for one in list(sys.modules.values()):
            if old is not None and getattr(one, "__dict__", {}).get(name) is old:
                setattr(one, name, value)


def _put_class(known: type, new: type) -> None:
    for name in {*vars(known), *vars(new)} - {"__dict__", "__weakref__", "__doc__", "__module__"}:
        old, value = vars(known).get(name), vars(new).get(name)
        if name not in vars(new):
            delattr(known, name)
        elif isinstance(value, property) and isinstance(old, property) and old.fget and value.fget:
            _put_code(old.fget, value.fget)
        elif inspect.isfunction(old) and inspect.isfunction(value) and _frees(old) == _frees(value):
            _put_code(old, value)
        elif inspect.isfunction(value) or name == "__hash__" or not name.startswith("__"):
            setattr(known, name, value)


def _frees(function: types.FunctionType) -> tuple[str, ...]:
    """What it closes over: super() must go on to mean the class that stays."""
    return function.__code__.co_freevars


def _put_code(old: types.FunctionType, new: types.FunctionType) -> None:
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def is_own_value(value: Any) -> bool:
    return (
        isinstance(value, str | int | float | bytes | tuple | frozenset | set)
        or hasattr(value, "sql")
        or (type(value).__name__ in {"Run", "timedelta", "datetime"})
    )


def _tell(session: pytest.Session) -> None:
    stats = session.config.pluginmanager.get_plugin("terminalreporter").stats
    for report in [*stats.get("failed", []), *stats.get("error", [])]:
        print(f"\n{report.nodeid}\n{report.longreprtext}", flush=True)


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def _report(config: pytest.Config, chosen: list[Mutant], survived: list[Mutant]) -> None:
    lines = ["| module | mutants | killed |", "|---|---|---|"]
    for name in [*dict.fromkeys(one.module for one in chosen), ""]:
        mutants, alive = ([one for one in some if name in one.module] for some in (chosen, survived))
        killed = len(mutants) - len(alive)
        lines.append(f"| {name or 'all'} | {len(mutants)} | {killed} ({killed / max(len(mutants), 1):.1%}) |")
    lines += ["", *(f"- `{one.module}` line {one.line}: {one.what}" for one in survived)]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if config.getoption("mutation_report"):
        Path(config.getoption("mutation_report")).write_text(text, encoding="utf-8")
