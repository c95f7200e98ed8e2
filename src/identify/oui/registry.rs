//! The IEEE's registry of MAC prefixes, packed small.
//!
//! Zlib around: ten octets of date, then columns of LEB128 numbers (each length first). All names joined by line
//! feeds in alphabetical order; then for each of the lengths 24, 28 and 36 bits the count, the prefixes as
//! differences in ascending order, and the numbers of their names. Columns of like values pack better than rows.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::mac::Mac;

/// The lengths of prefixes in bits: MA-L, MA-M, MA-S and the older IAB.
const LENGTHS: [u32; 3] = [24, 28, 36];
const DATE_LEN: usize = 10;
/// More than the registry will unpack to in years, in octets.
const MAX_UNPACKED: usize = 16 << 20;
/// The best that zlib can do.
const LEVEL: u8 = 10;

/// A row of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryRow {
    /// The prefix in hexadecimal digits: 6, 7 or 9 of them.
    pub prefix: String,
    /// The organisation.
    pub name: String,
}

/// Prefixes and the organisations they are registered to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Registry {
    date: String,
    names: String,
    /// For each length, in ascending order: the prefix and where its name stands.
    prefixes: [Vec<(u64, Range<usize>)>; LENGTHS.len()],
}

impl Registry {
    /// Returns the day of the registry, as `2026-06-25`.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }

    /// Returns the number of prefixes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prefixes.iter().map(Vec::len).sum()
    }

    /// Tells whether there is no prefix at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the organisation that the longest prefix of `mac` is registered to.
    #[must_use]
    pub fn find(&self, mac: Mac) -> Option<&str> {
        let [a, b, c, d, e, f] = mac.0;
        let address = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let by_length = LENGTHS.iter().zip(&self.prefixes).rev();
        let name = by_length.filter_map(|(length, prefixes)| {
            let wanted = address >> (48 - length);
            let place = prefixes.binary_search_by_key(&wanted, |(prefix, _)| *prefix);
            prefixes.get(place.ok()?).map(|(_, name)| name.clone())
        });
        self.names.get(name.into_iter().next()?)
    }

    /// Packs rows; `date` is a day like `2026-06-25`. Organisations that share a prefix are joined by ` / `.
    ///
    /// Returns `None` if a row or the date is not as it has to be.
    #[must_use]
    pub fn encode(date: &str, rows: &[RegistryRow]) -> Option<Vec<u8>> {
        let mut tables: [BTreeMap<u64, String>; LENGTHS.len()] = Default::default();
        for row in rows {
            let bits = u32::try_from(row.prefix.len()).ok()? * 4;
            let table = tables.get_mut(LENGTHS.iter().position(|length| *length == bits)?)?;
            let prefix = u64::from_str_radix(&row.prefix, 16).ok()?;
            let name = row.name.split_whitespace().collect::<Vec<_>>().join(" ");
            table
                .entry(prefix)
                .and_modify(|names| *names = format!("{names} / {name}"))
                .or_insert(name);
        }
        let mut numbers: BTreeMap<&str, u64> = BTreeMap::new();
        for name in tables.iter().flat_map(BTreeMap::values) {
            numbers.insert(name, 0);
        }
        let names: Vec<&str> = numbers.keys().copied().collect();
        for (number, place) in (0..).zip(numbers.values_mut()) {
            *place = number;
        }
        let names = names.join("\n");
        let mut bytes = date.as_bytes().to_vec();
        if bytes.len() != DATE_LEN {
            return None;
        }
        push_number(&mut bytes, u64::try_from(names.len()).ok()?);
        bytes.extend(names.into_bytes());
        for table in &tables {
            push_number(&mut bytes, u64::try_from(table.len()).ok()?);
            let mut before = 0;
            for prefix in table.keys() {
                push_number(&mut bytes, prefix - before);
                before = *prefix;
            }
            for name in table.values() {
                push_number(&mut bytes, *numbers.get(name.as_str())?);
            }
        }
        Some(miniz_oxide::deflate::compress_to_vec_zlib(&bytes, LEVEL))
    }

    /// Unpacks what [`Registry::encode`] packed; `None` if it is anything else.
    #[must_use]
    pub fn decode(packed: &[u8]) -> Option<Registry> {
        use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

        let bytes = decompress_to_vec_zlib_with_limit(packed, MAX_UNPACKED).ok()?;
        let (date, mut rest) = bytes.split_first_chunk::<DATE_LEN>()?;
        let names_len = take_length(&mut rest)?;
        let (names, mut rest) = rest.split_at_checked(names_len)?;
        let names = str::from_utf8(names).ok()?;
        let places = places_of_lines(names);
        let mut prefixes: [Vec<(u64, Range<usize>)>; LENGTHS.len()] = Default::default();
        for table in &mut prefixes {
            *table = take_table(&mut rest, &places)?;
        }
        Some(Registry {
            date: str::from_utf8(date).ok()?.to_owned(),
            names: names.to_owned(),
            prefixes,
        })
    }
}

fn places_of_lines(text: &str) -> Vec<Range<usize>> {
    let mut start = 0;
    let place = |line: &str| {
        let place = start..start + line.len();
        start = place.end + 1;
        place
    };
    text.split('\n').map(place).collect()
}

fn take_table(rest: &mut &[u8], names: &[Range<usize>]) -> Option<Vec<(u64, Range<usize>)>> {
    let count = take_length(rest)?;
    let mut prefix = 0_u64;
    let mut table = Vec::new();
    for _ in 0..count {
        prefix = prefix.checked_add(take_number(rest)?)?;
        table.push((prefix, 0..0));
    }
    for (_, name) in &mut table {
        *name = names.get(take_length(rest)?)?.clone();
    }
    Some(table)
}

/// Appends a number in LEB128: seven bits an octet, the lowest first.
fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(low & 0x7f);
            return;
        }
        bytes.push(low | 0x80);
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let (octet, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(octet & 0x7f) << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    take_number(rest)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(rows: &[(&str, &str)]) -> Vec<RegistryRow> {
        let row = |(prefix, name): &(&str, &str)| RegistryRow {
            prefix: (*prefix).to_owned(),
            name: (*name).to_owned(),
        };
        rows.iter().map(row).collect()
    }

    fn registry() -> Registry {
        let rows = rows(&[
            ("70B3D5", "Block"),
            ("70B3D51", "Medium  Ltd. "),
            ("70B3D5123", "Small"),
            ("0001C8", "One"),
            ("0001C8", "Two"),
            ("FFFFFF", "Block"),
        ]);
        Registry::decode(&Registry::encode("2026-06-25", &rows).unwrap()).unwrap()
    }

    #[test]
    fn the_longest_prefix_is_found() {
        let registry = registry();
        assert_eq!((registry.date(), registry.len()), ("2026-06-25", 5));
        for (mac, name) in [
            ("70:b3:d5:12:3f:ff", Some("Small")),
            ("70:b3:d5:12:40:00", Some("Medium Ltd.")),
            ("70:b3:d5:20:00:00", Some("Block")),
            ("00:01:c8:00:00:00", Some("One / Two")),
            ("ff:ff:ff:ff:ff:ff", Some("Block")),
            ("00:01:c9:00:00:00", None),
        ] {
            assert_eq!(registry.find(mac.parse().unwrap()), name, "{mac}");
        }
    }

    #[test]
    fn rows_that_make_no_sense_are_refused() {
        assert_eq!(Registry::encode("2026", &[]), None);
        for prefix in ["", "70B3D", "70B3DG", "70B3D51234"] {
            let rows = rows(&[(prefix, "x")]);
            assert_eq!(Registry::encode("2026-06-25", &rows), None, "{prefix}");
        }
    }

    proptest! {
        #[test]
        fn damaged_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let packed = miniz_oxide::deflate::compress_to_vec_zlib(&bytes, 1);
            let _registry = Registry::decode(&packed);
            let _registry = Registry::decode(&bytes);
        }
    }
}
