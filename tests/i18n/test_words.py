"""Words, numbers and reasons in the reader's language."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation
from django.utils.formats import date_format

from crm import translations
from crm.jobs import runner
from crm.ui import words
from customers import imports

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def catalogues(monkeypatch: pytest.MonkeyPatch) -> None:
    """The .mo files are not in the repository: make them once, and forget what was loaded without them."""
    if not all(translations.catalogue_path(one).with_suffix(".mo").exists() for one in translations.LOCALES):
        translations.compile_all()
        from django.utils.translation import trans_real

        monkeypatch.setattr(trans_real, "_translations", {})


@pytest.mark.parametrize("language", ["en", "zh-hans", "zh-hant"])
def test_numbers_have_thousands_separators(language: str) -> None:
    with translation.override(language):
        assert words.number(1234567) == "1,234,567"
        assert words.money(Decimal("1234567.5"), "CNY") == "¥1,234,567.50"
        assert words.percent(Decimal("0.1234")) == "12.3%"


@pytest.mark.parametrize(
    ("language", "day", "past", "coming", "lasted"),
    [
        ("en", "May 3, 2026", "2 days ago", "in 3 hours", "3 min 5 s"),
        ("zh-hans", "2026年5月3日", "2 天前", "3 小时后", "3 分 5 秒"),
        ("zh-hant", "2026年5月3日", "2 天前", "3 小時後", "3 分 5 秒"),
    ],
)
def test_days_and_spans(language: str, day: str, past: str, coming: str, lasted: str) -> None:
    with translation.override(language):
        assert words.day(date(2026, 5, 3)) == day
        assert words.ago(date(2026, 5, 1), NOON) == past
        assert words.ago(NOON + timedelta(hours=3), NOON) == coming
        assert words.seconds(185) == lasted


def test_a_word_of_ours_does_not_rename_a_month() -> None:
    with translation.override("zh-hans"):
        assert date_format(date(2026, 5, 3), "F") == "五月"
        assert date_format(date(2026, 5, 3), "l") == "星期日"
        assert translation.pgettext("key", "May") == "权限"


def test_one_word_with_two_meanings_has_two_translations() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Open") == "营业中"
        assert translation.pgettext("key", "Open") == "打开"
        assert translation.pgettext("person", "Name") == "姓名"
        assert translation.gettext("Name") == "名称"
        assert translation.gettext("Ended") == "已结束"
        assert translation.pgettext("column", "Ended") == "结束时间"


@pytest.mark.django_db(transaction=True)
def test_reasons_of_rejected_rows_are_in_the_language_of_who_brought_the_file() -> None:
    file = SimpleUploadedFile("members.csv", b"number,name,birthday\n700001,Irina,2026-02-31\n")
    with translation.override("zh-hant"):
        made = imports.start(file, "customers", by="system:test")
    assert made.job is not None
    with translation.override("en"):
        runner.run_until_ended(made.job)
    made.refresh_from_db()
    assert made.job.counts["rejected"] == 1
    told = Path(made.rejected_path).read_text(encoding="utf-8-sig")
    assert "birthday：不是可讀取的日期" in told
