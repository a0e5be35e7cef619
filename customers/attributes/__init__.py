"""What can be asked of a customer: one registry of typed attributes and behaviours that every app adds to.

*Attribute*: a value of a customer (age, tier, points, favourite category), known or not. *Behaviour*: something that
customers do, any number of times (bought, returned, visited the website), with the fields it can be narrowed by.
Segments, journeys and rules are built from these; what they mean in SQL stands beside their names, and nowhere else.

An app offers its own from `AppConfig.ready()`: `registry.offer(...)`, `registry.offer_behaviour(...)`.
"""

from customers.attributes.kinds import (
    OPERATORS,
    PERSON,
    Attribute,
    Behaviour,
    Field,
    Kind,
    Measure,
    Moment,
    Operator,
    Relation,
)

__all__ = [
    "OPERATORS", "PERSON", "Attribute", "Behaviour", "Field", "Kind", "Measure", "Moment", "Operator", "Relation",
]  # fmt: skip
