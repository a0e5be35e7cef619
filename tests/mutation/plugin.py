"""pytest plugin: runs the collected tests once for each mutant, in a process of its own, until the first that fails.

    python -m pytest -p tests.mutation.plugin --mutate loyalty.ledger --reuse-db tests/loyalty/test_ledger.py …

The tests must pass without a mutant; then everything that they set up is there, and a child is forked for each mutant,
in which the module's functions, classes and constants become those of the mutant. Afterwards the report is written
(--mutation-report FILE): how many were killed, and each that survived.
"""

import importlib
import inspect
import os
import pkgutil
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.mutation.mutants import Mutant, mutants_of

PATIENCE = 4  # times as long as without a mutant it may take: one that never ends is killed, too


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutate", default="", help="package whose modules are mutated")
    parser.addoption("--mutation-report", default="", help="file for the report (Markdown)")
    parser.addoption("--mutate-part", default="0/1", help="which of how many parts of the mutants: 0/2, 1/2")
    parser.addoption("--mutate-only", default="", help="modules whose name contains this")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    if not session.config.getoption("mutate"):
        return None
    if not _passes(session, fork=False):
        raise pytest.UsageError("the tests fail without a mutant")
    began = time.monotonic()
    if not _passes(session, fork=True):
        raise pytest.UsageError("the tests fail in a process of its own")
    seconds = PATIENCE * int(time.monotonic() - began + 1)
    survived, count = [], 0
    chosen = _mutants(session.config)
    began = time.monotonic()
    for mutant in chosen:
        count += 1
        is_killed = not _passes(session, fork=True, mutant=mutant, seconds=seconds)
        if not is_killed:
            survived.append(mutant)
            print(f"\nSURVIVED {mutant.module}:{mutant.line} {mutant.what}", flush=True)
        if count % 20 == 0:
            print(
                f"\n{count} of {len(chosen)}, {len(survived)} survived, {time.monotonic() - began:.0f} s",
                flush=True,
            )
    _report(session.config, count, survived)
    return True


def _mutants(config: pytest.Config) -> list[Mutant]:
    package = importlib.import_module(config.getoption("mutate"))
    found = []
    for info in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        if config.getoption("mutate_only") in info.name:
            source = inspect.getsource(importlib.import_module(info.name))
            found += list(mutants_of(info.name, source))
    part, parts = map(int, config.getoption("mutate_part").split("/"))
    return found[part::parts]


def _passes(session: pytest.Session, *, fork: bool, mutant: Mutant | None = None, seconds: int = 900) -> bool:
    if not fork:  # Hypothesis runs a test once in a process: those are left to the children
        return (
            _run(session, [one for one in session.items if not getattr(one.obj, "is_hypothesis_test", False)])
            == 0
        )
    connections.close_all()
    child = os.fork()
    if child == 0:
        if mutant is not None:
            _silence()
        signal.alarm(seconds)
        try:
            if mutant is not None:
                _become(mutant)
            failed = _run(session, session.items)
            if failed and mutant is None:
                _tell(session)
        except BaseException:  # noqa: BLE001  a mutant that cannot even be imported is killed
            failed = 1
        os._exit(1 if failed else 0)
    _pid, status = os.waitpid(child, 0)
    return status == 0


def _run(session: pytest.Session, items: list[Any]) -> int:
    """Run these tests, up to the first failure; their fixtures of the whole session stay."""
    before = session.testsfailed
    for place, item in enumerate(items):
        following = items[place + 1] if place + 1 < len(items) else session.items[0]
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed > before:
            break
    return session.testsfailed - before


def _become(mutant: Mutant) -> None:
    module = importlib.import_module(mutant.module)
    new = types.ModuleType(mutant.module)
    new.__dict__.update({"__file__": module.__file__, "__package__": module.__package__})
    sys.modules[mutant.module] = new  # dataclasses look their module up
    exec(compile(mutant.text, str(module.__file__), "exec"), new.__dict__)
    sys.modules[mutant.module] = module
    for name, value in vars(new).items():
        if not name.startswith("__"):
            _put(module, name, value)


def _put(module: types.ModuleType, name: str, value: Any) -> None:
    """Functions are changed where they are: others have imported them."""
    old = getattr(module, name, None)
    is_own = getattr(value, "__module__", module.__name__) == module.__name__
    if inspect.isfunction(value) and inspect.isfunction(old):
        if is_own:
            old.__code__, old.__defaults__, old.__kwdefaults__ = (
                value.__code__,
                value.__defaults__,
                value.__kwdefaults__,
            )
    elif inspect.isclass(value):
        if is_own and inspect.isclass(old):
            for method, new in vars(value).items():
                known = vars(old).get(method)
                if inspect.isfunction(new) and inspect.isfunction(known):
                    known.__code__, known.__defaults__ = new.__code__, new.__defaults__
                elif isinstance(new, property) and isinstance(known, property) and known.fget and new.fget:
                    known.fget.__code__ = new.fget.__code__
    elif not inspect.ismodule(value) and is_own_value(value):
        setattr(module, name, value)


def is_own_value(value: Any) -> bool:
    return (
        isinstance(value, str | int | float | bytes | tuple | list | dict | frozenset | set)
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


def _report(config: pytest.Config, count: int, survived: list[Mutant]) -> None:
    killed = count - len(survived)
    lines = [f"{killed} of {count} mutants killed ({killed / max(count, 1):.1%}).", ""]
    lines += [f"- `{one.module}` line {one.line}: {one.what}" for one in survived]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    if config.getoption("mutation_report"):
        Path(config.getoption("mutation_report")).write_text(text, encoding="utf-8")
