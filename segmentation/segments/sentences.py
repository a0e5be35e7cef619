"""Placeholder until sentences come."""


def sentence(node: object) -> str:
    return repr(node)
