"""Events: what web pages, apps and other systems tell us becomes touches of customers.

One set of rules for the API and the tracking script (`docs/algorithms/stitching.md`): an event is known for ever by
(source, id); the same again changes nothing; whose touch it is does not depend on the order in which things arrive.

    inbox.receive("shop", batch, by=key)           a batch           -> Outcome
    stitching.owner(marks, at)                     whose event it is
    quarantine.listed(viewer), replay(events, by=staff)
"""
