"""Trees evaluated in plain Python, one customer after another: what the compiled statements are held against.

Written from the words of the registry and not from its SQL: models are read into plain objects, values are worked out
with Python's own calendar, and conditions are asked of them one by one.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from crm.org.models import Chain, Store
from customers.attributes import Kind, Moment, Operator, registry
from customers.consents.cells import CELLS, NO_CONTACT
from customers.consents.state import years_between
from customers.models import (
    Category,
    Consent,
    Customer,
    CustomerTag,
    CustomField,
    Guardian,
    Identity,
    Interaction,
    Lifecycle,
    Line,
    Persona,
    Product,
    Purchase,
    PurchaseState,
    Purpose,
    Return,
)
from loyalty.models import Balance, Coupon, CouponUse, Lot, Membership, Movement, Referral, Unit
from loyalty.models import Kind as MovementKind
from segmentation.models import (
    ChurnScore,
    ClusterMember,
    LifetimeFit,
    LifetimeScore,
    Segment,
    SegmentListed,
    SegmentSpell,
    Standing,
)
from segmentation.segments.tree import Deed, Did, Group, Is, MemberOf, Node, Then, Where, Window

CENT = Decimal("0.01")
ADULT_AT = {"CN": 14, "US": 13, "GB": 13}
Row = dict[str, Any]


class People:
    """Everybody, with every value of the registry and everything that they did, at a moment."""

    def __init__(self, at: Moment) -> None:
        self.at, self.on = at, at.on
        chain = Chain.current()
        self.zone, self.adult_at = ZoneInfo(chain.timezone), ADULT_AT.get(chain.country, 16)
        self.began = datetime.combine(self.on, time(), self.zone)
        self.ended = datetime.combine(self.on + timedelta(days=1), time(), self.zone)
        self.stores = {store.pk: store for store in Store.objects.all()}
        self.parents = dict(Category.objects.values_list("pk", "parent_id"))
        self.everybody = {one.pk: one for one in Customer.objects.all()}
        self.living = [
            pk for pk, one in self.everybody.items() if not one.merged_into_id and not one.erased_at
        ]
        self.values: dict[int, Row] = {pk: {} for pk in self.living}
        for put in (self._person, self._consents, self._sums, self._spells, self._accounts, self._programme):
            put()
        self.deeds = {
            "purchase": self._purchases(), "bought": self._lines(), "returned": self._returns(),
            "touch": self._touches(), "redeemed": self._redeemed(), "coupon_used": self._coupons_used(),
        }  # fmt: skip

    # --- values

    def _person(self) -> None:
        kinds, tags = _lists(Identity, "kind"), _lists(CustomerTag, "tag_id")
        fields = list(CustomField.objects.all())
        for pk in self.living:
            one, known = self.everybody[pk], set(kinds[pk])
            store = self.stores.get(one.home_store_id or 0)
            self.values[pk] |= {
                "person.age": one.birthday and years_between(one.birthday, self.on),
                "person.age_decade": one.birthday and str(years_between(one.birthday, self.on) // 10 * 10),
                "person.birthday": one.birthday and self._next(one.birthday),
                "person.birth_month": one.birthday and str(one.birthday.month),
                "person.gender": one.gender or None, "person.language": one.language or None,
                "person.age_band": one.age_band or None, "person.income": one.income_band or None,
                "person.occupation": one.occupation or None, "person.household": one.household or None,
                "person.household_size": one.household_size, "person.tags": {str(tag) for tag in tags[pk]},
                "person.home_store": store and str(store.pk),
                "person.region": store and store.region_id and str(store.region_id),
                "person.is_member": not one.is_stub, "person.member_since": self._day(one.enrolled_at),
                "person.has_phone": "phone" in known, "person.has_email": "email" in known,
                "person.has_wechat": "openid" in known, "person.has_card": "card" in known,
                "person.has_account": "account" in known,
            }  # fmt: skip
            for field in fields:
                self.values[pk][f"custom.{field.code}"] = _custom(field.kind, one.custom.get(field.code))

    def _next(self, birthday: date) -> date:
        this = _in_year(birthday, self.on.year)
        return this if this >= self.on else _in_year(birthday, self.on.year + 1)

    def _day(self, moment: datetime | None, store_id: int | None = None) -> date | None:
        zone = self.stores[store_id].zone if store_id in self.stores else self.zone
        return moment and moment.astimezone(zone).date()

    def _consents(self) -> None:
        words = defaultdict(list)
        for word in Consent.objects.order_by("pk"):
            words[word.customer_id].append(word)
        guarded = set(Guardian.objects.filter(ended_at=None).values_list("customer_id", flat=True))
        for pk in self.living:
            stop = _last(words[pk], NO_CONTACT)
            is_stopped = stop is not None and stop[1] is False
            self.values[pk]["consent.no_contact"] = is_stopped
            for cell in CELLS:
                found, birthday = _last(words[pk], cell), self.everybody[pk].birthday
                is_given = found is not None and found[1] is True
                if is_given and cell.purpose != Purpose.SERVICE and birthday and pk not in guarded:
                    said = found[0].astimezone(self.zone).date()  # type: ignore[index]
                    is_given = years_between(birthday, said) >= self.adult_at
                self.values[pk][f"consent.{cell.code}"] = is_given and not is_stopped

    def _sums(self) -> None:
        states = {one.customer_id: one for one in PurchaseState.objects.all()}
        for pk in self.living:
            one = states.get(pk) or PurchaseState(customer_id=pk)
            self.values[pk] |= {
                "purchases.last_on": one.last_on, "purchases.first_on": one.first_on, "purchases.count": one.count,
                "purchases.spent": Decimal(one.spent), "purchases.average": _mean(one.spent, one.count),
                "purchases.window_count": one.window_count, "purchases.window_spent": Decimal(one.window_spent),
                "purchases.window_average": _mean(one.window_spent, one.window_count),
            }  # fmt: skip

    def _spells(self) -> None:
        lives, personas, standings, clusters = (
            self._at_night(model) for model in (Lifecycle, Persona, Standing, ClusterMember)
        )
        fits = LifetimeFit.objects.filter(night__lte=self.at.night).order_by("-night_id")[:1]
        newest = [fit.night_id for fit in fits]
        leaving = {one.customer_id: one for one in ChurnScore.objects.filter(night__in=newest)}
        scores = {
            one.customer_id: one for one in LifetimeScore.objects.filter(night__in=[f.night_id for f in fits])
        }
        for pk in self.living:
            life, persona, standing = lives.get(pk), personas.get(pk), standings.get(pk)
            mine = self.values[pk]
            mine |= {"life.stage": life and str(life.stage), "life.since": life and life.began_on}
            for name in ("price_level", "weekday", "daypart"):
                mine[f"persona.{name}"] = persona and str(getattr(persona, name))
            for name in ("discount_share", "deal_share", "online_share", "brand_loyalty"):
                share = persona and getattr(persona, name)
                mine[f"persona.{name}"] = None if share is None else Decimal(share) / 10
            for name in ("visits", "basket_amount", "cycle_days", "next_on"):
                mine[f"persona.{name}"] = persona and getattr(persona, name)
            liked = {"category": "categories", "brand": "brands", "refill": "refill_categories"}
            for code, name in liked.items():
                mine[f"persona.{code}"] = {str(one) for one in (getattr(persona, name) if persona else ())}
            mine["rfm.group"] = standing and standing.group.code
            mine["rfm.value_class"] = standing and str(standing.value_class)
            leaves = leaving.get(pk)
            mine["churn.probability"] = leaves and Decimal(leaves.probability * 100)
            mine["churn.at_stake"] = leaves and leaves.at_stake
            mine["cluster"] = str(clusters[pk].cluster_id) if pk in clusters else None
            score = scores.get(pk) or LifetimeScore()
            mine |= {"lifetime.value_90": score.value_90, "lifetime.value_365": score.value_365}
            for name, parts in (("alive", 10), ("purchases_90", 100)):
                value = getattr(score, name)
                mine[f"lifetime.{name}"] = None if value is None else Decimal(value) / parts
            for name in ("r", "f", "m"):
                mine[f"rfm.{name}"] = (standing and getattr(standing, name)) or None

    def _at_night(self, model: Any) -> dict[int, Any]:
        n = self.at.night
        rows = model.objects.all()
        return {
            r.customer_id: r for r in rows if r.night_id <= n and (r.ended_night is None or r.ended_night > n)
        }

    def _accounts(self) -> None:
        lots = defaultdict(list)
        for lot in Lot.objects.all():
            lots[lot.customer_id, lot.unit].append(lot)
        balances = {(one.customer_id, one.unit): one for one in Balance.objects.all()}
        for pk in self.living:
            found = {unit: self._account(balances.get((pk, unit)), lots[pk, unit]) for unit in Unit}
            stored = found[Unit.STORED][0] + found[Unit.BONUS][0]
            self.values[pk] |= {
                "loyalty.points": found[Unit.POINTS][0], "loyalty.pending": found[Unit.POINTS][1],
                "loyalty.expiring": found[Unit.POINTS][2], "loyalty.growth": found[Unit.GROWTH][0],
                "loyalty.stored": Decimal(stored) / 100,
            }  # fmt: skip

    def _account(self, balance: Balance | None, lots: list[Lot]) -> tuple[int, int, int]:
        """What can be spent, what waits, what of it ends within 30 days."""
        if balance is None:
            return 0, 0, 0
        alive = waiting = soon = 0
        for lot in lots:
            ends = balance.extended_to if lot.is_extended else lot.expires_at
            has_vested = lot.vests_at is not None and lot.vests_at < self.ended
            points = lot.available + (lot.pending if has_vested else 0)
            waiting += 0 if has_vested else lot.pending
            if ends is None or ends > self.began:
                alive += points
                soon += points if ends is not None and ends <= self.ended + timedelta(days=30) else 0
        spendable = max(0, alive - balance.debt)
        return spendable, waiting, min(soon, spendable)

    def _programme(self) -> None:
        kept = {one.customer_id: one for one in Membership.objects.all()}
        used = {
            (use.customer_id, use.coupon_id)
            for use in CouponUse.objects.filter(released_at=None, reversed_at=None, coupon__isnull=False)
            if use.redeemed_at or (use.reserved_until and use.reserved_until > self.began)
        }
        coupons: dict[int, int] = defaultdict(int)
        for c in Coupon.objects.filter(voided_at=None, valid_from__lt=self.ended):
            is_good = c.valid_to is None or c.valid_to > self.began
            coupons[c.customer_id] += is_good and (c.customer_id, c.pk) not in used
        friends: dict[int, int] = defaultdict(int)
        for referral in Referral.objects.filter(state=3):
            brought_by = self.everybody[referral.referrer_id]
            friends[brought_by.merged_into_id or brought_by.pk] += 1
        for pk in self.living:
            one = kept.get(pk)
            self.values[pk] |= {
                "loyalty.tier": one.tier if one else "member", "loyalty.tier_since": one and self._day(one.since),
                "loyalty.tier_until": one and one.keep_until, "loyalty.tier_at_risk": bool(one and one.is_at_risk),
                "loyalty.has_paid": bool(one and one.paid_until and one.paid_tier and one.paid_until >= self.on),
                "loyalty.paid_until": one and one.paid_until, "loyalty.coupons": coupons[pk],
                "loyalty.friends": friends[pk],
            }  # fmt: skip

    # --- deeds

    def _purchases(self) -> dict[int, list[Row]]:
        found = defaultdict(list)
        for p in Purchase.objects.all():
            if p.returned == 0 or p.returned < p.amount:
                hour = p.occurred_at.astimezone(self.stores[p.store_id].zone).hour
                told = {"day": p.business_date, "amount": p.amount - p.returned, "hour": hour}
                told |= {"weekday": str(p.business_date.weekday()), "channel": str(p.channel)}
                found[p.customer_id].append(told | self._place(p.store_id))
        return found

    def _lines(self) -> dict[int, list[Row]]:
        receipts = {p.pk: p for p in Purchase.objects.all() if p.returned == 0 or p.returned < p.amount}
        products = {one.pk: one for one in Product.objects.all()}
        found = defaultdict(list)
        for line in Line.objects.all():
            p, product = receipts.get(line.purchase_id), products[line.product_id]
            if p is not None and line.returned_quantity < line.quantity:
                told: Row = {"day": p.business_date, "receipt": p.pk, "product": str(product.pk)}
                told |= {"category": _text(product.category_id), "brand": _text(product.brand_id)}
                told |= {"quantity": line.quantity - line.returned_quantity, "channel": str(p.channel)}
                told |= {"amount": line.amount - line.returned_amount, "is_discounted": line.discount > 0}
                found[line.customer_id].append(told | self._place(p.store_id))
        return found

    def _returns(self) -> dict[int, list[Row]]:
        return _by_customer(
            (r.customer_id, {"day": r.business_date, "amount": r.amount} | self._place(r.store_id))
            for r in Return.objects.all()
        )

    def _touches(self) -> dict[int, list[Row]]:
        return _by_customer(
            (
                i.customer_id,
                {"day": self._day(i.occurred_at, i.store_id), "kind": i.kind, "channel": str(i.channel)}
                | self._place(i.store_id),
            )
            for i in Interaction.objects.all()
        )

    def _redeemed(self) -> dict[int, list[Row]]:
        spent = Movement.objects.filter(
            unit=Unit.POINTS, kind__in=(MovementKind.REDEEM, MovementKind.CAPTURE)
        )
        return _by_customer(
            (
                m.customer_id,
                {"day": self._day(m.occurred_at, m.store_id), "points": -m.available - m.held}
                | self._place(m.store_id),
            )
            for m in spent
        )

    def _coupons_used(self) -> dict[int, list[Row]]:
        return _by_customer(
            (
                u.customer_id,
                {"day": u.used_on, "coupon": str(u.definition_id), "amount": u.amount}
                | self._place(u.store_id),
            )
            for u in CouponUse.objects.filter(redeemed_at__isnull=False, reversed_at=None)
        )

    def _place(self, store_id: int | None) -> Row:
        store = self.stores.get(store_id or 0)
        return {"store": _text(store_id), "region": _text(store.region_id) if store else None}

    # --- questions

    def who(self, tree: Node) -> list[int]:
        return sorted(pk for pk in self.living if self.holds(tree, pk))

    def holds(self, node: Node, pk: int) -> bool:  # noqa: PLR0911
        match node:
            case Group("all", of):
                return all(self.holds(child, pk) for child in of)
            case Group("any", of):
                return any(self.holds(child, pk) for child in of)
            case Group(_, of):
                return not any(self.holds(child, pk) for child in of)
            case Is(code, operator, value):
                attribute = registry.attribute(code)
                assert attribute is not None
                return self.asked(attribute, self.values[pk][code], operator, value)
            case Did():
                return _amount(self.measured(node, pk), node.operator, node.value)
            case Then(first, then, within):
                days = {row["day"] for row in self.rows(first, pk)}
                later = {row["day"] for row in self.rows(then, pk)}
                return any(timedelta() < b - a <= timedelta(days=within) for a in days for b in later)
            case MemberOf(segment):
                return pk in self._members(segment)

    def asked(self, about: Any, it: Any, operator: Operator, value: Any) -> bool:  # noqa: PLR0911
        if operator in (Operator.KNOWN, Operator.UNKNOWN):
            return (it is not None) == (operator == Operator.KNOWN)
        if operator in (Operator.YES, Operator.NO):
            return bool(it) == (operator == Operator.YES)
        if operator in (Operator.ANY_OF, Operator.NONE_OF):
            return bool(it is not None and self._ways(about, it) & set(value)) == (
                operator == Operator.ANY_OF
            )
        if operator in (Operator.HAS_ANY, Operator.HAS_NONE):
            had = {way for one in it for way in self._ways(about, one)}
            return bool(had & set(value)) == (operator == Operator.HAS_ANY)
        if operator == Operator.HAS_ALL:
            return set(value) <= {way for one in it for way in self._ways(about, one)}
        if it is None:
            return operator == Operator.IS_NOT
        return _ask(about.kind, it, operator, value, self.on)

    def _ways(self, about: Any, code: str) -> set[str]:
        """What a choice of people would have to be for this one to be meant: of a category, any above it."""
        if about.code not in ("category", "persona.category", "persona.refill"):
            return {code}
        found, above = {code}, self.parents.get(int(code))
        while above is not None:
            found.add(str(above))
            above = self.parents[above]
        return found

    def rows(self, deed: Deed, pk: int) -> list[Row]:
        behaviour = registry.behaviour(deed.did)
        assert behaviour is not None
        fields = {field.code: field for field in behaviour.fields}
        return [
            row
            for row in self.deeds[deed.did].get(pk, ())
            if self._is_within(row["day"], deed.window)
            and all(self._meets(row, w, fields) for w in deed.where)
        ]

    def _meets(self, row: Row, where: Where, fields: Row) -> bool:
        return self.asked(fields[where.field], row[where.field], where.operator, where.value)

    def _is_within(self, day: date, window: Window) -> bool:
        if day > self.on + timedelta(days=1):
            return False
        match window.kind:
            case "last_days":
                return day > self.on - timedelta(days=window.days)
            case "longer_ago":
                return day < self.on - timedelta(days=window.days)
            case "between":
                assert window.since and window.until
                return window.since <= day <= window.until
        return True

    def measured(self, did: Did, pk: int) -> Decimal:
        rows = self.rows(did.deed, pk)
        match did.measure:
            case "times":
                return Decimal(len({row.get("receipt", number) for number, row in enumerate(rows)}))
            case "days":
                return Decimal(len({row["day"] for row in rows}))
        return Decimal(sum(row[did.measure] for row in rows))

    @cache  # noqa: B019  as long as the people
    def _members(self, segment: int) -> frozenset[int]:
        known = Segment.objects.get(pk=segment)
        rows: Any = SegmentSpell.objects.filter(segment=segment, ended_at=None)
        if known.kind == "list":
            rows = SegmentListed.objects.filter(version=known.versions.order_by("-number")[0])
        return frozenset(rows.values_list("customer_id", flat=True))


def _ask(kind: Kind, it: Any, operator: Operator, value: Any, on: date) -> bool:
    if kind == Kind.TEXT:
        it, value = it.lower(), value.lower()
        texts: dict[Operator, Callable[[], bool]] = {
            Operator.IS: lambda: it == value,
            Operator.IS_NOT: lambda: it != value,
            Operator.CONTAINS: lambda: value in it,
            Operator.STARTS_WITH: lambda: it.startswith(value),
        }
        return texts[operator]()
    days: dict[Operator, Callable[[], bool]] = {
        Operator.LAST_DAYS: lambda: on - timedelta(days=value) < it <= on,
        Operator.NEXT_DAYS: lambda: on <= it < on + timedelta(days=value),
        Operator.LONGER_AGO: lambda: it < on - timedelta(days=value),
        Operator.ON: lambda: it == value,
        Operator.BEFORE: lambda: it < value,
        Operator.AFTER: lambda: it > value,
    }
    return days[operator]() if operator in days else _amount(it, operator, value)


def _amount(it: Any, operator: Operator, value: Any) -> bool:
    match operator:
        case Operator.AT_LEAST:
            return bool(it >= value)
        case Operator.AT_MOST:
            return bool(it <= value)
        case Operator.BETWEEN:
            return bool(value[0] <= it <= value[1])
        case Operator.IS:
            return bool(it == value)
    return bool(it != value)


def _last(words: list[Consent], cell: Any) -> tuple[datetime, bool | None] | None:
    """The last word of a cell, of those at the same time the most restrictive."""
    rank = {False: 2, None: 1, True: 0}
    mine = [
        (w.occurred_at, rank[w.is_given], w.is_given) for w in words if (w.purpose, w.channel) == tuple(cell)
    ]
    return (max(mine)[0], max(mine, key=lambda one: one[:2])[2]) if mine else None


def _custom(kind: str, value: Any) -> Any:
    if value is None:
        return None
    return {"number": Decimal, "date": date.fromisoformat}.get(kind, lambda same: same)(value)


def _mean(amount: Any, count: int) -> Decimal | None:
    return (Decimal(amount) / count).quantize(CENT, ROUND_HALF_UP) if count else None


def _in_year(birthday: date, year: int) -> date:
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return birthday.replace(year=year, day=28) if birthday.month == 2 and birthday.day == 29 and not is_leap else (
        birthday.replace(year=year)
    )  # fmt: skip


def _lists(model: Any, column: str) -> dict[int, list[Any]]:
    return _by_customer(model.objects.values_list("customer_id", column))


def _by_customer(pairs: Iterable[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for pk, value in pairs:
        found[pk].append(value)
    return found


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
