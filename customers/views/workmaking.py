"""Making a follow-up from a customer's page."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.org.models import Staff
from crm.org.permissions import Permission
from customers import clocks, work, workkinds
from customers.models import Customer, Priority
from customers.views.profile import CustomerView
from customers.views.work import colleagues


class WorkForm(forms.Form):
    """`due` is a day and time in the clock of the customer's store."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"))
    title = forms.CharField(
        label=gettext_lazy("What is to be done"),
        max_length=work.LONGEST_TITLE,
        widget=forms.TextInput(attrs={"autofocus": True, "class": "full"}),
    )
    due = forms.CharField(
        label=gettext_lazy("Due"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    owner = forms.ChoiceField(label=gettext_lazy("Who"), required=False)
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    script = forms.CharField(
        label=gettext_lazy("Script"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "full"}),
        help_text=gettext_lazy("Only where something else is to be said than the kind's script."),
    )

    def __init__(self, data: Any, *, staff: Staff, customer: Customer) -> None:
        self.zone = clocks.zone_of(customer.home_store)
        tomorrow = now().astimezone(self.zone) + timedelta(days=1)
        initial = {"due": f"{tomorrow:%Y-%m-%d}T10:00", "owner": str(staff.pk), "kind": "call"}
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        fields["kind"].choices = [(kind.code, kind.name) for kind in workkinds.known()]
        others = colleagues(customer) if staff.may(Permission.ASSIGN_WORK) else []
        me = [(str(staff.pk), _("Me"))] if staff.may(Permission.WORK_ITEMS) else []
        rest = [(str(one.pk), one.name) for one in others if one.pk != staff.pk]
        fields["owner"].choices = [*me, ("", _("Anybody at the store")), *rest]

    def clean_due(self) -> Any:
        due = clocks.local(self.cleaned_data["due"], self.zone)
        if due is None:
            raise forms.ValidationError(_("Day and time, please."))
        return due

    def owner_chosen(self) -> Staff | None:
        told = self.cleaned_data["owner"]
        return Staff.objects.get(pk=told) if told else None


class NewWork(CustomerView):
    permission = Permission.WORK_ITEMS
    template = "customers/work_new.html"

    def get(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form = WorkForm(None, staff=self.staff, customer=customer)
        return self.render(self.template, {"form": form} | self.around(customer))

    def post(self, request: HttpRequest, public_id: str) -> HttpResponse:
        customer = self.customer(public_id)
        form = WorkForm(request.POST, staff=self.staff, customer=customer)
        return self.answer(
            form, lambda: self.make(customer, form), done=self.made(customer), context=self.around(customer)
        )

    def make(self, customer: Customer, form: WorkForm) -> Any:
        told = form.cleaned_data
        return work.create(
            customer, kind=told["kind"], title=told["title"], due_at=told["due"], owner=form.owner_chosen(),
            script=told["script"], priority=told["priority"], by=self.staff, at=now(),
        )  # fmt: skip

    def made(self, customer: Customer) -> Any:
        def address(item: Any) -> str:
            undo = reverse("customers:work-making", args=[item.public_id])
            self.say(_("Follow-up added: %(title)s") % {"title": item.title}, undo=undo)
            return reverse("customers:customer", args=[customer.public_id])

        return address

    def around(self, customer: Customer) -> dict[str, Any]:
        address = reverse("customers:customer", args=[customer.public_id])
        name = customer.name or customer.public_id
        zone = clocks.zone_of(customer.home_store)
        crumbs = [(_("Customers"), reverse("customers:list")), (name, address)]
        title = _("Follow-up: %(name)s") % {"name": name}
        return {"title": title, "crumbs": crumbs, "back": address, "zone": zone.key, "subject": customer}
