"""Port lists as bit strings (Q-BRIDGE-MIB, RFC 4363): the highest bit of the first octet is port 1."""


def ports(octets):
    """The set of ports whose bits are set."""
    return {at * 8 + bit + 1 for at, octet in enumerate(octets) for bit in range(8) if octet & 0x80 >> bit}


def octets(numbers, count):
    """The bit string of a switch with so many ports."""
    bits = bytearray((count + 7) // 8)
    for number in numbers:
        bits[(number - 1) // 8] |= 0x80 >> (number - 1) % 8
    return bytes(bits)
