"""Switches with other mirror objects than SMON's, on the same data plane: FASTPATH's session table, D-Link's bitmaps."""

import dlink
import fastpath
import halfspan
import judge
import snmp
import switch_mib
import topology


def netgear(bench, runs):
    """A switch with FASTPATH's session table: the right port, and the table as it was."""
    _search(bench, fastpath.Family, fastpath.ROOT, runs)


def d_link(bench, runs):
    """A switch with D-Link's bitmaps below its model's node: the right port, and the scalars as they were."""
    _search(bench, dlink.Family, dlink.MODEL, runs)


def _search(bench, family, root, runs):
    bench.lab.daemons.become(family)
    try:
        for number, port in enumerate(bench.ports(runs), 1):
            bench.lab.place_suspect(topology.place_of(port), "steady", with_names=True)
            result = judge.Result(family.name, f"{number}/{runs} port {port}")
            before = _look(bench.lab, root)
            run = bench.program.prepare(halfspan.Setup(profile=family.name))
            run.locate("--yes", "--no-tables")
            finished = run.finish()
            judge.located(result, finished, port)
            after = _look(bench.lab, root)
            result.complain_unless(after == before, f"{before} is now {after}")
            bench.report(result, finished)
    finally:
        bench.lab.daemons.become(switch_mib.Smon)


def _look(lab, root):
    """The mirror as the agent tells it and as the kernel does it."""
    return snmp.walk("." + ".".join(map(str, root))), lab.filters()
