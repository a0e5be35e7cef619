"""Every string that a person can see stands in all three languages."""

from crm import translations


def test_all_catalogues_are_complete() -> None:
    assert translations.faults() == []
