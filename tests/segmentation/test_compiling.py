"""Compiled trees against their evaluation in plain Python, over random people and the whole registry."""

import os

import pytest

from customers.attributes import registry
from segmentation.segments import evaluating
from segmentation.segments.tree import to_json
from tests.segmentation.evaluation import People
from tests.segmentation.world import World

pytestmark = pytest.mark.django_db
TREES = int(os.environ.get("SEGMENT_TREES", "400"))


def test_random_trees_hold_for_whom_they_hold_in_plain_python() -> None:
    world = World(seed=5)
    people = People(world.moment)
    for number in range(TREES):
        tree = world.tree()
        found = evaluating.ids(tree, world.moment)
        assert found == people.who(tree), f"#{number}: {to_json(tree)}"
        assert evaluating.count(tree, None, world.moment) == len(found)


def test_every_attribute_has_the_value_that_plain_python_finds() -> None:
    world = World(seed=7)
    people = People(world.moment)
    codes = {one.code for one in registry.attributes()}
    assert {code for values in people.values.values() for code in values} == codes
