//! The reason for each step, in one sentence for a person at a rack.

use std::time::Duration;

use crate::port::PortSet;

use super::Search;

/// Why this set is mirrored to narrow the search.
pub(super) fn narrow(search: &Search, ports: &PortSet, listen: Duration) -> String {
    let belief = search.belief();
    let held: f64 = belief
        .ports
        .iter()
        .filter(|(p, _)| ports.contains(*p))
        .map(|(_, c)| c)
        .sum();
    let held = share(held);
    let wait = time(listen);
    let (hold, them) = match ports.len() {
        1 => ("1 port holds".to_owned(), "it"),
        n => (format!("{n} ports hold"), "them"),
    };
    if ports.len() == belief.ports.len() && ports.len() > 1 {
        format!(
            "all {} ports are mirrored to learn whether the suspect is heard at all",
            ports.len()
        )
    } else if ports == search.filter.mirrored() {
        format!(
            "{hold} {held} of the belief and stay mirrored; {wait} more of silence would tell against {them}"
        )
    } else {
        format!(
            "{hold} {held} of the belief; a frame would point to {them}, {wait} of silence against {them}"
        )
    }
}

/// Why a port is switched on or off for the proof.
pub(super) fn proof(on: bool, ports: usize, cycle: u32, cycles: u32, listen: Duration) -> String {
    if on {
        format!(
            "proof {cycle} of {cycles}: only this port is mirrored and the suspect must be heard"
        )
    } else {
        format!(
            "proof {cycle} of {cycles}: all but this port ({ports}) are mirrored and it must be silent for {}",
            time(listen)
        )
    }
}

/// Why everything but the believed port is mirrored.
pub(super) fn moved(ports: usize, listen: Duration) -> String {
    format!(
        "the port fell silent; a frame from the other {ports} within {} would show that the suspect moved",
        time(listen)
    )
}

/// Why a second place is looked for.
pub(super) fn second(listen: Duration) -> String {
    format!(
        "the suspect seems to be in two places; a frame within {} would show the other",
        time(listen)
    )
}

/// Why both places are left out.
pub(super) fn neither(listen: Duration) -> String {
    format!(
        "two places are heard in turn; with neither mirrored it must be silent for {}",
        time(listen)
    )
}

/// Why nothing is mirrored.
pub(super) fn nothing(listen: Duration) -> String {
    format!(
        "nothing is mirrored: is the suspect heard all the same within {}?",
        time(listen)
    )
}

fn share(chance: f64) -> String {
    format!("{:.0} %", 100.0 * chance)
}

fn time(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds < 1.0 {
        format!("{seconds:.2} s")
    } else {
        format!("{seconds:.1} s")
    }
}
