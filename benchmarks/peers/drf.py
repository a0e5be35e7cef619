"""The same answers as one writes them by the book: ModelViewSets with nested serializers, related rows prefetched,
and a receipt written one object at a time. Without keys and limits: what is compared is the reading and the writing.
"""

from typing import Any

from django.db import transaction
from django.urls import include, path
from rest_framework import pagination, serializers, viewsets
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter
from rest_framework.views import APIView

from benchmarks.peers.orm_receipt import write
from customers.models import Customer, CustomerTag, Identity, Line, Payment, Purchase, PurchaseState


class IdentitySerializer(serializers.ModelSerializer):
    class Meta:
        model = Identity
        fields = ["kind", "value", "is_primary"]


class StateSerializer(serializers.ModelSerializer):
    class Meta:
        model = PurchaseState
        fields = ["count", "spent", "first_on", "last_on"]


class CustomerSerializer(serializers.ModelSerializer):
    home_store = serializers.SlugRelatedField("code", read_only=True)
    identities = IdentitySerializer(many=True, read_only=True)
    purchases = StateSerializer(source="purchase_state", read_only=True)
    tags = serializers.SerializerMethodField()

    class Meta:
        model = Customer
        fields = [
            "id", "name", "gender", "birthday", "age_band", "income_band", "occupation", "household_size", "household",
            "language", "home_store", "is_stub", "enrolled_at", "updated_at", "identities", "tags", "purchases",
        ]  # fmt: skip

    def get_tags(self, customer: Customer) -> list[str]:
        return list(CustomerTag.objects.filter(customer=customer).values_list("tag__name", flat=True))


class CustomerViewSet(viewsets.ModelViewSet):
    """`/customers/<identifier>/`: the detail route, by the identifier."""

    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []
    serializer_class = CustomerSerializer
    queryset = Customer.objects.select_related("home_store", "purchase_state").prefetch_related("identities")
    lookup_value_regex = "[^/]+"

    def get_object(self) -> Customer:
        found: Customer = get_object_or_404(
            self.get_queryset(), identities__kind="phone", identities__value=self.kwargs["pk"]
        )
        return found


class LineSerializer(serializers.ModelSerializer):
    product = serializers.CharField(source="product.sku")
    name = serializers.CharField(source="product.name")

    class Meta:
        model = Line
        fields = [
            "number",
            "product",
            "name",
            "quantity",
            "amount",
            "discount",
            "returned_quantity",
            "returned_amount",
        ]


class PaymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payment
        fields = ["method", "amount"]


class PurchaseSerializer(serializers.ModelSerializer):
    store = serializers.SlugRelatedField("code", read_only=True)
    lines = LineSerializer(many=True)
    payments = PaymentSerializer(many=True)

    class Meta:
        model = Purchase
        fields = [
            "id", "source_id", "external_id", "store", "channel", "occurred_at", "recorded_at", "business_date",
            "amount", "discount", "returned", "staff_code", "lines", "payments",
        ]  # fmt: skip


class Newest(pagination.CursorPagination):
    page_size = 50
    ordering = ("-business_date", "-id")


class PurchaseViewSet(viewsets.ModelViewSet):
    """`/customers/<id>/receipts/`."""

    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []
    serializer_class = PurchaseSerializer
    pagination_class = Newest

    def get_queryset(self) -> Any:
        rows = Purchase.objects.filter(customer=self.kwargs["customer_pk"]).select_related("store")
        return rows.prefetch_related("lines__product", "payments")


class ReceiptView(APIView):
    """POST writes a receipt, one object at a time."""

    permission_classes: list[Any] = []
    authentication_classes: list[Any] = []

    @transaction.atomic
    def post(self, request: Request) -> Response:
        return Response({"id": write(request.data).pk}, status=201)


router = DefaultRouter()
router.register("customers", CustomerViewSet)
router.register(r"customers/(?P<customer_pk>\d+)/receipts", PurchaseViewSet, basename="purchase")
urlpatterns = [path("receipts/", ReceiptView.as_view()), path("", include(router.urls))]
