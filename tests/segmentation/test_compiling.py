"""Compiled trees against their evaluation in plain Python, over random people and the whole registry."""

import os
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import connection
from django.test import TestCase

from crm.lib.owned import Owned
from customers.attributes import Kind, Operator, registry
from customers.consents import permission
from customers.consents.cells import CELLS, NO_CONTACT
from customers.models import Customer, Identity
from segmentation.segments import compiling, evaluating
from segmentation.segments.compiling import Reach
from segmentation.segments.reading import read
from segmentation.segments.tree import Deed, Did, Group, Is, Node, Then, Where, conditions, to_json
from tests.segmentation.evaluation import People
from tests.segmentation.world import World

TREES = int(os.environ.get("SEGMENT_TREES", "300"))  # 10,000: python -m benchmarks segments_model
SEED = int(os.environ.get("SEGMENT_SEED", "5"))


class CompiledTrees(TestCase):
    """One small chain for all: it takes seconds to make, and nothing here changes it."""

    world: World
    people: People

    @classmethod
    def setUpTestData(cls) -> None:
        cls.world = World(seed=SEED)
        cls.people = People(cls.world.moment)

    def test_random_trees_hold_for_whom_they_hold_in_plain_python(self) -> None:
        for number in range(TREES):
            tree = self.world.tree()
            found = evaluating.ids(tree, self.world.moment)
            assert found == self.people.who(tree), f"#{number}: {to_json(tree)}"
            assert evaluating.count(tree, None, self.world.moment) == len(found)

    def test_every_attribute_has_the_value_that_plain_python_finds(self) -> None:
        codes = {one.code for one in registry.attributes()}
        assert {code for values in self.people.values.values() for code in values} == codes

    def test_a_few_and_those_of_some_stores_are_parts_of_all(self) -> None:
        few = [one.pk for one in self.world.people[::3]]
        harbour = frozenset({self.world.stores[0].pk, self.world.stores[2].pk})
        homes = dict(Customer.objects.values_list("pk", "home_store_id"))
        for _ in range(40):
            tree = self.world.tree()
            whole = evaluating.ids(tree, self.world.moment)
            assert evaluating.ids(tree, self.world.moment, among=few) == [
                pk for pk in whole if pk in set(few)
            ]
            scoped = evaluating.rows(compiling.ids(tree, self.world.moment, Reach(store_ids=harbour)))
            assert [row[0] for row in scoped] == [pk for pk in whole if homes[pk] in harbour]

    def test_why_says_of_each_condition_what_it_looked_at_and_whether_it_holds(self) -> None:
        for _ in range(40):
            tree = self.world.tree()
            told = evaluating.values_of(tree, self.people.living, self.world.moment)
            assert sorted(told) == sorted(self.people.living)
            for pk, answers in told.items():
                asked = list(conditions(tree))
                assert [answer.holds for answer in answers] == [self.people.holds(one, pk) for one in asked]
                for one, answer in zip(asked, answers, strict=True):
                    if isinstance(one, Did):
                        assert answer.value == self.people.measured(one, pk)
                    elif isinstance(one, Is) and not isinstance(self.people.values[pk][one.attribute], set):
                        value = self.people.values[pk][one.attribute]
                        assert str(answer.value) == value if isinstance(value, str) else answer.value == value

    def test_several_are_counted_as_each_alone(self) -> None:
        trees = [self.world.tree() for _ in range(12)]
        assert evaluating.counts(trees, None, self.world.moment) == [
            evaluating.count(t, None, self.world.moment) for t in trees
        ]

    def test_consent_is_that_of_the_one_rule(self) -> None:
        everybody = [one.pk for one in self.world.people]
        for cell in (*CELLS, NO_CONTACT):
            asks = Is(f"consent.{'no_contact' if cell == NO_CONTACT else cell.code}", Operator.YES)
            found = set(evaluating.ids(asks, self.world.moment))
            allowed = permission.allowed(everybody, cell.channel, cell.purpose)
            assert found == (set(self.people.living) - allowed if cell == NO_CONTACT else allowed)

    def test_nothing_that_anybody_writes_is_part_of_a_statement(self) -> None:
        """Every place of every value, with what breaks statements out of place: it runs, and finds nobody."""
        for hostile in HOSTILE:
            for tree in hostile_trees(hostile):
                query = compiling.ids(read(to_json(tree)), self.world.moment)
                assert query.sql == compiling.ids(swapped(tree, hostile, "plain"), self.world.moment).sql
                assert evaluating.ids(tree, self.world.moment) == []

    def test_nothing_is_asked_of_one_customer_after_the_other(self) -> None:
        """A sub-plan that is not hashed, and not asked once a statement, would run for each of millions."""
        for tree in every_question():
            query = compiling.counts([Group("none", (tree,))], self.world.moment)
            hashed = str(list(plan(query)))
            for node in plan(query):
                if node.get("Parent Relationship") == "SubPlan":
                    assert f"hashed {node['Subplan Name']}" in hashed, to_json(tree)

    def test_of_a_few_customers_their_rows_alone_are_read(self) -> None:
        """Relations are grouped over everybody; what says who must reach the tables."""
        owned = {model._meta.db_table for model in apps.get_models() if issubclass(model, Owned | Identity)}
        # A friend's row names another; guardians are few, and hashed; uses are found by those of the coupons.
        owned -= {"loyalty_referral", "customers_guardian", "loyalty_couponuse"}
        ways = (
            "mergejoin",
            "hashjoin",
            "seqscan",
        )  # on tables as small as these, a whole one may seem the cheaper way
        with connection.cursor() as cursor:
            cursor.execute("; ".join(f"SET LOCAL enable_{way} = off" for way in ways))
        for tree in every_question():
            query = compiling.ids(tree, self.world.moment, Reach(among=[self.world.people[0].pk]))
            nodes = list(plan(query))
            # Receipts of lines are found by the lines'; on tables as small as these they may all be read.
            of_lines = any(node.get("Relation Name") == "customers_line" for node in nodes)
            for node in nodes:
                name = node.get("Relation Name")
                if name in owned and not (of_lines and name == "customers_purchase"):
                    narrowed = [node.get(part, "") for part in ("Filter", "Index Cond", "Recheck Cond")]
                    mine = (
                        f"{node['Alias']}.customer_id"  # of a tiny table all rows may be held against the few
                    )
                    narrowed += [one["Join Filter"] for one in nodes if mine in one.get("Join Filter", "")]
                    assert "customer_id = " in str(narrowed), (to_json(tree), node)


HOSTILE = ("'; DROP TABLE customers_customer; --", "\\", "%(on)s", "{chosen}", "a\u2028b")


def hostile_trees(text: str) -> list[Node]:
    some = [
        Is(one.code, Operator.ANY_OF, (text,)) for one in registry.attributes() if one.kind == Kind.CHOICE
    ]
    some += [
        Is(one.code, Operator.HAS_ANY, (text,)) for one in registry.attributes() if one.kind == Kind.CHOICES
    ]
    for operator in (Operator.IS, Operator.CONTAINS, Operator.STARTS_WITH):
        some += [Is(one.code, operator, text) for one in registry.attributes() if one.kind == Kind.TEXT]
    found: list[Node] = list(some)
    for behaviour in registry.behaviours():
        for field in behaviour.fields:
            if field.kind == Kind.CHOICE:
                deed = Deed(behaviour.code, (Where(field.code, Operator.ANY_OF, (text,)),))
                found += [Did(deed, "times", Operator.AT_LEAST, Decimal(1)), Then(deed, deed, 5)]
    return found


def swapped(tree: Any, old: str, new: str) -> Any:
    """The same tree with another text in every place."""
    if isinstance(tree, tuple):
        return tuple(swapped(one, old, new) for one in tree)
    if is_dataclass(tree):
        return replace(tree, **{f.name: swapped(getattr(tree, f.name), old, new) for f in fields(tree)})  # type: ignore[type-var]
    return new if tree == old else tree


def every_question() -> list[Node]:
    """Each attribute and each behaviour once."""
    asked = {Kind.FLAG: Operator.YES, Kind.CHOICES: Operator.HAS_NONE}
    found: list[Node] = [
        Is(one.code, asked.get(one.kind, Operator.KNOWN), ("1",) if one.kind == Kind.CHOICES else None)
        for one in registry.attributes()
    ]
    for behaviour in registry.behaviours():
        where = tuple(
            Where(field.code, Operator.ANY_OF, ("1", "2"))
            for field in behaviour.fields
            if field.kind == Kind.CHOICE
        )
        deed = Deed(behaviour.code, where)
        found += [Did(deed, "times", Operator.AT_MOST, Decimal(0)), Then(deed, Deed(behaviour.code), 30)]
    return found


def plan(query: compiling.Query) -> Iterator[dict[str, Any]]:
    """The nodes of the plan."""
    ((found,),) = evaluating.rows(compiling.Query(f"EXPLAIN (FORMAT JSON) {query.sql}", query.params))
    waiting = [found[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        yield node
