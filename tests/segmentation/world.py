"""A small chain of random people, in which everything that the registry asks is known of some and not of others; and
random trees over the whole registry.
"""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from customers.attributes import OPERATORS, Kind, Moment, Operator, registry
from customers.consents.cells import CELLS, NO_CONTACT
from customers.models import (
    Brand,
    Category,
    Consent,
    Customer,
    CustomerTag,
    CustomField,
    Guardian,
    Identity,
    Interaction,
    Lifecycle,
    LifecycleRules,
    Line,
    Night,
    Persona,
    Product,
    Purchase,
    PurchaseState,
    Return,
    Tag,
)
from loyalty.models import Balance, Coupon, CouponDefinition, CouponUse, Lot, Membership, Movement, Referral
from segmentation.models import (
    ChurnNight,
    ChurnScore,
    Cluster,
    ClusterMember,
    LifetimeFit,
    LifetimeScore,
    Segment,
    SegmentListed,
    SegmentSpell,
    SegmentVersion,
    Standing,
)
from segmentation.models import Group as RfmGroup
from segmentation.segments.reading import COUNTED
from segmentation.segments.tree import Deed, Did, Group, Is, MemberOf, Node, Then, Where, Window
from tests import cast

ON = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)
WORDS = ("Nurse", "teacher", "Baker", "", "night shift", "O'Neil; DROP TABLE x--", "50% off", "退休")


class World:
    """Everything is written at once. `random` decides, so a seed makes one world."""

    def __init__(self, seed: int, people: int = 60) -> None:
        self.dice = random.Random(seed)
        cast.chain()
        with connection.cursor() as cursor:  # rows of the ledger and of tiers stand here without their past
            cursor.execute("SET LOCAL session_replication_role = replica")
        self._places()
        self._goods()
        self._nights()
        self._fields()
        self._people(people)
        for some in (
            self._words,
            self._receipts,
            self._states,
            self._touches,
            self._programme,
            self._segments,
        ):
            some()
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = origin")
        self.moment = Moment(ON, self.nights[1].pk)

    def maybe(self, value: Any, otherwise: Any = None, share: float = 0.6) -> Any:
        return value if self.dice.random() < share else otherwise

    def day(self, back: int = 400, ahead: int = 5) -> date:
        return ON - timedelta(days=self.dice.randint(-ahead, back))

    def time(self, back: int = 400, ahead: int = 5) -> datetime:
        return NOON - timedelta(minutes=self.dice.randint(-ahead * 1440, back * 1440))

    def money(self, most: int = 200) -> Decimal:
        return Decimal(self.dice.randint(1, most * 100)) / 100

    def _places(self) -> None:
        coast, inland = cast.region("coast"), cast.region("inland")
        zones = ("Asia/Shanghai", "America/New_York", "UTC", "Asia/Shanghai")
        self.stores = [
            cast.store(f"S{i}", f"Store {i}", of=of, timezone=zone)
            for i, (of, zone) in enumerate(zip((coast, coast, inland, None), zones, strict=True))
        ]

    def _goods(self) -> None:
        self.categories: list[Category] = []
        for path in ("food", "food/dairy", "food/dairy/milk", "food_x", "food/bread", "home", "home/care"):
            above = next((one for one in self.categories if one.path == path.rpartition("/")[0]), None)
            self.categories.append(Category.objects.create(path=path, name=path, parent=above))
        self.brands = [Brand.objects.create(name=name) for name in ("Alba", "Bono", "Cara")]
        self.products = [
            Product.objects.create(
                sku=f"P{i}", name=f"Product {i}", category=self.maybe(self.dice.choice(self.categories), share=0.9),
                brand=self.maybe(self.dice.choice(self.brands), share=0.8),
            )
            for i in range(12)
        ]  # fmt: skip

    def _nights(self) -> None:
        rules = LifecycleRules.objects.create()
        self.nights = [
            Night.objects.create(
                on=ON - timedelta(days=3 - i), rules=rules, window_days=365, published_at=NOON
            )
            for i in range(3)
        ]
        self.clusters = [Cluster.objects.create(born_night=self.nights[0]) for _ in range(2)]
        for night in (self.nights[0], self.nights[2]):  # the published one between them was not fitted
            ChurnNight.objects.create(night=night, model_id=1, customers=60, expected=3)
            LifetimeFit.objects.create(
                night=night,
                until=night.on,
                customers=60,
                repeaters=30,
                histories=50,
                days=300,
                rate=0.1,
                value=10,
            )
        self.groups = [RfmGroup.objects.create(code=code) for code in ("champions", "loyal", "lost")]

    def _fields(self) -> None:
        choices = [{"code": "a", "label": "A"}, {"code": "b", "label": "B", "is_retired": True}]
        for kind in ("text", "number", "date", "choice", "flag"):
            CustomField.objects.create(code=f"f_{kind}", label=kind, kind=kind, choices=choices)
        CustomField.objects.create(code="gone", label="Gone", kind="number", archived_at=NOON)

    def _custom(self) -> dict[str, Any]:
        values = {
            "f_text": self.dice.choice(WORDS[:3]), "f_number": str(self.dice.randint(-3, 30) / 2),
            "f_date": self.day().isoformat(), "f_choice": self.dice.choice("ab"), "f_flag": self.dice.random() < 0.5,
            "gone": "7",
        }  # fmt: skip
        return {code: value for code, value in values.items() if self.maybe(True, False)}

    def _people(self, many: int) -> None:
        dice = self.dice
        self.tags = [Tag.objects.create(name=name) for name in ("vip", "staff", "vegan")]
        self.people = Customer.objects.bulk_create(
            Customer(
                name=f"Person {i}", gender=dice.choice(("", "f", "m", "x")), birthday=self._birthday(),
                age_band=self.maybe("30-39", ""), income_band=self.maybe("high", ""), occupation=dice.choice(WORDS),
                household_size=self.maybe(dice.randint(1, 5)), household=self.maybe("family", ""),
                language=dice.choice(("", "en", "zh-hans")), home_store=self.maybe(dice.choice(self.stores), share=0.8),
                is_stub=dice.random() < 0.3, enrolled_at=self.maybe(self.time()), custom=self._custom(),
                erased_at=self.maybe(NOON, share=0.05),
            )
            for i in range(many)
        )  # fmt: skip
        for gone in dice.sample(self.people, 4):
            into = dice.choice([one for one in self.people if one.pk != gone.pk and not one.merged_into_id])
            Customer.objects.filter(pk=gone.pk).update(merged_into=into)
            gone.merged_into = into
        kinds = ("phone", "email", "openid", "card", "account", "member")
        Identity.objects.bulk_create(
            Identity(kind=kind, value=f"{kind}{one.pk}", customer=one)
            for one in self.people for kind in kinds if dice.random() < 0.5
        )  # fmt: skip
        CustomerTag.objects.bulk_create(
            CustomerTag(customer=one, tag=tag)
            for one in self.people
            for tag in self.tags
            if dice.random() < 0.4
        )

    def _birthday(self) -> date | None:
        leap = date(2012, 2, 29)
        old = ON.replace(year=ON.year - self.dice.randint(5, 70)) - timedelta(days=self.dice.randint(-3, 360))
        return self.dice.choice((None, leap, old, old, old))

    def _words(self) -> None:
        dice = self.dice
        times = [self.time() for _ in range(8)]  # some words were said at the same time
        Consent.objects.bulk_create(
            Consent(
                customer=one, purpose=cell.purpose, channel=cell.channel, wording_id=1, source="test", recorded_by="t",
                is_given=dice.choice((True, True, False, None)), occurred_at=min(dice.choice(times), NOON),
                recorded_at=NOON,
            )
            for one in self.people for cell in (*CELLS, NO_CONTACT) for _ in range(dice.choice((0, 1, 1, 2)))
            if cell != NO_CONTACT or dice.random() < 0.3
        )  # fmt: skip
        Guardian.objects.bulk_create(
            Guardian(
                customer=one, name="G", relation="mother", verified="signed", confirmed_at=NOON, recorded_by="test",
                ended_at=self.maybe(NOON, share=0.3),
            )
            for one in dice.sample(self.people, 12)
        )  # fmt: skip

    def _receipts(self) -> None:
        dice = self.dice
        for one in self.people:
            for _ in range(dice.choice((0, 0, 1, 3, 8, 15))):
                lines = [self._line(one) for _ in range(dice.randint(1, 4))]
                amount, returned = (
                    sum((getattr(x, n) for x in lines), Decimal(0)) for n in ("amount", "returned_amount")
                )
                at = self.time()
                store = dice.choice(self.stores)
                receipt = Purchase.objects.create(
                    customer=one, store=store, source_id=1, channel=dice.choice((1, 1, 2)), occurred_at=at,
                    business_date=at.astimezone(store.zone).date(), amount=amount, returned=returned, external_id="x",
                )  # fmt: skip
                for number, line in enumerate(lines, start=1):
                    line.purchase, line.number = receipt, number
                Line.objects.bulk_create(lines)
                if returned:
                    Return.objects.create(
                        customer=one, purchase=receipt, store=dice.choice(self.stores), source_id=1, external_id="y",
                        business_date=self.day(), occurred_at=at, amount=returned,
                    )  # fmt: skip

    def _line(self, one: Customer) -> Line:
        quantity, amount = Decimal(self.dice.randint(1, 4)), self.money()
        back = self.dice.choice((0, 0, 0, 1, quantity))
        return Line(
            customer=one, product=self.dice.choice(self.products), quantity=quantity, amount=amount,
            discount=self.maybe(self.money(5), Decimal(0)), returned_quantity=back,
            returned_amount=amount if back == quantity else amount / 4 // 1 if back else 0,
        )  # fmt: skip

    def _states(self) -> None:
        dice = self.dice
        for one in self.people:
            if dice.random() < 0.7:
                count = dice.randint(0, 9)
                PurchaseState.objects.create(
                    customer=one, first_on=self.maybe(self.day()), last_on=self.maybe(self.day()), count=count,
                    spent=self.money(), window_count=dice.randint(0, count), window_spent=self.money(),
                )  # fmt: skip
            for model, values in (
                (Lifecycle, self._life),
                (Persona, self._persona),
                (Standing, self._standing),
                (ClusterMember, self._cluster),
            ):
                self._spells(one, model, values)
            for night in (self.nights[0], self.nights[2]):
                if dice.random() < 0.6:
                    self._lifetime(one, night)

    def _spells(self, one: Customer, model: Any, values: Any) -> None:
        """None, one, or two that follow each other; which of them holds depends on the night."""
        many = self.dice.choice((0, 1, 2))
        for i in range(many):
            ended = self.nights[1 + i].pk if i + 1 < many else None
            model.objects.create(
                customer=one, night=self.nights[i * self.dice.choice((1, 1))], ended_night=ended, **values()
            )

    def _life(self) -> Any:
        return {"stage": self.dice.randint(1, 6), "began_on": self.day()}

    def _persona(self) -> Any:
        dice = self.dice
        some = lambda rows: [one.pk for one in dice.sample(rows, dice.randint(0, 3))]  # noqa: E731
        return {
            "visits": dice.randint(1, 60), "categories": some(self.categories), "category_shares": [],
            "brands": some(self.brands), "brand_shares": [], "brand_loyalty": self.maybe(dice.randint(0, 1000)),
            "price_level": dice.randint(0, 3), "discount_share": dice.randint(0, 1000), "deal_share": 125,
            "online_share": dice.randint(0, 1000), "weekday": dice.randint(0, 6), "weekday_shares": [],
            "daypart": dice.randint(0, 5), "daypart_shares": [], "basket_amount": self.money(), "basket_lines": 10,
            "cycle_days": self.maybe(dice.randint(1, 90)), "next_on": self.maybe(self.day(5, 40)),
            "refill_categories": some(self.categories), "refill_days": [], "refill_on": [], "digest": 1,
        }  # fmt: skip

    def _standing(self) -> Any:
        r, f, m = (self.dice.randint(0, 5) for _ in range(3))
        return {
            "r": r,
            "f": f,
            "m": m,
            "x": m,
            "group": self.dice.choice(self.groups),
            "value_class": self.dice.randint(0, 3),
        }

    def _cluster(self) -> Any:
        return {"cluster": self.dice.choice(self.clusters)}

    def _lifetime(self, one: Customer, night: Night) -> None:
        dice = self.dice
        LifetimeScore.objects.create(
            customer=one, night=night, alive=self.maybe(dice.randint(0, 1000)), value_90=self.maybe(self.money()),
            purchases_90=self.maybe(dice.randint(0, 900)), value_365=self.maybe(self.money(900)),
        )  # fmt: skip
        if dice.random() < 0.8:
            ChurnScore.objects.create(
                customer=one,
                night=night,
                probability=dice.randint(0, 1000) / 1000,
                at_stake=self.money(),
                points=[],
            )

    def _touches(self) -> None:
        Interaction.objects.bulk_create(
            Interaction(
                customer=one, kind=self.dice.choice(("note", "web_visit", "call")), channel=self.dice.randint(1, 8),
                occurred_at=self.time(), store=self.maybe(self.dice.choice(self.stores)),
            )
            for one in self.people for _ in range(self.dice.choice((0, 0, 2, 5)))
        )  # fmt: skip

    def _programme(self) -> None:
        self.coupons = [
            CouponDefinition.objects.create(code=f"C{i}", name=f"Coupon {i}", created_by="t")
            for i in range(2)
        ]
        for one in self.people:
            for unit in (1, 2, 3, 4):
                if self.dice.random() < 0.6:
                    self._account(one, unit)
            if self.dice.random() < 0.5:
                self._member(one)
            for i in range(self.dice.randint(0, 3)):
                self._coupon(one, i)
            if self.dice.random() < 0.3:
                Referral.objects.create(
                    customer=one, referrer_id=self.dice.choice(self.people).pk, terms_id=1, came_at=NOON, came_on=ON,
                    state=self.dice.choice((1, 3, 3)), settled_at=NOON,
                )  # fmt: skip

    def _account(self, one: Customer, unit: int) -> None:
        dice = self.dice
        Balance.objects.create(
            customer=one,
            unit=unit,
            available=5,
            debt=dice.choice((0, 0, 0, 40)),
            extended_to=self.maybe(self.time(30, 60)),
        )
        for _ in range(dice.randint(0, 4)):
            is_extended = dice.random() < 0.2
            Lot.objects.create(
                customer=one, unit=unit, movement_id=1, points=500, earned_at=NOON,
                vests_at=self.maybe(self.time(3, 3)),
                expires_at=None if is_extended else self.maybe(self.time(5, 50)), is_extended=is_extended,
                pending=dice.choice((0, dice.randint(1, 99))), available=dice.choice((0, dice.randint(1, 99))),
            )  # fmt: skip
        for i in range(dice.randint(0, 3)):
            points = dice.randint(1, 50)
            kind = dice.choice((1, 3, 5))
            leg = {1: "available", 3: "available", 5: "held"}[kind]
            Movement.objects.create(
                customer=one, unit=unit, kind=kind, source=f"s{i}", occurred_at=self.time(), actor="t",
                contra=points if kind > 1 else -points,
                store=self.maybe(dice.choice(self.stores)), **{leg: -points if kind > 1 else points},
            )  # fmt: skip

    def _member(self, one: Customer) -> None:
        paid = self.maybe(self.day(20, 20))
        Membership.objects.create(
            customer=one, tier=self.dice.choice(("silver", "gold")), came_from="member", since=self.time(),
            changed_at=NOON,
            changed_on=ON, reason=1, actor="t", keep_until=self.maybe(self.day(0, 90)),
            notice_on=self.maybe(ON, share=0.3),
            grace_until=self.maybe(ON, share=0.2), paid_tier="gold" if paid else "", paid_until=paid,
        )  # fmt: skip

    def _coupon(self, one: Customer, i: int) -> None:
        dice = self.dice
        coupon = Coupon.objects.create(
            customer=one, definition=dice.choice(self.coupons), terms_id=1, code="x", source=f"s{i}", issued_at=NOON,
            issued_by="t", valid_from=self.time(9, 9), valid_to=self.maybe(self.time(3, 9)),
            voided_at=self.maybe(NOON, share=0.1),
        )  # fmt: skip
        if dice.random() < 0.5:
            at = self.time(60)
            ways: list[dict[str, Any]] = [
                {"redeemed_at": at}, {"redeemed_at": at, "reversed_at": at}, {"reserved_until": self.time(2, 2)},
                {"reserved_until": at, "released_at": at},
            ]  # fmt: skip
            CouponUse.objects.create(
                customer=one, definition=coupon.definition, terms_id=1, coupon=self.maybe(coupon), source=f"u{i}",
                store=self.maybe(dice.choice(self.stores)), owner_id=one.pk, amount=self.money(), used_on=self.day(60),
                actor="t", **dice.choice(ways),
            )  # fmt: skip

    def _segments(self) -> None:
        self.segments = []
        for kind in ("rules", "list"):
            segment = Segment.objects.create(name=kind, kind=kind)
            versions = [
                SegmentVersion.objects.create(segment=segment, number=n, definition={"all": []})
                for n in (1, 2)
            ]
            for one in self.dice.sample(self.people, 25):
                if kind == "list":
                    SegmentListed.objects.create(customer=one, version=self.dice.choice(versions))
                else:
                    SegmentSpell.objects.create(
                        customer=one, segment=segment, version=versions[0], began_at=NOON - timedelta(days=2),
                        ended_at=self.maybe(NOON, share=0.4),
                    )  # fmt: skip
            self.segments.append(segment.pk)

    # --- trees

    def tree(self, depth: int = 0) -> Node:
        dice = self.dice
        if depth < 3 and dice.random() < (0.9, 0.4, 0.25)[depth]:
            how = dice.choice(("all", "any", "none"))
            return Group(how, tuple(self.tree(depth + 1) for _ in range(dice.choice((0, 1, 2, 2, 3)))))
        kind = dice.random()
        if kind < 0.55:
            return self.condition()
        if kind < 0.85:
            return self._did()
        return self._then() if kind < 0.93 else MemberOf(dice.choice(self.segments))

    def condition(self) -> Is:
        asked = self.dice.choice(list(registry.attributes()))
        operator = self.dice.choice(OPERATORS[asked.kind])
        return Is(asked.code, operator, self._value(asked, operator))

    def _did(self) -> Did:
        behaviour = self.dice.choice(list(registry.behaviours()))
        measure = self.dice.choice(behaviour.measures)
        operator = self.dice.choice(COUNTED)
        few = [
            Decimal(self.dice.randint(0, 6) * (1 if measure.kind == Kind.NUMBER else 50)) for _ in range(2)
        ]
        value = (min(few), max(few)) if operator == Operator.BETWEEN else few[0]
        return Did(self._deed(behaviour), measure.code, operator, value)

    def _then(self) -> Then:
        first, then = (self._deed(self.dice.choice(list(registry.behaviours()))) for _ in range(2))
        return Then(first, then, self.dice.choice((1, 7, 30, 365)))

    def _deed(self, behaviour: Any) -> Deed:
        where = []
        for field in self.dice.sample(behaviour.fields, self.dice.choice((0, 0, 1, 1, 2))):
            operator = self.dice.choice(OPERATORS[field.kind])
            where.append(Where(field.code, operator, self._value(field, operator)))
        since, until = sorted((self.day(), self.day()))
        days = self.dice.choice((1, 30, 90, 365))
        window = self.dice.choice(
            (
                Window(),
                Window("last_days", days),
                Window("longer_ago", days),
                Window("between", since=since, until=until),
            )
        )
        return Deed(behaviour.code, tuple(where), window)

    def _value(self, asked: Any, operator: Operator) -> Any:
        match operator.takes:
            case "nothing":
                return None
            case "days":
                return self.dice.choice((1, 7, 30, 90, 365))
            case "two":
                low, high = sorted((self._one(asked), self._one(asked)))
                return (low, high)
            case "many":
                codes: Sequence[str] = list(asked.options()) or ["1"]
                return tuple(sorted({self.dice.choice([*codes, "999", "x'y"]) for _ in range(3)}))
        return self._one(asked)

    def _one(self, asked: Any) -> Any:
        if asked.kind == Kind.DATE:
            return self.day(120, 40)
        if asked.kind == Kind.TEXT:
            return self.dice.choice(("nurse", "TEACH", "30", "high", "fam", "%", "'; DROP", "退"))
        return Decimal(self.dice.choice((0, 1, 2, 3, 5, 10, 20, 30, 50, 100)))
