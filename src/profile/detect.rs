//! From what a switch tells about itself to the profiles that may fit it.

use std::sync::OnceLock;

use super::load::{EMBEDDED, parse};
use super::{Identify, Profile};
use crate::snmp::Oid;

/// What a switch tells about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// `sysObjectID` (RFC 3418)
    pub sys_object_id: Oid,
    /// `sysDescr` (RFC 3418)
    pub sys_descr: String,
}

/// Returns the profiles in the program, by name; a test loads each of them.
#[must_use]
pub fn built_in() -> &'static [Profile] {
    static READ: OnceLock<Vec<Profile>> = OnceLock::new();
    READ.get_or_init(|| {
        let all = EMBEDDED.iter();
        all.filter_map(|(name, text)| parse(text, name).ok())
            .collect()
    })
}

/// Returns the built-in profiles whose `identify` fits, the most particular one first.
///
/// A longer part of `sysObjectID` is more particular than a shorter one, and that than a text in `sysDescr`; a profile
/// of which both fit goes before one of which only one does.
#[must_use]
pub fn matching(told: &Told) -> Vec<Profile> {
    let mut found: Vec<(usize, &Profile)> = built_in()
        .iter()
        .filter_map(|profile| Some((rank(&profile.identify, told)?, profile)))
        .collect();
    found.sort_by(|(a, x), (b, y)| b.cmp(a).then_with(|| x.name.cmp(&y.name)));
    found
        .into_iter()
        .map(|(_, profile)| profile.clone())
        .collect()
}

/// Returns the built-in profiles that no word of a switch points to, but an object that tells whether it can mirror.
#[must_use]
pub fn told_by_probe() -> Vec<Profile> {
    let by_probe =
        |profile: &&Profile| profile.probe.is_some() && profile.identify == Identify::default();
    built_in().iter().filter(by_probe).cloned().collect()
}

fn rank(identify: &Identify, told: &Told) -> Option<usize> {
    let ids = identify.sys_object_id.iter();
    let longest = ids
        .filter(|prefix| told.sys_object_id.below(prefix).is_some())
        .map(|prefix| prefix.0.len())
        .max();
    let descr = told.sys_descr.to_lowercase();
    let texts = identify.sys_descr.iter();
    let text = texts
        .filter(|part| descr.contains(&part.to_lowercase()))
        .map(String::len)
        .max();
    match (longest, text) {
        (None, None) => None,
        (longest, text) => Some(longest.unwrap_or(0) * 2 + usize::from(text.is_some())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(id: &str, descr: &str) -> String {
        let told = Told {
            sys_object_id: id.parse().unwrap(),
            sys_descr: descr.to_owned(),
        };
        matching(&told)
            .first()
            .map(|profile| profile.name.clone())
            .unwrap_or_default()
    }

    #[test]
    fn the_longer_part_of_the_object_id_wins() {
        assert_eq!(
            best("1.3.6.1.4.1.171.10.76.20.1", "DGS-1210-28"),
            "dlink-dgs1210"
        );
        assert_eq!(
            best("1.3.6.1.4.1.171.10.76.4", "DGS-1216T"),
            "dlink-dgs12xxt"
        );
        assert_eq!(
            best("1.3.6.1.4.1.25506.11.1.181", "H3C Comware"),
            "hpe-comware"
        );
        assert_eq!(best("1.3.6.1.4.1.890.1.15", "GS2210-24"), "zyxel-4x");
    }

    #[test]
    fn a_description_tells_where_the_object_id_does_not() {
        assert_eq!(
            best("1.3.6.1.4.1.9.1.2327", "IE-1000-8P2S-LM"),
            "cisco-ie1000"
        );
        assert_eq!(best("1.3.6.1.4.1.99999.1", "Fictional switch"), "");
    }
}
