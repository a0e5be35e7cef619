"""Addresses below /api/v1/."""

from django.urls import path

from customers.api import consents, merges, pairs, receipts, workacts
from customers.api.customers import Customers, Lookup, OneCustomer, Receipts
from customers.api.duplicates import Duplicates
from customers.api.events import Events, EventTokens
from customers.api.facts_of_others import ProvidedFacts
from customers.api.notes import Notes
from customers.api.orders import Orders
from customers.api.products import Products
from customers.api.timelines import CustomerTimeline
from customers.api.work import CustomerWork, Work

urlpatterns = [
    path("customers/", Customers.as_view(), name="api-customers"),
    path("customers/lookup/", Lookup.as_view(), name="api-customer-lookup"),
    path("customers/duplicates/", Duplicates.as_view(), name="api-customer-duplicates"),
    path("customers/<str:customer>/", OneCustomer.as_view(), name="api-customer"),
    path("customers/<str:customer>/merges/", merges.Merges.as_view(), name="api-customer-merges"),
    path(
        "customers/<str:customer>/merges/<str:merge>/", merges.OneMerge.as_view(), name="api-customer-merge"
    ),
    path("customers/<str:customer>/receipts/", Receipts.as_view(), name="api-customer-receipts"),
    path("customers/<str:customer>/notes/", Notes.as_view(), name="api-customer-notes"),
    path("customers/<str:customer>/work/", CustomerWork.as_view(), name="api-customer-work"),
    path("work/", Work.as_view(), name="api-work"),
    path("work/<str:item>/", workacts.OneWork.as_view(), name="api-work-item"),
    path("work/<str:item>/result/", workacts.WorkResult.as_view(), name="api-work-result"),
    path("work/<str:item>/cancellation/", workacts.WorkCancellation.as_view(), name="api-work-cancellation"),
    path("duplicates/", pairs.Pairs.as_view(), name="api-duplicates"),
    path("duplicates/<str:pair>/decision/", pairs.PairDecision.as_view(), name="api-duplicate-decision"),
    path("customers/<str:customer>/consents/", consents.Consents.as_view(), name="api-customer-consents"),
    path(
        "customers/<str:customer>/preference-links/",
        consents.PreferenceLinks.as_view(),
        name="api-customer-preference-links",
    ),
    path("customers/<str:customer>/timeline/", CustomerTimeline.as_view(), name="api-customer-timeline"),
    path("receipts/", receipts.Receipts.as_view(), name="api-receipts"),
    path("receipts/batch/", receipts.ReceiptBatch.as_view(), name="api-receipt-batch"),
    path("returns/", receipts.Returns.as_view(), name="api-returns"),
    path("events/", Events.as_view(), name="api-events"),
    path("events/tokens/", EventTokens.as_view(), name="api-event-tokens"),
    path("orders/<str:connector>/", Orders.as_view(), name="api-orders"),
    path("facts/", ProvidedFacts.as_view(), name="api-facts"),
    path("products/", Products.as_view(), name="api-products"),
]
