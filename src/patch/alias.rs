//! Reading the outlet from a port's description (`ifAlias`).

use std::fmt;
use std::str::FromStr;

use crate::locate::PatchReport;

/// A pattern such as `{panel}/{position} {outlet}` that a whole description has to fit.
///
/// A placeholder takes what stands up to the pattern's next character, at least one character and no blank;
/// `{outlet}` holds a digit besides, so that `uplink` or `spare` is no outlet. The default is `{outlet}`:
/// the description `2.14-B` is the outlet 2.14-B, and `to core switch` is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasPattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Panel,
    Position,
    Outlet,
    Room,
}

/// The text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a pattern for descriptions; write text around {{panel}}, {{position}}, {{outlet}} or {{room}}, each once and not side by side"
)]
pub struct BadPattern(pub String);

impl Default for AliasPattern {
    fn default() -> Self {
        AliasPattern(vec![Part::Field(Field::Outlet)])
    }
}

impl FromStr for AliasPattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<AliasPattern, BadPattern> {
        parse(text.trim()).ok_or_else(|| BadPattern(text.to_owned()))
    }
}

fn parse(mut rest: &str) -> Option<AliasPattern> {
    let mut parts: Vec<Part> = Vec::new();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('{') {
            let (name, after) = inside.split_once('}')?;
            let part = Part::Field(match name {
                "panel" => Field::Panel,
                "position" => Field::Position,
                "outlet" => Field::Outlet,
                "room" => Field::Room,
                _ => return None,
            });
            let beside = matches!(parts.last(), Some(Part::Field(_)));
            if beside || parts.contains(&part) {
                return None;
            }
            parts.push(part);
            rest = after;
        } else {
            let (text, after) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            parts.push(Part::Text(text.to_owned()));
            rest = after;
        }
    }
    let any = parts.iter().any(|part| matches!(part, Part::Field(_)));
    any.then_some(AliasPattern(parts))
}

impl fmt::Display for AliasPattern {
    /// Writes it as it was read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| {
            f.write_str(match part {
                Part::Text(text) => text,
                Part::Field(Field::Panel) => "{panel}",
                Part::Field(Field::Position) => "{position}",
                Part::Field(Field::Outlet) => "{outlet}",
                Part::Field(Field::Room) => "{room}",
            })
        })
    }
}

impl AliasPattern {
    /// Reads a description; `None` if it does not fit the pattern.
    #[must_use]
    pub fn read(&self, alias: &str) -> Option<PatchReport> {
        let mut place = PatchReport::default();
        let mut rest = alias.trim();
        let mut parts = self.0.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Field(field) => {
                    let end = match parts.peek() {
                        Some(Part::Text(next)) => rest.find(next.as_str())?,
                        _ => rest.len(),
                    };
                    let (value, after) = rest.split_at_checked(end)?;
                    field.store(value, &mut place)?;
                    rest = after;
                }
            }
        }
        rest.is_empty().then_some(place)
    }
}

impl Field {
    fn store(self, value: &str, place: &mut PatchReport) -> Option<()> {
        if value.is_empty() || value.contains(char::is_whitespace) {
            return None;
        }
        let slot = match self {
            Field::Panel => &mut place.panel,
            Field::Position => &mut place.position,
            Field::Room => &mut place.room,
            Field::Outlet if !value.contains(|letter: char| letter.is_ascii_digit()) => {
                return None;
            }
            Field::Outlet => &mut place.outlet,
        };
        value.clone_into(slot);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, alias: &str) -> Option<(String, String, String, String)> {
        let place = pattern.parse::<AliasPattern>().unwrap().read(alias)?;
        Some((place.panel, place.position, place.outlet, place.room))
    }

    fn fields(
        panel: &str,
        position: &str,
        outlet: &str,
        room: &str,
    ) -> Option<(String, String, String, String)> {
        let [a, b, c, d] = [panel, position, outlet, room].map(str::to_owned);
        Some((a, b, c, d))
    }

    #[test]
    fn by_default_a_description_that_looks_like_an_outlet_is_one() {
        let pattern = AliasPattern::default();
        assert_eq!(pattern.read(" 2.14-B ").unwrap().outlet, "2.14-B");
        for alias in ["", "uplink", "to core switch 2"] {
            assert_eq!(pattern.read(alias), None, "{alias}");
        }
    }

    #[test]
    fn a_pattern_takes_a_description_apart() {
        assert_eq!(
            read("{panel}-{position} {outlet}", "B-05 2.14-B"),
            fields("B", "05", "2.14-B", "")
        );
        assert_eq!(
            read("Dose {outlet} (R {room})", "Dose 7 (R 2.14)"),
            fields("", "", "7", "2.14")
        );
        assert_eq!(read("Dose {outlet} (R {room})", "Dose 7"), None);
        assert_eq!(read("{panel}-{position}", "B-05 spare"), None);
    }

    #[test]
    fn what_cannot_be_read_back_is_no_pattern() {
        for text in [
            "",
            "outlet",
            "{outlt}",
            "{panel}{position}",
            "{outlet} {outlet}",
            "{outlet",
        ] {
            assert_eq!(
                text.parse::<AliasPattern>(),
                Err(BadPattern(text.to_owned()))
            );
        }
    }
}
