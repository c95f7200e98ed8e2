//! Whom the IEEE gave a MAC's prefix to.

use std::fmt;
use std::sync::OnceLock;

use crate::mac::Mac;

mod registry;

pub use registry::{Registry, RegistryRow};

/// The registry of all prefixes, made by `scripts/refresh-vendors`.
static EMBEDDED: &[u8] = include_bytes!("oui/registry.bin");

/// Whom a MAC belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vendor {
    /// The organisation that the longest matching prefix is registered to.
    Registered(&'static str),
    /// Not registered, and not marked as made up: forged, or newer than our copy of the registry.
    Unknown,
    /// Made up by software: a virtual machine, a phone that hides its address, or a forgery.
    LocallyAdministered,
    /// Multicast or broadcast: never the source of an honest frame.
    Group,
}

impl Vendor {
    /// Looks up a MAC. A few old prefixes are registered although they are marked as made up, so the
    /// registry is asked first.
    #[must_use]
    pub fn of(mac: Mac) -> Vendor {
        match embedded().find(mac) {
            _ if mac.is_group() => Vendor::Group,
            Some(name) => Vendor::Registered(name),
            None if mac.is_locally_administered() => Vendor::LocallyAdministered,
            None => Vendor::Unknown,
        }
    }

    /// Returns the organisation's name.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        match self {
            Vendor::Registered(name) => Some(name),
            Vendor::Unknown | Vendor::LocallyAdministered | Vendor::Group => None,
        }
    }

    /// Returns the day of the embedded registry, as `2026-06-25`.
    #[must_use]
    pub fn registry_date() -> &'static str {
        embedded().date()
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Vendor::Registered(name) => f.write_str(name),
            Vendor::Unknown => {
                let date = Vendor::registry_date();
                write!(f, "unknown to the IEEE registry of {date}")
            }
            Vendor::LocallyAdministered => f.write_str("made up by software, no vendor"),
            Vendor::Group => f.write_str("a group address, no vendor"),
        }
    }
}

/// Unpacks the registry once; a test makes sure that it can be unpacked.
fn embedded() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::decode(EMBEDDED).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vendor(mac: &str) -> Vendor {
        Vendor::of(mac.parse().unwrap())
    }

    #[test]
    fn the_embedded_registry_is_whole_dated_and_small() {
        let registry = Registry::decode(EMBEDDED).expect("readable");
        assert!(registry.len() > 57_000, "{}", registry.len());
        assert!(EMBEDDED.len() < 600_000, "{}", EMBEDDED.len());
        let date: jiff::civil::Date = Vendor::registry_date().parse().unwrap();
        assert!(date >= jiff::civil::date(2026, 6, 25), "{date}");
    }

    #[test]
    fn the_longest_prefix_wins() {
        let of_24 = vendor("04:d4:c4:12:34:56");
        assert_eq!(of_24, Vendor::Registered("ASUSTek COMPUTER INC."));
        // 70:b3:d5 is shared out in blocks of 36 bits, 20:85:93 in blocks of 28.
        let of_36 = vendor("70:b3:d5:71:90:01");
        assert_eq!(of_36, Vendor::Registered("2M Technology"));
        let of_28 = vendor("20:85:93:b0:00:01");
        assert_eq!(of_28, Vendor::Registered("IOG Products LLC"));
    }

    #[test]
    fn addresses_without_a_vendor_are_told_apart() {
        assert_eq!(vendor("02:00:00:00:00:01"), Vendor::LocallyAdministered);
        assert_eq!(vendor("ff:ff:ff:ff:ff:ff"), Vendor::Group);
        assert_eq!(vendor("01:00:5e:00:00:01"), Vendor::Group);
        // Registered before the bit had its meaning.
        assert_eq!(vendor("02:60:8c:00:00:01"), Vendor::Registered("3COM"));
        let unknown = vendor("fc:ff:ff:00:00:01");
        assert_eq!(unknown, Vendor::Unknown);
        assert!(unknown.to_string().contains(Vendor::registry_date()));
        assert_eq!(unknown.name(), None);
    }
}
