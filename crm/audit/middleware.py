"""Says from where a request comes, for whatever is recorded while it is answered."""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from crm.audit import context

API = "/api/"
# Family by a word of the User-Agent, the more special first: most of them claim to be Safari.
FAMILIES = (
    ("MicroMessenger", "WeChat"), ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("Chrome", "Chrome"), ("CriOS", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


class OriginMiddleware:
    """Stands before the API's door, so that both pages and calls pass it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        channel = "api" if request.path_info.startswith(API) else "page"
        agent = family_of(request.META.get("HTTP_USER_AGENT", ""))
        with context.at(channel, address=address_of(request), agent=agent):
            return self.get_response(request)


def address_of(request: HttpRequest) -> str:
    """The client's address. Behind PROXY_COUNT proxies it is what the outermost of ours wrote down."""
    count = settings.AXES_IPWARE_PROXY_COUNT
    told = request.META.get("REMOTE_ADDR", "")
    if count:
        hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        told = hops[-count] if len(hops) >= count else ""
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return ""


def family_of(agent: str) -> str:
    """Such as "Firefox, Linux" or "python-requests"; never the whole line, which tells devices apart."""
    family = next((name for word, name in FAMILIES if word in agent), "")
    if family:
        system = next((name for word, name in SYSTEMS if word in agent), "")
        return f"{family}, {system}" if system else family
    program = agent.partition("/")[0].partition(" ")[0][:40]
    return program if program.replace("-", "").replace("_", "").replace(".", "").isalnum() else ""
