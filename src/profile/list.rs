//! Lists of ports in one text or octet string.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;

/// Longer values than this are neither read nor written, in octets.
const MAX_OCTETS: usize = 4096;
/// The most ports that one value may name.
const MAX_PORTS: u32 = 4096;

/// How several ports are written into one text or octet string.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListCodec {
    /// The form.
    pub form: ListForm,
    /// What stands between two items; `,` if absent, a space in pairs.
    pub separator: Option<String>,
    /// What stands between the ends of a range; no ranges, if absent.
    pub range: Option<String>,
    /// Whether a list must be one range without gaps.
    #[serde(default)]
    pub contiguous: bool,
    /// The longest value in octets.
    pub max_octets: Option<usize>,
}

/// The form of a list of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListForm {
    /// Port names, e.g. `1/0/1,1/0/4-7`; how a port is named says `numbering`.
    Names,
    /// Big-endian 32-bit words, the first of which counts the rest.
    CountedWords,
    /// Numbers in pairs of destination and direction, e.g. `65 2 66 1`.
    Pairs,
}

impl ListCodec {
    fn separator(&self) -> &str {
        let usual = if self.form == ListForm::Pairs {
            " "
        } else {
            ","
        };
        self.separator.as_deref().unwrap_or(usual)
    }

    /// Writes a set of port numbers; `template` has `{n}` where the number goes. Returns `None` if the form cannot
    /// say it: too long, or with a gap where there must be none.
    #[must_use]
    pub fn encode(&self, ports: &BTreeSet<u32>, template: &str) -> Option<Vec<u8>> {
        let octets = match self.form {
            ListForm::Names => self.names(ports, template)?.into_bytes(),
            ListForm::CountedWords => {
                let count = u32::try_from(ports.len()).ok()?;
                std::iter::once(&count)
                    .chain(ports)
                    .flat_map(|word| word.to_be_bytes())
                    .collect()
            }
            ListForm::Pairs => return None,
        };
        let longest = self.max_octets.unwrap_or(MAX_OCTETS).min(MAX_OCTETS);
        (octets.len() <= longest).then_some(octets)
    }

    fn names(&self, ports: &BTreeSet<u32>, template: &str) -> Option<String> {
        let runs = runs(ports);
        if self.contiguous && runs.len() > 1 {
            return None;
        }
        let name = |number: u32| template.replace("{n}", &number.to_string());
        let mut text = String::new();
        let mut item = |item: String| {
            if !text.is_empty() {
                text.push_str(self.separator());
            }
            text.push_str(&item);
        };
        for (first, last) in runs {
            match &self.range {
                Some(range) if last > first => {
                    let mut span = name(first);
                    // Writing into a String cannot fail.
                    let _written = write!(span, "{range}{last}");
                    item(span);
                }
                _ => (first..=last).for_each(|number| item(name(number))),
            }
        }
        Some(text)
    }

    /// Reads the port numbers; what is not of the form is left out.
    #[must_use]
    pub fn decode(&self, octets: &[u8], template: &str) -> BTreeSet<u32> {
        let octets = octets.get(..MAX_OCTETS).unwrap_or(octets);
        match self.form {
            ListForm::Names => self.named(&String::from_utf8_lossy(octets), template),
            ListForm::CountedWords => {
                let mut words = octets
                    .chunks_exact(4)
                    .filter_map(|word| Some(u32::from_be_bytes(word.try_into().ok()?)));
                let count = words.next().unwrap_or(0);
                words.take(usize::try_from(count).unwrap_or(0)).collect()
            }
            ListForm::Pairs => self
                .pairs(octets)
                .into_iter()
                .map(|(port, _)| port)
                .collect(),
        }
    }

    fn named(&self, text: &str, template: &str) -> BTreeSet<u32> {
        let items = self.items(text, template);
        items.filter_map(|(_, ports)| ports).flatten().collect()
    }

    /// Returns what a list names that is no port as the template writes it: one of another unit, a group of links.
    #[must_use]
    pub fn strange(&self, octets: &[u8], template: &str) -> Vec<String> {
        if self.form != ListForm::Names {
            return Vec::new();
        }
        let text = String::from_utf8_lossy(octets.get(..MAX_OCTETS).unwrap_or(octets));
        let items = self.items(&text, template);
        items
            .filter(|(item, ports)| ports.is_none() && !item.is_empty())
            .map(|(item, _)| item.to_owned())
            .collect()
    }

    /// Returns the items of a list with the ports that each names, if it is of the form.
    fn items<'a>(
        &'a self,
        text: &'a str,
        template: &'a str,
    ) -> impl Iterator<Item = (&'a str, Option<RangeInclusive<u32>>)> {
        let (before, after) = template.split_once("{n}").unwrap_or(("", ""));
        let number = move |part: &str| -> Option<u32> {
            let part = part.trim();
            let part = part.strip_prefix(before).unwrap_or(part);
            part.strip_suffix(after).unwrap_or(part).parse().ok()
        };
        let items = text.split(self.separator().trim()).map(str::trim);
        items.map(move |item| {
            let range = self.range.as_deref().filter(|range| !range.is_empty());
            let ends = range.and_then(|range| {
                let (first, last) = item.rsplit_once(range)?;
                Some((number(first)?, number(last)?))
            });
            let ports = match (number(item), ends) {
                (Some(port), _) => Some(port..=port),
                (None, Some((first, last))) if last.saturating_sub(first) < MAX_PORTS => {
                    Some(first..=last)
                }
                (None, _) => None,
            };
            (item, ports)
        })
    }

    /// Reads pairs of a destination's number and a direction's code.
    #[must_use]
    pub fn pairs(&self, octets: &[u8]) -> Vec<(u32, i64)> {
        let octets = octets.get(..MAX_OCTETS).unwrap_or(octets);
        let text = String::from_utf8_lossy(octets);
        let numbers: Vec<i64> = text
            .split(|c: char| c.is_whitespace() || self.separator().contains(c))
            .filter_map(|part| part.parse().ok())
            .collect();
        let pair = |pair: &[i64]| Some((u32::try_from(*pair.first()?).ok()?, *pair.get(1)?));
        numbers.chunks_exact(2).filter_map(pair).collect()
    }

    /// Writes one pair.
    #[must_use]
    pub fn pair(&self, port: u32, code: i64) -> Vec<u8> {
        format!("{port}{}{code}", self.separator()).into_bytes()
    }
}

/// Puts numbers that follow each other together.
fn runs(ports: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &port in ports {
        match runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(port) => *last = port,
            _ => runs.push((port, port)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn codec(form: ListForm, range: Option<&str>) -> ListCodec {
        ListCodec {
            form,
            separator: None,
            range: range.map(str::to_owned),
            contiguous: false,
            max_octets: None,
        }
    }

    fn set(ports: &[u32]) -> BTreeSet<u32> {
        ports.iter().copied().collect()
    }

    #[test]
    fn names_are_written_with_ranges_where_the_switch_knows_them() {
        let ports = set(&[1, 4, 5, 6]);
        let plain = codec(ListForm::Names, None).encode(&ports, "Ethernet1/{n}");
        assert_eq!(
            plain.unwrap(),
            b"Ethernet1/1,Ethernet1/4,Ethernet1/5,Ethernet1/6"
        );
        let ranges = codec(ListForm::Names, Some("-"));
        let text = ranges.encode(&ports, "1/0/{n}").unwrap();
        assert_eq!(text, b"1/0/1,1/0/4-6");
        assert_eq!(ranges.decode(&text, "1/0/{n}"), ports);
        assert_eq!(ranges.decode(b" 1, 4-6 ,x,9-7", "{n}"), ports);
        assert_eq!(ranges.decode(b"1/0/1, 1/0/4-1/0/6", "1/0/{n}"), ports);
    }

    #[test]
    fn what_is_no_port_of_the_form_is_told_apart() {
        let ranges = codec(ListForm::Names, Some("-"));
        let strange = |text: &str| ranges.strange(text.as_bytes(), "1/0/{n}");
        assert_eq!(strange("1/0/1, 2/0/3,LAG2"), ["2/0/3", "LAG2"]);
        assert!(strange("").is_empty() && strange("1/0/1-4, 1/0/7").is_empty());
    }

    #[test]
    fn what_the_form_cannot_say_is_not_written() {
        let one_range = ListCodec {
            contiguous: true,
            ..codec(ListForm::Names, Some("-"))
        };
        assert_eq!(one_range.encode(&set(&[3, 4]), "{n}").unwrap(), b"3-4");
        assert_eq!(one_range.encode(&set(&[3, 5]), "{n}"), None);
        let short = ListCodec {
            max_octets: Some(4),
            ..codec(ListForm::Names, None)
        };
        assert_eq!(short.encode(&set(&[1, 2, 3]), "{n}"), None);
    }

    #[test]
    fn counted_words_hold_as_many_as_the_first_says() {
        let words = codec(ListForm::CountedWords, None);
        let octets = words.encode(&set(&[7, 260]), "").unwrap();
        assert_eq!(octets, [0, 0, 0, 2, 0, 0, 0, 7, 0, 0, 1, 4]);
        assert_eq!(words.decode(&octets, ""), set(&[7, 260]));
        assert_eq!(words.decode(&[0xff; 9], ""), set(&[u32::MAX]));
        assert_eq!(words.decode(&[], ""), set(&[]));
    }

    #[test]
    fn pairs_are_read_and_written() {
        let pairs = codec(ListForm::Pairs, None);
        assert_eq!(pairs.pairs(b"65 2 66 1 7"), [(65, 2), (66, 1)]);
        assert_eq!(pairs.pair(65, 0), b"65 0");
    }

    proptest! {
        #[test]
        fn any_octets_can_be_read(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            for form in [ListForm::Names, ListForm::CountedWords, ListForm::Pairs] {
                let read = codec(form, Some("-")).decode(&octets, "{n}");
                prop_assert!(read.len() <= 200 * 4096);
            }
        }

        #[test]
        fn what_was_written_is_read_back(ports in proptest::collection::btree_set(1u32..=500, 0..60), ranges in any::<bool>()) {
            let codec = codec(ListForm::Names, ranges.then_some("-"));
            let text = codec.encode(&ports, "1/0/{n}").unwrap();
            prop_assert_eq!(codec.decode(&text, "1/0/{n}"), ports);
        }
    }
}
