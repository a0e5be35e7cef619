"""Of which countries the chain's phones are, where they are written without a country code."""

from functools import lru_cache

from crm.org.models import Chain, Store

Countries = tuple[str, ...]  # ISO 3166, two letters; the first reads a number before the others do


def of_chain() -> Countries:
    """The chain's country, then those that it names, then those in which it has stores (by their time zones)."""
    chain = Chain.current()
    zones = Store.objects.filter(is_active=True).order_by().values_list("timezone", flat=True).distinct()
    there = sorted({_country_of(zone) for zone in zones} - {""})
    return tuple(dict.fromkeys([chain.country, *listed(chain.more_countries), *there]))


def listed(text: str) -> list[str]:
    """The countries of a list as somebody typed it: "CN, HK"."""
    return text.upper().replace(",", " ").split()


@lru_cache(maxsize=256)
def _country_of(zone: str) -> str:
    """The country of a time zone; "" for one of no country, such as UTC."""
    from babel.core import get_global

    place = str(get_global("zone_territories").get(zone) or "")
    return place if len(place) == 2 and place.isalpha() and place != "ZZ" else ""
