//! What a switch or router knows already: ports, forwarding, ARP/ND, neighbours. Read over SNMP, never written.
