"""Where a request comes from."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

NOWHERE = "0.0.0.0"  # noqa: S104  (a word for "unknown", nothing listens)


def client_address(request: HttpRequest) -> str | None:
    """The client's address; None when it is not known (a unix socket, a header that holds something else).

    Each of the `settings.TRUSTED_PROXIES` proxies in front of us appends who called it to X-Forwarded-For; what
    stands before those entries was written by the caller and proves nothing.
    """
    hops = [request.META.get("REMOTE_ADDR") or ""]
    if settings.TRUSTED_PROXIES:
        hops = [*request.META.get("HTTP_X_FORWARDED_FOR", "").split(","), *hops]
    hop = hops[max(0, len(hops) - 1 - settings.TRUSTED_PROXIES)].strip()
    try:
        address = ip_address(hop.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def neighbourhood(address: str | None) -> str:
    """What one caller can freely choose within: the address itself, or the /64 network of an IPv6 one."""
    if address is None:
        return NOWHERE
    if ":" in address:
        return str(ip_network(f"{address}/64", strict=False).network_address)
    return address
