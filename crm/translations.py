"""Catalogues of translations, without system tools.

    python -m crm.translations update    # read the sources, bring every locale/*/LC_MESSAGES/django.po up to date
    python -m crm.translations compile   # write the .mo files that Django reads (they are not in the repository)
    python -m crm.translations check     # exit 1 and say where, when a string is missing, fuzzy, stale or malformed

Strings come from `gettext` calls in Python and from `{% translate %}` / `{% blocktranslate %}` in templates.
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ("zh_Hans", "zh_Hant")
PACKAGES = ("crm", "customers", "loyalty", "complaints", "segmentation", "campaigns", "analytics")
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3), "npgettext_lazy": ((1, "c"), 2, 3),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"%\((\w+)\)[#0\- +]*[\d.]*[a-zA-Z]|%[sd]|\{(\w*)\}")

_NOISE = re.compile(
    r'^"(?:Report-|POT-|PO-|Last-|Language-Team|Generated-By|Project-Id)[^\n]*\n', re.MULTILINE
)


def sources() -> Catalog:
    """All translatable strings of the sources, in order of files."""
    catalog = Catalog(charset="utf-8")
    for path in _files():
        text = path.read_text(encoding="utf-8")
        for _line, message, _comments, context in _messages(path, text):
            if message and message != "":
                catalog.add(message, context=context, locations=[(path.relative_to(ROOT).as_posix(), 1)])
    return catalog


def _files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(p for p in (ROOT / package).rglob("*.py") if "migrations" not in p.parts)
    yield from sorted((ROOT / "templates").rglob("*.html"))
    yield from sorted((ROOT / "templates").rglob("*.txt"))


def _messages(path: Path, text: str) -> Iterator[tuple]:
    if path.suffix != ".py":
        from django.conf import settings
        from django.utils.translation.template import templatize

        if not settings.configured:
            settings.configure()
        # What is left of a template is not indented as Python is, and the reader of Python minds.
        text = "\n".join(line.lstrip() for line in templatize(text, origin=str(path)).splitlines())
    yield from extract("python", io.BytesIO(text.encode()), keywords=KEYWORDS)


def catalogue_path(locale: str) -> Path:
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def load(locale: str) -> Catalog:
    path = catalogue_path(locale)
    if not path.exists():
        return _empty(locale)
    with path.open("rb") as file:
        return read_po(file, locale=locale, charset="utf-8", abort_invalid=True)


def _empty(locale: str) -> Catalog:
    catalog = Catalog(locale=locale, project="Regulars", charset="utf-8", fuzzy=False)
    catalog.header_comment = "# The names of things stand in docs/glossary.md."
    return catalog


def update() -> None:
    """Add what is new (empty), drop what is gone, keep what is translated. Nothing is guessed."""
    found = sources()
    for locale in LOCALES:
        catalog = load(locale)
        catalog.update(found, no_fuzzy_matching=True)
        catalog.obsolete.clear()
        path = catalogue_path(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        write_po(buffer, catalog, width=110, include_lineno=False, ignore_obsolete=True)
        # The dates and addresses of the header would make every update a change.
        path.write_text(_NOISE.sub("", buffer.getvalue().decode()), encoding="utf-8")


def compile_all() -> None:
    for locale in LOCALES:
        with catalogue_path(locale).with_suffix(".mo").open("wb") as file:
            write_mo(file, load(locale))


def faults() -> list[str]:
    """One sentence for each string that a reader of some language would see untranslated or broken."""
    found = {(m.id if isinstance(m.id, str) else m.id[0], m.context) for m in sources() if m.id}
    result = []
    for locale in LOCALES:
        catalog = load(locale)
        known = {(m.id if isinstance(m.id, str) else m.id[0], m.context): m for m in catalog if m.id}
        result += [
            f"{locale}: not in the catalogue: {key[0]!r}" for key in sorted(found - known.keys(), key=str)
        ]
        result += [f"{locale}: no longer used: {key[0]!r}" for key in sorted(known.keys() - found, key=str)]
        for key, message in known.items():
            if key in found:
                result += [f"{locale}: {problem}: {key[0]!r}" for problem in _problems(message)]
    return result


def _problems(message) -> Iterator[str]:  # type: ignore[no-untyped-def]
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    if message.fuzzy:
        yield "fuzzy"
    if not strings or not all(strings):
        yield "not translated"
        return
    wanted = set().union(*({m.group() for m in _PLACEHOLDER.finditer(i)} for i in ids))
    for string in strings:
        have = {m.group() for m in _PLACEHOLDER.finditer(string)}
        if have - wanted or ({m.group() for m in _PLACEHOLDER.finditer(ids[-1])} - have):
            yield "other placeholders"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["update"]:
            update()
        case ["compile"]:
            compile_all()
        case ["check"]:
            found = faults()
            print("\n".join(found) or "All catalogues are complete.")
            return 1 if found else 0
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
