//! What is printed on the front panel, guessed from the names that switches give their interfaces.

use std::collections::BTreeSet;

/// What a switch calls an interface.
pub(super) struct Names<'a> {
    /// `ifName`; empty where the switch has none.
    pub(super) if_name: &'a str,
    /// `ifDescr`
    pub(super) descr: &'a str,
    /// `ifIndex`
    pub(super) index: u32,
}

/// Returns the panel label of each interface; no two are the same.
///
/// A switch with `fa0/1` and `gi0/1` has no label `0/1`: then the `ifName` serves, then `ifDescr`, then `if:N`.
pub(super) fn labels(ports: &[Names<'_>]) -> Vec<String> {
    let zero_based = ports.iter().any(|port| port.if_name == "swp00");
    let from_if_name = |port: &Names<'_>| match port.if_name.strip_prefix("swp") {
        Some(number) if zero_based => counted_from_one(number),
        _ => from_name(port.if_name),
    };
    let given = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    unique(ports, from_if_name)
        .or_else(|| unique(ports, |port| from_name(port.descr)))
        .or_else(|| unique(ports, |port| given(port.if_name)))
        .or_else(|| unique(ports, |port| given(port.descr)))
        .unwrap_or_else(|| {
            let by_index = ports.iter().map(|port| format!("if:{}", port.index));
            by_index.collect()
        })
}

/// Applies a rule to every interface; `None` if it fails for one or makes two the same.
fn unique(ports: &[Names<'_>], rule: impl Fn(&Names<'_>) -> Option<String>) -> Option<Vec<String>> {
    let labels: Vec<String> = ports.iter().map(rule).collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = labels.iter().collect();
    (distinct.len() == labels.len()).then_some(labels)
}

/// Reads the panel label out of an interface name; `None` for a name without a number.
///
/// `gi1/0/17`, `GigabitEthernet1/0/17 : copper` and `Unit: 1 Slot: 0 Port: 17 Gigabit` are `1/0/17`; `port17`, `swp17` and
/// `RMON Port 17 on Unit 1` are `17`; `A5`, as modular chassis print it, stays.
pub(super) fn from_name(name: &str) -> Option<String> {
    let name = name.trim();
    if is_module_port(name) {
        return Some(name.to_owned());
    }
    spelled_out(name).or_else(|| number_paths(name).last().map(str::to_owned))
}

/// Tells whether a name is a letter for the module and a number, as HP chassis print it: `A5`.
fn is_module_port(name: &str) -> bool {
    let mut rest = name.chars();
    rest.next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && !rest.as_str().is_empty()
        && rest.all(|c| c.is_ascii_digit())
}

/// ZyNOS calls the first port `swp00`; the panel counts from 1.
fn counted_from_one(number: &str) -> Option<String> {
    let number: u16 = number.parse().ok()?;
    Some((u32::from(number) + 1).to_string())
}

/// Reads `Unit: 1 Slot: 0 Port: 17 Gigabit`. A unit that comes after the port is a remark, not a part of the label.
fn spelled_out(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let (before, port) = lower
        .match_indices("port")
        .find_map(|(at, _)| Some((lower.get(..at)?, number_after(&lower, at, "port")?)))?;
    let place = ["unit", "slot"].into_iter().filter_map(|word| {
        let at = before.find(word)?;
        number_after(before, at, word)
    });
    Some(place.chain([port]).collect::<Vec<_>>().join("/"))
}

/// Reads the number, or path of numbers, that follows the `word` at `at`.
fn number_after<'a>(text: &'a str, at: usize, word: &str) -> Option<&'a str> {
    let rest = text.get(at + word.len()..)?.trim_start_matches([':', ' ']);
    let path = number_paths(rest).next()?;
    rest.starts_with(path).then_some(path)
}

/// The runs of digits in a text, together with the `/`, `:` and `.` between them.
fn number_paths(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '/' | ':' | '.')))
        .map(|run| run.trim_matches(['/', ':', '.']))
        .filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_out_of_the_names_that_vendors_give() {
        for (name, label) in [
            ("gi1/0/17", "1/0/17"),
            ("GigabitEthernet0/17", "0/17"),
            ("gigabitEthernet 1/0/17 : copper", "1/0/17"),
            ("Ethernet1/17", "1/17"),
            ("10GbE1/1/17", "1/1/17"),
            ("ge-0/0/17", "0/0/17"),
            ("1:17", "1:17"),
            ("17", "17"),
            ("A5", "A5"),
            ("port17", "17"),
            ("Port 17", "17"),
            ("Port 1/0/17", "1/0/17"),
            ("swp17", "17"),
            ("ether17", "17"),
            ("Slot: 0 Port: 17 Gigabit - Level", "0/17"),
            ("Unit: 1 Slot: 0 Port: 17 Gigabit - Level", "1/0/17"),
            ("RMON Port 17 on Unit 1", "17"),
            ("Ethernet Port on unit 1, port 17", "1/17"),
            ("D-Link DES-3200-28 R4.00 Port 17 on Unit 1", "17"),
        ] {
            assert_eq!(from_name(name).as_deref(), Some(label), "{name}");
        }
        for name in ["", "mgmt", "portable", "é"] {
            assert_eq!(from_name(name), None, "{name}");
        }
    }

    fn labelled(names: &[(&str, &str)]) -> Vec<String> {
        let ports: Vec<Names<'_>> = (1..)
            .zip(names)
            .map(|(index, &(if_name, descr))| Names {
                if_name,
                descr,
                index,
            })
            .collect();
        labels(&ports)
    }

    #[test]
    fn ports_that_would_share_a_label_keep_their_names() {
        assert_eq!(
            labelled(&[("Fa0/1", ""), ("Gi0/1", "")]),
            ["Fa0/1", "Gi0/1"]
        );
        assert_eq!(labelled(&[("", "X"), ("", "X")]), ["if:1", "if:2"]);
    }

    #[test]
    fn without_if_name_the_description_serves() {
        assert_eq!(labelled(&[("", "Port 1"), ("", "Port 2")]), ["1", "2"]);
    }

    #[test]
    fn a_switch_that_counts_from_zero_is_labelled_from_one() {
        let names = [("swp00", ""), ("swp09", ""), ("swp10", "")];
        assert_eq!(labelled(&names), ["1", "10", "11"]);
        assert_eq!(labelled(&[("swp1", ""), ("swp10", "")]), ["1", "10"]);
    }
}
