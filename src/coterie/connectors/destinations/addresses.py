"""Which addresses a message may go to: never, unless it is allowed, into the network that the server stands in."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from coterie.errors import Terminal, Transient

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an address is one of the public network, also when it is wrapped in IPv6.

    >>> is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("169.254.169.254"), is_public("1.1.1.1")
    (False, False, False, True)
    """
    one: IPv4Address | IPv6Address | None = ip_address(address.partition("%")[0])
    if isinstance(one, IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        inner = inner or (IPv4Address(int(one) & 0xFFFF_FFFF) if one in _NAT64 else None)
        one = inner or one
    return one is not None and one.is_global and not one.is_multicast


async def resolve(host: str, port: int, *, private: bool) -> str:
    """Return the address to connect to. Raises: Transient when the name is not known now, Terminal when it is not allowed.

    All addresses of a name have to be allowed, and the caller connects to the very one that was looked at.
    """
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Transient(f"the name {host} leads nowhere: {error}") from error
    addresses = [str(info[4][0]) for info in infos]
    denied = [] if private else [one for one in addresses if not is_public(one)]
    if denied:
        raise Terminal(
            f"{host} is {denied[0]}, an address of a private network",
            hint="write private_addresses: allow if that is meant",
        )
    return addresses[0]
