"""Chinese sentences end with Chinese marks, and nothing stands between a date and what follows it."""

import re

import pytest

from crm import translations

CJK = "\u3000-\u303f\u3400-\u9fff\uff00-\uffef"
HALF_WIDTH = re.compile(rf"[{CJK}]\s?[(,;:]|[{CJK}][?!]|[{CJK}]\.(\s|$)|\)\s?[{CJK}]")
# A formula in brackets, and the brackets of a format that is to be typed so.
AS_THEY_ARE = ("a / (a + b)", "[开始, 结束]", "[開始, 結束]")
# "2026年3月10日" ends with a Chinese character, so no room is left behind it.
BEHIND_A_DATE = re.compile(r"%\(day\)s [\u3400-\u9fff]")
# Two sentences beside each other in a template, and a blank between them, where {% gap %} should stand.
BLANK = re.compile(
    r"""(?:endblocktrans %\}|trans "[^"]*[.?!]" %\})(?P<between>(?: |\{% (?:endif|else|if|elif)[^%]*%\})*)"""
    r"""(?:\{% blocktrans|\{% trans "[A-Z])"""
)
SINGLE_TAG = re.compile(r"\{%[^%]*%\}")


def texts(locale: str) -> list[str]:
    found = []
    for message in translations.load(locale):
        if message.id:
            found += [message.string] if isinstance(message.string, str) else list(message.string)
    return found


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_no_half_width_mark_stands_beside_a_chinese_character(locale: str) -> None:
    wrong = [one for one in texts(locale) if HALF_WIDTH.search(one)]
    assert [one for one in wrong if not any(known in one for known in AS_THEY_ARE)] == []
    assert len(wrong) == 2  # an exception that is no longer needed goes


@pytest.mark.parametrize("locale", translations.LOCALES)
def test_a_date_and_the_word_behind_it_stand_together(locale: str) -> None:
    assert [one for one in texts(locale) if BEHIND_A_DATE.search(one)] == []


def test_no_template_puts_a_blank_between_two_sentences() -> None:
    wrong = []
    for path in sorted((translations.ROOT / "templates").rglob("*.html")):
        for found in BLANK.finditer(path.read_text(encoding="utf-8")):
            if " " in SINGLE_TAG.sub("", found["between"]):
                wrong.append(f"{path.name}: {found[0]}")
    assert wrong == []
