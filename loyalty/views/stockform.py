"""The form of a reward's counts: a number a store, and hidden beside it what the store had when it was shown."""

from collections.abc import Sequence
from typing import Any

from django import forms

from crm.org.models import Store
from crm.ui.edits import EditForm
from loyalty.models import Reward, RewardStock
from loyalty.rewards import stock


class StockForm(EditForm, forms.Form):
    def __init__(self, data: Any = None, *, reward: Reward, stores: Sequence[Store]) -> None:
        have = dict(RewardStock.objects.filter(reward=reward).values_list("store", "quantity"))
        super().__init__(data, initial={f"store-{one.pk}": have.get(one.pk) for one in stores})
        self.stores = {f"store-{one.pk}": one.pk for one in stores}
        for store in stores:
            few = forms.NumberInput(attrs={"class": "form-control few"})
            self.fields[f"store-{store.pk}"] = forms.IntegerField(
                label=store.name, required=False, min_value=0, max_value=stock.MOST, widget=few
            )
        self.carry()

    def told(self) -> dict[int, int | None]:
        return {pk: self.cleaned_data[name] for name, pk in self.stores.items() if name in self.data}

    def was(self) -> dict[int, int | None]:
        return {self.stores[name]: value for name, value in self.based_on().items()}
