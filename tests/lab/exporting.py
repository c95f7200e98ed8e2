"""A real exporter: what Open vSwitch samples of a machine's packets is what halfspan counts of it."""

import socket
import time

import judge
import netns
import planes
import topology

_LAPTOP = "10.78.0.10"  # on the management network
_COLLECTOR = f"{_LAPTOP}:6343"
_PACKETS = 400
_OCTETS = 100
_PORT = 14999
_HEADERS = 14 + 20 + 8  # Ethernet, IPv4, UDP
_LISTEN = "6s"


def sflow(bench, runs):
    """Open vSwitch's sFlow, one sample a packet: `flows --netflow` tells a machine's packets to the last one."""
    # The suspect of an earlier run may have taken the place of the machine that sends.
    bench.lab.place_suspect(None, "silent")
    with planes.OpenVSwitch(bench.lab.home) as plane:
        plane.sample_every_packet("mgmt0", _COLLECTOR)
        for number, port in enumerate(bench.ports(runs), 1):
            result = judge.Result("sflow", f"{number}/{runs} port {port}")
            finished = _counted(bench.program.prepare(), topology.place_of(port))
            result.seconds = finished.seconds
            judge.no_panic(result, finished)
            _judge(result, finished, topology.own_identity(topology.place_of(port)).address)
            bench.report(result, finished)


def _counted(run, place):
    run.start("flows", "--netflow", _COLLECTOR, "--for", _LISTEN, "--json")
    time.sleep(1.0)
    with netns.entered(place):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sender:
        for _ in range(_PACKETS):
            sender.sendto(bytes(_OCTETS), (topology.ROUTER_ADDRESS, _PORT))
            time.sleep(0.005)
    return run.finish()


def _judge(result, finished, address):
    document = finished.report() or {}
    exported = document.get("exported", {})
    result.complain_unless(exported.get("malformed") == 0, f"exported: {exported}")
    result.complain_unless(exported.get("highest_rate") == 1, f"exported: {exported}")
    ours = [flow for flow in document.get("flows", []) if (flow["a"], flow["b_port"]) == (address, _PORT)]
    sent = [flow["a_to_b"] for flow in ours]
    wanted = [{"packets": _PACKETS, "bytes": _PACKETS * (_HEADERS + _OCTETS)}]
    result.complain_unless(sent == wanted, f"counted {sent}, sent {wanted}; {finished.stderr[-500:]}")
    result.verdict = judge.FAILED if result.complaints else judge.RIGHT
