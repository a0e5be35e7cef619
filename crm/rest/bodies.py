"""Reading what a call brings: bounded, strict, and with the place of every fault."""

import re
from functools import lru_cache
from typing import Any

import msgspec
from django.http import HttpRequest

from crm.lib.refusals import Fault
from crm.rest import moments
from crm.rest.problems import InvalidInput, LengthRequired, Malformed, TooLarge, UnsupportedMediaType

# PostgreSQL's text holds no NUL and UTF-8 no half of a surrogate pair. Both are legal JSON escapes.
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PLACE = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_FIELD = re.compile(r"field `(?P<field>[^`]*)`")


def read(request: HttpRequest, *, media_type: str, limit: int) -> bytes:
    """The body, which must be of `media_type` and have at most `limit` bytes."""
    if request.META.get("HTTP_TRANSFER_ENCODING"):
        raise LengthRequired("Send the length of the body (Content-Length), not chunks.")
    if request.META.get("HTTP_CONTENT_ENCODING", "identity") != "identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    charset = (request.content_params or {}).get("charset", "utf-8")
    if request.content_type != media_type or charset.lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType(f"Send {media_type} in UTF-8.")
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        raise Malformed("Content-Length is not a number.") from None
    if announced > limit:
        raise TooLarge(f"The body may have {limit} bytes; this one has {announced}.")
    body = request.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"The body may have {limit} bytes.")
    return body


def decode(body: bytes, decoder: msgspec.json.Decoder) -> Any:
    """The body as the decoder's type. Not JSON at all: 400; of a wrong shape: 422 with the place."""
    check_text(body)
    try:
        read = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not JSON: {error}.") from None
    except RecursionError:
        raise Malformed("The body is nested too deeply.") from None
    moments.check(read)
    return read


def check_text(body: bytes) -> None:
    if _NUL_ESCAPE.search(body):
        raise Malformed("Text may not contain the character U+0000.")


def query(request: HttpRequest, shape: type[msgspec.Struct]) -> Any:
    """The address's parameters as `shape`. Unknown and repeated ones are refused, so that a slip is not ignored."""
    given: dict[str, str] = {}
    for name, values in request.GET.lists():
        if len(values) != 1:
            raise InvalidInput(
                f"The parameter {name} stands there twice.", faults=(Fault(name, "Once only."),)
            )
        if "\0" in values[0] or "\0" in name:
            raise Malformed("Text may not contain the character U+0000.")
        given[name] = values[0]
    numbers = _numbers_of(shape)
    read = {name: int(v) if name in numbers and _NUMBER.fullmatch(v) else v for name, v in given.items()}
    try:
        asked = msgspec.convert(read, shape)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    moments.check(asked)
    return asked


@lru_cache
def _numbers_of(shape: type[msgspec.Struct]) -> frozenset[str]:
    """The parameters that are whole numbers. (msgspec's lenient mode would also take "null" for nothing and 0.5 for a
    moment in 1970.)"""
    kind: Any = msgspec.inspect.type_info(shape)
    types = {
        field.name: getattr(field.type, "type", field.type) for field in kind.fields
    }  # without the description
    return frozenset(name for name, type_ in types.items() if isinstance(type_, msgspec.inspect.IntType))


def invalid(error: msgspec.ValidationError) -> InvalidInput:
    """The problem for a wrong shape."""
    sentence = str(error)
    place = _PLACE.search(sentence)
    words = sentence[: place.start()] if place else sentence
    steps = [name or index for name, index in _STEP.findall(place["path"])] if place else []
    if named := _FIELD.search(words):  # "Object contains unknown field `x`" names the object's place
        steps.append(named["field"])
    pointer = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in steps)
    return InvalidInput(f"{words}.", faults=(Fault(pointer, f"{words}."),))
