"""The data set's catalogue in words that people read: a tree of department, category and type, with brands.

The data has no product names; a name is its type and package size. Manufacturers are numbers; private label
is the chain's own brand. Capitals and till abbreviations are written out where the meaning is plain.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from crm.demo.journey import Products
from customers.catalogue import CategoryStep, ProductRow

OWN_BRAND = "Own label"
DEPARTMENTS = {
    "DRUG GM": "Drugstore and household",
    "MEAT-PCKGD": "Packaged meat",
    "SEAFOOD-PCKGD": "Packaged seafood",
    "PASTRY": "Bakery",
    "CNTRL/STORE SUP": "Store supplies",
    "ELECT &PLUMBING": "Electrical and plumbing",
    "GM MERCH EXP": "General merchandise",
    "CHARITABLE CONT": "Charitable contributions",
    "PROD-WHS SALES": "Produce warehouse sales",
}
WORDS = {
    "bev": "beverages", "bkd": "baked", "bn": "beans", "brd": "bread", "brkfst": "breakfast",
    "btl": "bottle", "btr": "butter", "candl": "candle", "catfd": "cat food", "chix": "chicken",
    "chp": "chopped", "ckys": "cookies", "cleang": "cleaning", "cnd": "canned", "cndy": "candy",
    "cntrl": "control", "coco": "cocoa", "conc": "concentrate", "crkr": "crackers",
    "crystl": "crystal", "dnr": "dinner", "dogfd": "dog food", "drnk": "drink", "drnks": "drinks",
    "drsng": "dressing", "dsh": "dishes", "fd": "food", "fem": "feminine", "flvr": "flavour",
    "flvrd": "flavoured", "frz": "frozen", "frzn": "frozen", "gds": "goods", "grnd": "ground",
    "hygn": "hygiene", "jce": "juice", "memorablilia": "memorabilia", "mw": "microwave",
    "mx": "mix", "mxs": "mixes", "ndairy": "non-dairy", "pk": "pack", "pkg": "packaged",
    "pkgd": "packaged", "pkld": "pickled", "pnt": "peanut", "ppk": "prepack", "prem": "premium",
    "prod": "produce", "pwdr": "powder", "refrgratd": "refrigerated", "refrig": "refrigerated",
    "sal": "salad", "sald": "salad", "sft": "soft", "sherbts": "sherbets", "shldr": "shoulder",
    "slc": "sliced", "sndwch": "sandwich", "snks": "snacks", "sod": "soda", "splstk": "split stick",
    "sply": "supplies", "sprd": "spread", "supp": "supplements", "suppplies": "supplies",
    "sup": "supplies", "sweetners": "sweeteners", "tiss": "tissue", "trsh": "trash",
    "veg": "vegetables", "whlsm": "wholesome", "wtr": "water",
}  # fmt: skip
UPPER = {"hbc", "iqf", "qsr", "rw"}


@lru_cache(maxsize=8192)
def readable(text: str) -> str:
    """ "FRZN NOVELTIES/WTR ICE" → "Frozen novelties/water ice"."""
    spaced = re.sub(r"\s+", " ", re.sub(r"([:,])(?=\S)", r"\1 ", text.strip().lower()))
    said = "".join(w.upper() if w in UPPER else WORDS.get(w, w) for w in re.split(r"([a-z]+)", spaced))
    said += ")" if said.count("(") > said.count(")") else ""  # the data cuts types at thirty characters
    return said[:1].upper() + said[1:]


@lru_cache(maxsize=8192)
def _step(text: str, name: str) -> CategoryStep:
    return CategoryStep(re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60], name[:120])


def product_rows(products: Products, only: frozenset[int] | None = None) -> Iterator[ProductRow]:
    """All products, or those whose number is in `only`."""
    wanted = (
        range(len(products.id)) if only is None else [i for i, sku in enumerate(products.id) if sku in only]
    )
    for i in wanted:
        department, size = products.department[i], products.size[i] or ""
        steps = [_step(department, DEPARTMENTS.get(department, readable(department)))]
        steps += [_step(text, readable(text)) for text in (products.category[i], products.type[i]) if text]
        yield ProductRow(
            sku=str(products.id[i]),
            name=f"{steps[-1].name} {size}".strip(),
            category=tuple(steps),
            brand=OWN_BRAND if products.brand[i] == "Private" else f"Maker {products.maker[i]}",
            size=size,
        )
