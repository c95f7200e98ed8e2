"""Ethernet frames that no kernel would send for us: announcements, and packets with forged sources. No I/O."""

import socket
import struct

BROADCAST = b"\xff" * 6
_IPV4, _ARP, _UDP = 0x0800, 0x0806, 17


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def announcement(mac, address):
    """A gratuitous ARP request, as a kernel sends when it gets an address."""
    ip = socket.inet_aton(address)
    head = BROADCAST + mac + struct.pack(">H", _ARP)
    return head + struct.pack(">HHBBH", 1, _IPV4, 6, 4, 1) + mac + ip + bytes(6) + ip


def udp(macs, addresses, ports, payload):
    """A UDP packet (RFC 768) without checksum; the arguments are pairs of source and destination."""
    datagram = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    source, destination = map(socket.inet_aton, addresses)
    head = [0x45, 0, 20 + len(datagram), 0, 0x4000, 64, _UDP, 0, source, destination]
    head[7] = _checksum(struct.pack(">BBHHHBBH4s4s", *head))
    packet = struct.pack(">BBHHHBBH4s4s", *head) + datagram
    return macs[1] + macs[0] + struct.pack(">H", _IPV4) + packet


def _checksum(data):
    """The internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
