"""What templates need: icons, numbers, components with a body, slots."""

from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django import template
from django.forms import BoundField
from django.template.base import Node, NodeList, Parser, Token, token_kwargs
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from crm.ui import slots, words

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """A Tabler icon from the sprite; decoration, so hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("dist/icons.svg"), name
    )


@register.filter
def number(value: Any, places: int | None = None) -> str:
    return words.number(value, places)


@register.simple_tag(takes_context=True)
def money(context: Context, value: Any, places: int | None = None) -> SafeString:
    chain = context.get("chain")
    return format_html(
        '<span class="money">{}</span>', words.money(value, getattr(chain, "currency", ""), places)
    )


@register.simple_tag
def gap() -> str:
    """Between two sentences that a template puts beside each other."""
    return words.gap()


@register.filter
def percent(share: Any, places: int = 1) -> str:
    return words.percent(share, places)


@register.filter
def language(code: str) -> str:
    return words.language(code)


@register.filter
def seconds(value: float | None) -> str:
    return words.seconds(value)


@register.filter
def ago(value: date | datetime | None) -> SafeString | str:
    """Relative, the exact time on hover."""
    if not value:
        return words.NOTHING
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), words.exact(value), words.ago(value)
    )


@register.filter
def day(value: date | datetime | None) -> SafeString | str:
    """The date, how long ago on hover."""
    if not value:
        return words.NOTHING
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), words.ago(value), words.day(value)
    )


@register.filter
def month(value: date) -> str:
    return words.month(value)


@register.filter
def month_day(value: date) -> str:
    return words.month_day(value)


@register.filter
def last_day(end: datetime | None) -> SafeString | str:
    """Of an end, which is the midnight of some store: the last day on which it was not over.

    Twelve hours before is inside that day for whoever reads it, wherever their own midnight lies.
    """
    return day(end - timedelta(hours=12)) if end else words.NOTHING


@register.filter
def clock(value: datetime) -> SafeString:
    """The time of day, exact on hover."""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', value.isoformat(), words.exact(value), words.clock(value)
    )


@register.filter
def exact(value: date | datetime | None) -> str:
    """Date and time as people read them."""
    return words.exact(value) if value else words.NOTHING


@register.filter
def initials(name: str) -> str:
    """At most two letters for the round mark beside a name: "Irina Petrova" → IP, 林小雨 → 小雨."""
    parts = (name or "").split()
    if not parts:
        return "·"
    if len(parts) == 1:
        return parts[0][-2:] if ord(parts[0][0]) > 0x2E80 else parts[0][:1].upper()
    return (parts[0][0] + parts[-1][0]).upper()


@register.simple_tag
def dot(colour: str) -> SafeString:
    """A round mark in a colour that comes from data: an SVG attribute, because the content policy forbids style."""
    return format_html(
        '<svg class="dot" viewBox="0 0 10 10" aria-hidden="true"><circle cx="5" cy="5" r="5" fill="{}"/></svg>',
        colour,
    )


@register.simple_tag
def spark(values: list[float | None]) -> SafeString:
    """A line of at least two values, without axes; an SVG, so no script and no inline style."""
    known = [(at, float(value)) for at, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return mark_safe("")
    low, high = min(v for _, v in known), max(v for _, v in known)
    span, last = (high - low) or 1, len(values) - 1
    points = " ".join(f"{at / last * 100:.1f},{22 - (value - low) / span * 20:.1f}" for at, value in known)
    return format_html(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        points,
    )


@register.simple_tag
def columns(values: list[int]) -> SafeString:
    """Upright bars from zero, the tallest marked; like `spark` an SVG that adds to figures told beside it."""
    top, width = max([*values, 1]), 100 / max(len(values), 1)
    bars = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1.5"/>',
        (
            ("top" if value == top else "", f"{at * width + width * 0.1:.1f}", f"{40 - max(value / top * 40, 1):.1f}",
             f"{width * 0.8:.1f}", f"{max(value / top * 40, 1):.1f}")
            for at, value in enumerate(values)
        ),
    )  # fmt: skip
    return format_html(
        '<svg class="columns-chart" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        bars,
    )


def _checks(bound: BoundField) -> SafeString:
    """The boxes of a field with many of them. Django renders three templates for each, which thousands cannot bear."""
    value, name = bound.value(), bound.html_name
    chosen = {str(one) for one in (() if value is None or isinstance(value, str) else value)}
    boxes = (
        (name, one, mark_safe(" checked") if str(one) in chosen else "", label)
        for one, label in bound.field.widget.choices
    )
    box = '<label class="check"><input type="checkbox" name="{}" value="{}"{}><span>{}</span></label>'
    return format_html_join("", box, boxes)


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, hint: bool = True) -> dict[str, Any]:
    """A form field with its label, hint and errors."""
    widget = bound.field.widget
    kind = getattr(widget, "input_type", "")
    described = [f"{bound.auto_id}_hint"] * bool(bound.help_text) + [f"{bound.auto_id}_errors"] * bool(
        bound.errors
    )
    attributes: dict[str, str | bool] = {"class": "form-select" if kind == "select" else "form-control"}
    if kind == "checkbox":
        attributes["class"] = ""
    if bound.errors:
        attributes |= {"class": f"{attributes['class']} is-invalid", "aria-invalid": "true"}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    many = kind == "checkbox" and hasattr(widget, "choices")
    control = "" if many else bound.as_widget(attrs=attributes)
    carried = bound.as_hidden(only_initial=True) if bound.field.show_hidden_initial else ""
    return {
        "field": bound,
        "hint": bound.help_text if hint else "",
        "control": control or bound,
        "carried": carried,
        "theirs": getattr(bound.form, "theirs", {}).get(bound.name),
        "either": getattr(bound.form, "either", {}).get(bound.name),
        "is_check": kind == "checkbox" and not many,
        "is_many": many,
        "checks": _checks(bound) if many else "",
        "is_hidden": bound.is_hidden,
    }


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """`{{ mapping|get:key }}`: the value under a key that is itself a variable."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.simple_tag(takes_context=True)
def panels(context: Context, name: str, subject: Any) -> SafeString:
    """Everything that apps put into the slot `name`."""
    around: dict[str, Any] = {str(key): value for key, value in context.flatten().items()}
    parts = [
        render_to_string(panel.template, {**around, **values}, request=context.get("request"))
        for panel, values in slots.fill(name, context["staff"], subject)
    ]
    return mark_safe("".join(parts))  # noqa: S308  each part is a rendered template


@register.tag
def component(parser: Parser, token: Token) -> "Component":
    """`{% component "card" title=… %}body{% endcomponent %}` renders components/card.html with `body`."""
    bits = token.split_contents()[1:]
    name = parser.compile_filter(bits.pop(0))
    values = token_kwargs(bits, parser)
    nodes = parser.parse(("endcomponent",))
    parser.delete_first_token()
    return Component(name, values, nodes)


# Variables of components that must not leak in from the page around them.
_BLANK = dict.fromkeys(("title", "lead", "crumbs", "note", "id", "flush", "tone", "count", "low", "tall"), "")


class Component(Node):
    def __init__(self, name: Any, values: dict[str, Any], nodelist: NodeList) -> None:
        self.name, self.values, self.nodelist = name, values, nodelist

    def render(self, context: Context) -> SafeString:
        values = {key: value.resolve(context) for key, value in self.values.items()}
        found = context.template.engine.get_template(f"components/{self.name.resolve(context)}.html")  # type: ignore[union-attr]
        body = self.nodelist.render(context)
        with context.push(**{**_BLANK, **values, "body": body}):
            return found.render(context)
