//! A walk of a switch: every instance and its value, as `snmpwalk -On` of net-snmp writes it or as read live.

use std::collections::BTreeMap;

use super::Told;
use crate::snmp::{Oid, Value, VarBind};

/// No more instances are taken in; a large switch has some 200,000.
const MOST_ROWS: usize = 1_000_000;
/// `sysDescr.0`, `sysObjectID.0` (RFC 3418) and the column `ifIndex` (RFC 2863).
const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];
const IF_INDEX: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 1];
/// `ifType` and its value for Ethernet ports, ethernetCsmacd(6).
const IF_TYPE: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 3];
const ETHERNET: i64 = 6;

/// What a switch answered, in the order of the OIDs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Walk {
    rows: BTreeMap<Oid, Value>,
    /// Lines that could not be read.
    pub unread: usize,
}

impl Walk {
    /// Reads the text of `snmpwalk -On`. A line that is neither an instance nor the rest of the one before it is counted
    /// and left out.
    #[must_use]
    pub fn parse(text: &str) -> Walk {
        let mut walk = Walk::default();
        let mut pending: Option<(Oid, String)> = None;
        for line in text.lines() {
            match (instance(line), &mut pending) {
                (Some((oid, said)), _) => {
                    walk.settle(pending.take());
                    pending = Some((oid, said.to_owned()));
                }
                (None, Some((_, said))) => {
                    said.push('\n');
                    said.push_str(line);
                }
                (None, None) if line.trim().is_empty() => {}
                (None, None) => walk.unread += 1,
            }
        }
        walk.settle(pending);
        walk
    }

    fn settle(&mut self, pending: Option<(Oid, String)>) {
        let Some((oid, said)) = pending else {
            return;
        };
        match value(&said) {
            Some(value) if self.rows.len() < MOST_ROWS => {
                self.rows.insert(oid, value);
            }
            Some(_) => self.unread += 1,
            None if said.starts_with("No ") => {}
            None => self.unread += 1,
        }
    }

    /// Adds what was read live.
    pub fn take_in(&mut self, bindings: Vec<VarBind>) {
        let room = MOST_ROWS.saturating_sub(self.rows.len());
        let there = bindings.into_iter().filter(|b| !b.value.is_absent());
        self.rows.extend(there.take(room).map(|b| (b.oid, b.value)));
    }

    /// Returns how many instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The instances at or below `base`, each with the arcs after it.
    pub(super) fn below<'a>(
        &'a self,
        base: &'a Oid,
    ) -> impl Iterator<Item = (&'a [u32], &'a Value)> {
        self.rows
            .range(base..)
            .map_while(|(oid, value)| Some((oid.below(base)?, value)))
    }

    /// What the switch says about itself.
    #[must_use]
    pub fn told(&self) -> Told {
        let id = match self.rows.get(&Oid::from(SYS_OBJECT_ID)) {
            Some(Value::ObjectId(oid)) => oid.clone(),
            _ => Oid::default(),
        };
        let descr = self.rows.get(&Oid::from(SYS_DESCR));
        Told {
            sys_object_id: id,
            sys_descr: descr.and_then(Value::as_text).unwrap_or_default(),
        }
    }

    /// The `ifIndex` of the Ethernet ports; of all interfaces, where no type is told.
    pub(super) fn ports(&self) -> Vec<u32> {
        let types = Oid::from(IF_TYPE);
        let ethernet: Vec<u32> = self
            .below(&types)
            .filter(|(_, value)| value.as_i64() == Some(ETHERNET))
            .filter_map(|(arcs, _)| arcs.first().copied())
            .collect();
        if !ethernet.is_empty() {
            return ethernet;
        }
        let all = Oid::from(IF_INDEX);
        self.below(&all)
            .filter_map(|(arcs, _)| arcs.first().copied())
            .collect()
    }
}

/// Splits `.1.3.6.1.2.1.1.5.0 = STRING: "sw"`.
fn instance(line: &str) -> Option<(Oid, &str)> {
    let (oid, said) = line.split_once(" =")?;
    let oid = oid.strip_prefix('.')?.parse().ok()?;
    Some((oid, said.trim_start()))
}

/// Reads a value as net-snmp writes it.
fn value(said: &str) -> Option<Value> {
    let said = said.trim_end();
    if said == "\"\"" {
        return Some(Value::Octets(Vec::new()));
    }
    let (kind, rest) = said.split_once(':')?;
    let rest = rest.trim();
    Some(match kind {
        "INTEGER" => Value::Integer(number(rest)?.try_into().ok()?),
        "Gauge32" | "Unsigned32" => Value::Unsigned32(number(rest)?.try_into().ok()?),
        "Counter32" => Value::Counter32(number(rest)?.try_into().ok()?),
        "Counter64" => Value::Counter64(number(rest)?.try_into().ok()?),
        "Timeticks" => {
            let ticks = rest.strip_prefix('(')?.split_once(')')?.0;
            Value::TimeTicks(ticks.parse().ok()?)
        }
        "OID" => Value::ObjectId(rest.parse().ok()?),
        "IpAddress" => Value::IpAddress(rest.parse().ok()?),
        "Hex-STRING" | "BITS" => Value::Octets(hexadecimal(rest)),
        "STRING" => Value::Octets(quoted(rest).into_bytes()),
        _ => return None,
    })
}

/// Reads `3`, `enabled(3)` or `3 seconds`.
fn number(text: &str) -> Option<i64> {
    let inside = text
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inside, _)| inside);
    inside
        .or_else(|| text.split_whitespace().next())?
        .parse()
        .ok()
}

/// Reads octets up to the first thing that is none: of BITS, names follow.
fn hexadecimal(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map_while(|octet| (octet.len() == 2).then(|| u8::from_str_radix(octet, 16).ok())?)
        .collect()
}

fn quoted(text: &str) -> String {
    let inside = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    inside.unwrap_or(text).replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_kind_of_value_that_net_snmp_writes_is_read() {
        let text = "\
.1.3.6.1.2.1.1.1.0 = STRING: \"Acme \\\"G\\\"
second line\"
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.99999.1.2
.1.3.6.1.2.1.1.3.0 = Timeticks: (4711) 0:00:47.11
.1.3.6.1.4.1.99999.5.1.0 = INTEGER: enabled(1)
.1.3.6.1.4.1.99999.5.2.0 = INTEGER: 24
.1.3.6.1.4.1.99999.5.3.0 = Hex-STRING: 80 00 01
00 FF
.1.3.6.1.4.1.99999.5.4.0 = \"\"
.1.3.6.1.4.1.99999.5.5.0 = Gauge32: 7 packets
.1.3.6.1.4.1.99999.5.6.0 = No more variables left in this MIB View
";
        let walk = Walk::parse(text);
        assert_eq!((walk.len(), walk.unread), (8, 0));
        let told = walk.told();
        assert_eq!(told.sys_object_id.to_string(), "1.3.6.1.4.1.99999.1.2");
        assert_eq!(told.sys_descr, "Acme \"G\"\nsecond line");
        let base = "1.3.6.1.4.1.99999.5".parse().unwrap();
        let found: Vec<&Value> = walk.below(&base).map(|(_, value)| value).collect();
        assert_eq!(
            found,
            [
                &Value::Integer(1),
                &Value::Integer(24),
                &Value::Octets(vec![0x80, 0, 1, 0, 0xff]),
                &Value::Octets(vec![]),
                &Value::Unsigned32(7),
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_walk_is_counted_and_not_believed() {
        let walk = Walk::parse("<html>\nIF-MIB::ifIndex.1 = INTEGER: 1\n");
        assert!(walk.is_empty());
        assert_eq!(walk.unread, 2);
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "(\\.1\\.3(\\.[0-9]{1,12}){0,4} ?=?.{0,30}\n|.{0,40}\n){0,20}") {
            let walk = Walk::parse(&text);
            prop_assert!(walk.len() + walk.unread <= 20);
        }
    }
}
