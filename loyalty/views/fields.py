"""Fields that read what people write into what terms hold."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from customers.models import Product


class Share(forms.DecimalField):
    """A per cent, kept in hundredths of it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(min_value=Decimal("0.01"), max_value=100, decimal_places=2, max_digits=5, **more)

    def prepare_value(self, value: Any) -> Any:
        return Decimal(value).scaleb(-2).normalize() if isinstance(value, int) else value

    def clean(self, value: Any) -> int | None:
        found = super().clean(value)
        return None if found is None else int(found.scaleb(2))


class Skus(forms.CharField):
    """Products by their SKU, with spaces, commas or lines between; kept as their numbers."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list):
            return value
        return " ".join(Product.objects.filter(pk__in=value).order_by("sku").values_list("sku", flat=True))

    def clean(self, value: Any) -> list[int]:
        text = str(super().clean(value) or "")
        asked = set(text.replace(",", " ").replace("，", " ").split())
        found = dict(Product.objects.filter(sku__in=asked).values_list("sku", "pk"))
        if missing := asked - found.keys():
            raise forms.ValidationError(_("Unknown: %(codes)s.") % {"codes": ", ".join(sorted(missing)[:5])})
        return sorted(found.values())


class Sku(Skus):
    """One product."""

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value([value]) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        if len(found) > 1:
            raise forms.ValidationError(_("One product."))
        return found[0] if found else None


class Numbers(forms.TypedMultipleChoiceField):
    """Records chosen from a list; kept as their numbers, in order."""

    def __init__(self, **more: Any) -> None:
        super().__init__(coerce=int, required=False, widget=forms.CheckboxSelectMultiple, **more)

    def clean(self, value: Any) -> list[int]:
        return sorted(super().clean(value))


class Words(forms.CharField):
    """Words with spaces or commas between."""

    def prepare_value(self, value: Any) -> Any:
        return " ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return sorted(set(str(super().clean(value) or "").replace(",", " ").replace("，", " ").split()))
