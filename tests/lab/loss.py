"""Loses SNMP packets between the laptop and the switch, by chance, in the kernels of both (nftables)."""

import netns

_TABLE = "inet halfspan_loss"


def begin(percent):
    """From now on that share of the requests is lost before the switch, and of the answers before the laptop."""
    for name, end in (("sw", "dport"), ("laptop", "sport")):
        lines = [
            f"add table {_TABLE}",
            f"add chain {_TABLE} arriving {{ type filter hook input priority 0; }}",
            f"add rule {_TABLE} arriving udp {end} 161 numgen random mod 100 < {percent} counter drop",
        ]
        netns.check(netns.inside(name, ["nft", "-f", "-"]), stdin="\n".join(lines) + "\n")


def end():
    """Returns how many packets were lost in all."""
    lost = 0
    for name in ("sw", "laptop"):
        listed = netns.check(netns.inside(name, ["nft", "list", "table", *_TABLE.split()]))
        lost += int(listed.split("counter packets ")[1].split()[0])
        netns.check(netns.inside(name, ["nft", "delete", "table", *_TABLE.split()]))
    return lost
