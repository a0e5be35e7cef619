"""Orders of a web shop, as the shop writes them, become receipts and returns through the door of all receipts.

    mapping.read(order, connector.mapping)   -> Draft: the receipt and the returns that it says
    connecting.receive(connector, body, by=key) -> Outcome; what cannot be read is kept with the reason
    connecting.replay(kept, by=staff)

The mapping is data: paths into the order (`paths.py`), one for each part of a receipt. docs/guides/integrator.md has
the table.
"""
