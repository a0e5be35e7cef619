"""The goods that a question is about: a category with all below it, a brand, or a brand within a category."""

from dataclasses import dataclass

from customers.models import Brand, Category, Product

ELSEWHERE = 0  # the part of goods that stand in no category, or have no brand


@dataclass(frozen=True)
class Goods:
    """Everything when neither is named."""

    category: Category | None = None
    brand: Brand | None = None

    def __bool__(self) -> bool:
        return bool(self.category or self.brand)

    @property
    def name(self) -> str:
        return " · ".join(one.name for one in (self.brand, self.category) if one)

    def categories(self) -> list[int] | None:
        """The categories that belong to it; None: all, and what stands in none."""
        return below(self.category) if self.category else None


def below(category: Category) -> list[int]:
    """The category and all below it."""
    rows = Category.objects.filter(path__startswith=f"{category.path}/")
    return [category.pk, *rows.order_by("pk").values_list("pk", flat=True)]


@dataclass(frozen=True)
class Parts:
    """Products dealt to the goods asked for (`target`) and to those beside them, which they could be swapped for.

    `of_category` deals by category, ELSEWHERE being those that stand in none; `of_brands` says that brands are the
    parts, within `of_category`'s keys. `names` are those of the parts.
    """

    target: int
    of_category: dict[int, int]
    of_brands: bool
    names: dict[int, str]


def parts(goods: Goods) -> Parts:
    """Of a brand: the other brands in the categories where it is sold. Of a category: its neighbours in the tree."""
    return _brands(goods) if goods.brand else _neighbours(goods.category)


def _neighbours(category: Category | None) -> Parts:
    """Below one parent, or among the roots; without a category the roots and what stands in none: no target then."""
    parent = category.parent if category else None
    place = parent.path.count("/") + 1 if parent else 0
    inside = Category.objects.filter(path__startswith=f"{parent.path}/") if parent else Category.objects.all()
    known = list(inside.order_by("pk").values_list("pk", "path", "name"))
    heads = {path: pk for pk, path, _name in known if path.count("/") == place}
    head_of = {pk: heads.get("/".join(path.split("/")[: place + 1])) for pk, path, _name in known}
    dealt = {pk: head for pk, head in head_of.items() if head} | ({} if category else {ELSEWHERE: ELSEWHERE})
    names = {pk: name for pk, path, name in known if path in heads}
    return Parts(category.pk if category else -1, dealt, False, names)


def _brands(goods: Goods) -> Parts:
    assert goods.brand is not None
    sold = Product.objects.filter(brand=goods.brand)
    if goods.category:
        sold = sold.filter(category__in=below(goods.category))
    held = {pk or ELSEWHERE for pk in sold.values_list("category_id", flat=True)}
    brands = Brand.objects.filter(products__category__in=held).distinct()
    names = dict(brands.values_list("pk", "name")) | {goods.brand.pk: goods.brand.name}
    return Parts(goods.brand.pk, {pk: pk for pk in sorted(held)}, True, names)
