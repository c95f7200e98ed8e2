//! Port bitmaps: which bit is which port.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

/// Longer bitmaps than this are neither read nor written: 4,096 ports.
const MAX_OCTETS: usize = 512;

/// Which bit of an octet comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BitOrder {
    /// The most significant bit is the lowest port (PortList of the Q-BRIDGE-MIB, RFC 4363).
    #[default]
    HighFirst,
    /// The least significant bit is the lowest port.
    LowFirst,
}

/// How a bitmap is laid out over the units of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PerUnit {
    /// Octets of one unit.
    pub octets: usize,
    /// Port numbers of one unit.
    pub ports: u32,
}

/// How a set of port numbers is written as bits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bitmap {
    /// Which bit of an octet comes first.
    #[serde(default)]
    pub order: BitOrder,
    /// The port number of the very first bit.
    #[serde(default = "one")]
    pub first_port: u32,
    /// The exact length; without it, at least the length that the switch answers.
    #[serde(default)]
    pub octets: Option<usize>,
    /// Whether trailing zero octets are cut off; the empty set is then one zero octet.
    #[serde(default)]
    pub trim: bool,
    /// How units of a stack follow each other.
    #[serde(default)]
    pub per_unit: Option<PerUnit>,
}

fn one() -> u32 {
    1
}

impl Bitmap {
    /// Returns what is wrong with the description itself.
    pub(super) fn fault(&self) -> Option<&'static str> {
        if self.octets.is_some_and(|n| n == 0 || n > MAX_OCTETS) {
            return Some("`octets` must be 1 to 512");
        }
        let units = self.per_unit?;
        let fits = units.octets <= MAX_OCTETS
            && units.ports > 0
            && usize::try_from(units.ports).is_ok_and(|ports| ports <= units.octets * 8);
        (!fits).then_some("`per_unit` must have at least one port and enough octets for its ports")
    }

    /// Writes a set of port numbers, as long as `like` where no exact length is given.
    /// Returns `None` if a port has no bit.
    #[must_use]
    pub fn encode(&self, ports: &BTreeSet<u32>, like: &[u8]) -> Option<Vec<u8>> {
        let length = self.octets.unwrap_or(like.len().clamp(1, MAX_OCTETS));
        let mut octets = vec![0; length];
        for port in ports {
            let (octet, mask) = self.place(*port)?;
            if octet >= octets.len() {
                if self.octets.is_some() || octet >= MAX_OCTETS {
                    return None;
                }
                octets.resize(octet + 1, 0);
            }
            *octets.get_mut(octet)? |= mask;
        }
        if self.trim {
            while octets.len() > 1 && octets.last() == Some(&0) {
                octets.pop();
            }
        }
        Some(octets)
    }

    /// Reads the port numbers whose bits are set.
    #[must_use]
    pub fn decode(&self, octets: &[u8]) -> BTreeSet<u32> {
        let mut ports = BTreeSet::new();
        for (place, octet) in octets.iter().take(MAX_OCTETS).enumerate() {
            for bit in 0..8 {
                if octet & self.mask(bit) != 0 {
                    ports.extend(self.port_at(place * 8 + bit));
                }
            }
        }
        ports
    }

    fn mask(&self, bit: usize) -> u8 {
        match self.order {
            BitOrder::HighFirst => 0x80 >> bit,
            BitOrder::LowFirst => 1 << bit,
        }
    }

    fn place(&self, port: u32) -> Option<(usize, u8)> {
        let nth = port.checked_sub(self.first_port)?;
        let bit = match self.per_unit {
            None => usize::try_from(nth).ok()?,
            Some(unit) => {
                let before = usize::try_from(nth / unit.ports).ok()? * unit.octets * 8;
                before + usize::try_from(nth % unit.ports).ok()?
            }
        };
        Some((bit / 8, self.mask(bit % 8)))
    }

    fn port_at(&self, bit: usize) -> Option<u32> {
        let nth = match self.per_unit {
            None => u32::try_from(bit).ok()?,
            Some(unit) => {
                let in_unit = u32::try_from(bit % (unit.octets * 8)).ok()?;
                if in_unit >= unit.ports {
                    return None;
                }
                u32::try_from(bit / (unit.octets * 8))
                    .ok()?
                    .checked_mul(unit.ports)?
                    + in_unit
            }
        };
        nth.checked_add(self.first_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Bitmap = Bitmap {
        order: BitOrder::HighFirst,
        first_port: 1,
        octets: None,
        trim: false,
        per_unit: None,
    };

    fn set(ports: &[u32]) -> BTreeSet<u32> {
        ports.iter().copied().collect()
    }

    #[test]
    fn the_highest_bit_is_the_lowest_port() {
        // EtherWAN's MIB gives this example: ports 1, 2, 4-8, 10-16, 17, 18.
        let ports = PLAIN.decode(&[0xdf, 0x7f, 0xc0]);
        assert_eq!(
            ports,
            set(&[1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18])
        );
        assert_eq!(
            PLAIN.encode(&ports, &[0; 8]).unwrap(),
            [0xdf, 0x7f, 0xc0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn low_first_with_a_port_zero_and_trimming() {
        // The Microchip stack encodes ports 1, 2 and 20 as 06 00 10.
        let bitmap = Bitmap {
            order: BitOrder::LowFirst,
            first_port: 0,
            trim: true,
            ..PLAIN
        };
        assert_eq!(
            bitmap.encode(&set(&[1, 2, 20]), &[0; 8]).unwrap(),
            [6, 0, 0x10]
        );
        assert_eq!(bitmap.encode(&set(&[]), &[]).unwrap(), [0]);
    }

    #[test]
    fn an_exact_length_has_no_bit_for_ports_beyond_it() {
        let bitmap = Bitmap {
            octets: Some(4),
            ..PLAIN
        };
        assert_eq!(bitmap.encode(&set(&[32]), &[]).unwrap(), [0, 0, 0, 1]);
        assert_eq!(bitmap.encode(&set(&[33]), &[]), None);
        assert_eq!(bitmap.encode(&set(&[0]), &[]), None);
        assert_eq!(PLAIN.encode(&set(&[1_000_000]), &[]), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(
            ports in proptest::collection::btree_set(1u32..=104, 0..40),
            low in any::<bool>(),
            stacked in any::<bool>(),
            like in 0usize..20,
        ) {
            let bitmap = Bitmap {
                order: if low { BitOrder::LowFirst } else { BitOrder::HighFirst },
                per_unit: stacked.then_some(PerUnit { octets: 8, ports: 52 }),
                ..PLAIN
            };
            let octets = bitmap.encode(&ports, &vec![0; like]).unwrap();
            prop_assert!(octets.len() >= like);
            prop_assert_eq!(bitmap.decode(&octets), ports);
        }

        #[test]
        fn any_octets_can_be_read(octets in proptest::collection::vec(any::<u8>(), 0..700), first in any::<u32>()) {
            let bitmap = Bitmap { first_port: first, ..PLAIN };
            prop_assert!(bitmap.decode(&octets).len() <= MAX_OCTETS * 8);
        }
    }
}
