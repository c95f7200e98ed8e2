//! The virtual switch: data plane, agents, hosts, faults. It speaks the real protocols on loopback.
