"""The lab proves its own faults: a switch that was to misbehave and does not would make every run look good."""

import time

import capture
import loss
import netns
import portcopy
import snmp
import topology

MAC = topology.SUSPECT.mac


def run(lab, checks):
    """Makes the checks; leaves an honest switch with nothing mirrored."""
    for part in (_late, _cut_short, _lost, _both_only, _lossy, _forged, _flooded, _switching, _duplicate, _fall_silent):
        part(lab, checks)
        lab.daemons.command_switch(settle=True)
        lab.daemons.command_switch(faults={})
        lab.clear_mirror()
        checks.same(f"{part.__name__[1:]}: nothing is left mirrored", lab.filters(), [])


def _heard(seconds, expression=capture.COPIES_ONLY):
    return capture.count_from(capture.listen(seconds, expression=expression), MAC)


def _copied(lab):
    return sorted({port for port, _, _ in lab.filters()})


def _late(lab, checks):
    lab.place_suspect("h9", "steady")
    lab.daemons.command_switch(faults={"late": 6.0})
    begun = time.monotonic()
    checks.same("late: the SET is answered with noError", snmp.set_values(*snmp.create(9)), "noError")
    checks.expect("late: and at once", time.monotonic() - begun < 4.0, "it took longer than 4 s")
    checks.same("late: the agent shows it", len(snmp.mirror_state()), 3)
    checks.same("late: nothing is copied yet", lab.filters(), [])
    lab.daemons.command_switch(settle=True)
    checks.same("late: later it is", _copied(lab), [9])
    checks.within("late: the copies are heard", _heard(1), 60, 140)


def _cut_short(lab, checks):
    status = snmp.column(portcopy.STATUS, 9, topology.LAPTOP_PORT)
    lab.daemons.command_switch(faults={"at_most": 8})
    checks.same("cut short: 12 sources are accepted", snmp.mirror_exactly(set(range(1, 13))), "noError")
    checks.same("cut short: 8 are copied", _copied(lab), list(range(1, 9)))
    checks.expect("cut short: the ninth is not shown", "No Such" in snmp.get(status), snmp.get(status))
    lab.clear_mirror()
    lab.daemons.command_switch(faults={"at_most": 8, "shows_all": True})
    snmp.mirror_exactly(set(range(1, 13)))
    checks.same("cut unseen: 8 are copied", _copied(lab), list(range(1, 9)))
    checks.same("cut unseen: the ninth is shown", snmp.get(status), str(portcopy.ACTIVE))


def _lost(lab, checks):
    for rows_too in (False, True):
        lab.daemons.command_switch(faults={"lost_after": 2, "rows_too": rows_too})
        snmp.mirror_exactly({5})
        checks.same("lost: not after the first SET", _copied(lab), [5])
        snmp.mirror_exactly({5, 6}, {5})
        time.sleep(0.3)
        checks.same("lost: nothing is copied after the second", lab.filters(), [])
        shown = 0 if rows_too else 6
        checks.same(f"lost: {shown} objects are still shown", len(snmp.mirror_state()), shown)
        snmp.set_values(*snmp.create(7))
        checks.same("lost: the next change revives what is shown", _copied(lab), [7] if rows_too else [5, 6, 7])
        lab.clear_mirror()


def _both_only(lab, checks):
    lab.daemons.command_switch(faults={"both_only": True})
    checks.same("both only: ingress alone is refused", snmp.set_values(*snmp.create(9)), "wrongValue")
    checks.same("both only: both are not", snmp.mirror_exactly({topology.UPLINK}, direction=portcopy.BOTH), "noError")
    lab.place_suspect("h9", "steady")
    checks.within("both only: the uplink shows the suspect", _heard(1), 60, 140)


def _lossy(_lab, checks):
    loss.begin(50)
    for _ in range(20):
        snmp.get(".1.3.6.1.2.1.1.5.0")
    checks.within("lossy: at 50 % some of 20 requests or their answers are lost", loss.end(), 5, 60)
    checks.same("lossy: then none any more", snmp.get(".1.3.6.1.2.1.1.5.0"), '"office-1"')


def _forged(lab, checks):
    snmp.mirror_exactly({9})
    lab.place_suspect("h9", "steady", kind="forged-mac")
    frames = capture.listen(1, expression="udp port 14857")
    checks.within("forged MAC: heard by what the frames look like", len(frames), 60, 140)
    checks.same("forged MAC: never the same twice", len({source for _, source, _ in frames}), len(frames))
    lab.place_suspect("h9", "steady", kind="forged-ip")
    frames = capture.listen(1, expression="udp port 14857 and not src net 10.77.0.0/24")
    checks.within("forged IP: the MAC is its own, the address is not", capture.count_from(frames, MAC), 60, 140)


def _flooded(lab, checks):
    lab.place_suspect("h9", "steady", kind="flooded")
    checks.within("flooded: heard without any mirror", _heard(1), 60, 140)


def _switching(lab, checks):
    lab.place_suspect("h9", "steady", kind="switching")
    heard = [capture.count_from(capture.listen(0.25), MAC) for _ in range(24)]
    checks.expect("switching: heard without a mirror at times", max(heard) > 10, heard)
    checks.expect("switching: and at times not", min(heard) == 0, heard)


def _duplicate(lab, checks):
    lab.place_suspects({"h9": topology.SUSPECT, "h4": topology.SUSPECT}, "steady")
    for port in (9, 4):
        snmp.mirror_exactly({port})
        checks.within(f"duplicate: heard on port {port} alone", _heard(1), 60, 140)
        lab.clear_mirror()


def _fall_silent(lab, checks):
    snmp.mirror_exactly({9})
    lab.place_suspect("h9", "steady")
    lab.fall_silent()
    checks.same("falls silent", _heard(1), 0)
    lab.wiring.pull_out("h9")
    status = snmp.column(portcopy.STATUS, 9, topology.LAPTOP_PORT)
    checks.same("unplugged: the row is notReady", snmp.get(status), str(portcopy.NOT_READY))
    netns.batch("sw", ["link set port9 up"])
