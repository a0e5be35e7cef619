"""Every act that is recorded anywhere is shown in words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.urls import get_resolver

from crm.audit import registry, words
from crm.org.views.base import RecordView

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
# Dotted words in those modules that are no acts: kinds of interactions and notices.
NO_ACTS = {"work.given", "work.result", "work.reopened", "note.mention"}


def _recorded() -> Iterator[tuple[str, str]]:
    """Module and act: what is written there, and where a variable is recorded, every dotted word of the module."""
    for path in sorted(Path(settings.BASE_DIR).glob("*/**/*.py")):
        root = path.relative_to(settings.BASE_DIR).parts[0]
        if root not in ("crm", "customers", "segmentation", "analytics") or "migrations" in path.parts:
            continue
        if "trail." not in (text := path.read_text(encoding="utf-8")) and "_record(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("record", "_decide", "_switch")
            ):
                for part in ast.walk(node):
                    if (
                        isinstance(part, ast.Constant)
                        and isinstance(part.value, str)
                        and ACTION.fullmatch(part.value)
                    ):
                        yield str(path), part.value


def _views() -> Iterator[type[RecordView]]:
    get_resolver().url_patterns  # noqa: B018  loads them all
    waiting = [RecordView]
    while waiting:
        view = waiting.pop()
        waiting += view.__subclasses__()
        if getattr(view, "model", None) is not None:
            yield view


def _is_model(name: str) -> bool:
    try:
        return bool(apps.get_model(name))
    except LookupError:
        return False


def test_each_act_has_words_and_an_icon() -> None:
    acts = {act for _module, act in _recorded() if act not in NO_ACTS and not _is_model(act)}
    assert len(acts) > 80  # the search finds them
    for view in _views():
        acts |= {f"{view.model._meta.model_name}.{done}" for done in ("create", "change")}
    acts.remove("chain.create")  # there is one, and it is there
    named = {act for config in apps.get_app_configs() for act in registry.told(config, "WORDS")}
    assert sorted(acts - named) == []
    assert all(str(words.of_act(act).words).strip() and words.of_act(act).icon for act in named)
