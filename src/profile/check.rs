//! From the YAML as written to a [`Profile`] that holds together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

mod http;
mod shape;

use super::error::nearest;
use super::raw::{RawLimits, RawObject, RawProfile, RawTiming};
use super::{
    Copied, DestinationTraffic, Index, IndexPart, Limits, ListForm, Object, OidRef, Profile,
    ProfileError, Role, Shape, Syntax, Timing,
};

/// The only version of the format so far.
const FORMAT: u32 = 1;
/// The sections that `sources` may give a source for.
const SECTIONS: &[&str] = &[
    "identify",
    "probe",
    "limits",
    "destination_traffic",
    "sources_must",
    "destination_must",
    "both_as",
    "copied",
    "native_match",
    "timing",
    "numbering",
    "base",
    "objects",
    "http",
];

/// A contradiction: where, what, and what to write instead.
struct Fault {
    place: String,
    what: String,
    hint: Option<String>,
}

fn fault<T>(place: impl Into<String>, what: impl Into<String>) -> Result<T, Fault> {
    Err(Fault {
        place: place.into(),
        what: what.into(),
        hint: None,
    })
}

fn fault_near<T>(place: &str, what: String, word: &str, known: &[&str]) -> Result<T, Fault> {
    let hint = match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there is: {}", known.join(", ")),
    };
    Err(Fault {
        place: place.to_owned(),
        what,
        hint: Some(hint),
    })
}

/// Checks what the YAML says and fills in what it leaves out.
pub(super) fn check(raw: RawProfile, text: &str, origin: &str) -> Result<Profile, ProfileError> {
    let invalid = |fault: Fault| {
        let (line, column) = position(text, &fault.place);
        ProfileError::Invalid {
            origin: origin.to_owned(),
            line,
            column,
            place: fault.place,
            what: fault.what,
            hint: fault.hint,
        }
    };
    let profile = build(raw, text).map_err(invalid)?;
    whole(&profile).map_err(invalid)?;
    Ok(profile)
}

/// Finds a section or an object in the YAML; line and column, from 1.
fn position(text: &str, place: &str) -> (usize, usize) {
    let is_section = |line: &str| {
        line.strip_prefix(place)
            .is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    let of_object = |line: &str| {
        let at = line.find("name:")?;
        let value = line.get(at + 5..)?.trim_start();
        let value = value.trim_start_matches(['"', '\'']);
        let rest = value.strip_prefix(place)?;
        let ends = rest
            .chars()
            .next()
            .is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '-');
        ends.then_some(at + 1)
    };
    let numbered = || (1..).zip(text.lines());
    let section = numbered()
        .find(|(_, line)| is_section(line))
        .map(|(number, _)| (number, 1));
    let object = || numbered().find_map(|(number, line)| Some((number, of_object(line)?)));
    section.or_else(object).unwrap_or((1, 1))
}

fn build(raw: RawProfile, text: &str) -> Result<Profile, Fault> {
    if raw.format != FORMAT {
        return fault(
            "format",
            format!("this program reads format {FORMAT}, not {}", raw.format),
        );
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if raw.name.is_empty() || !raw.name.chars().all(plain) {
        return fault("name", "a name is made of small letters, digits and `-`");
    }
    for section in raw.sources.keys() {
        if !SECTIONS.contains(&section.as_str()) {
            return fault_near(
                "sources",
                format!("there is no section `{section}`"),
                section,
                SECTIONS,
            );
        }
    }
    let one_in = raw.copied.one_in.unwrap_or(1);
    if one_in == 0 {
        return fault("copied", "`one_in` must be at least 1");
    }
    Ok(Profile {
        limits: limits(&raw.limits, raw.shape)?,
        timing: timing(&raw.timing),
        copied: Copied {
            tags: raw.copied.tags,
            link_header: raw.copied.link_header.unwrap_or(true),
            one_in,
        },
        objects: raw
            .objects
            .into_iter()
            .map(object)
            .collect::<Result<_, _>>()?,
        name: raw.name,
        about: raw.about,
        shape: raw.shape,
        confidence: raw.confidence,
        source: raw.source,
        sources: raw.sources,
        identify: raw.identify,
        probe: raw.probe,
        destination_traffic: raw.destination_traffic,
        sources_must: raw.sources_must,
        destination_must: raw.destination_must,
        both_as: raw.both_as,
        native_match: raw.native_match,
        numbering: raw.numbering,
        base: raw.base,
        http: raw.http,
        ports: raw.ports,
        instructions: raw.instructions,
        text: text.to_owned(),
    })
}

fn limits(raw: &RawLimits, shape: Shape) -> Result<Limits, Fault> {
    let all = [
        raw.sessions,
        raw.sources,
        raw.sessions_per_source,
        raw.rows_per_request,
    ];
    if all.contains(&Some(0)) {
        return fault(
            "limits",
            "a limit must be at least 1; leave out what has no limit",
        );
    }
    let sources = match (shape, raw.sources) {
        (Shape::SingleSource, None | Some(1)) => Some(1),
        (Shape::SingleSource, Some(_)) => {
            return fault("limits", "the shape `single_source` mirrors 1 source");
        }
        (_, sources) => sources.and_then(|n| usize::try_from(n).ok()),
    };
    let rows = raw.rows_per_request.unwrap_or(1).min(64);
    Ok(Limits {
        sessions: raw.sessions,
        sources,
        sessions_per_source: raw.sessions_per_source,
        rows_per_request: usize::try_from(rows).unwrap_or(1),
    })
}

/// Fills in the times: careful guesses, replaced by measurement once the mirror is used.
fn timing(raw: &RawTiming) -> Timing {
    let span = |ms: Option<u32>, default: u32| {
        Duration::from_millis(u64::from(ms.unwrap_or(default).min(120_000)))
    };
    Timing {
        write: span(raw.write_ms, 500),
        row: span(raw.row_ms, 0),
        settle: span(raw.settle_ms, 500),
        spacing: span(raw.spacing_ms, 20),
    }
}

fn object(raw: RawObject) -> Result<Object, Fault> {
    let index = raw.index.unwrap_or_else(Index::scalar);
    check_codes(&raw.name, raw.role, &raw.codes)?;
    if index.has(IndexPart::Direction) && raw.index_codes.is_empty() {
        return fault(raw.name, "a direction in the index needs `index_codes`");
    }
    let made = Object {
        name: raw.name,
        oid: raw.oid,
        role: raw.role,
        syntax: raw.syntax,
        index,
        codes: raw.codes,
        index_codes: raw.index_codes,
        value: raw.value,
        direction: raw.direction,
        carries: raw.carries,
        bitmap: raw.bitmap,
        list: raw.list,
        numbering: raw.numbering,
        only_while: raw.only_while,
        with: raw.with,
        clears: raw.clears,
        create: raw.create,
        read_back: raw.read_back,
        optional: raw.optional,
        confidence: raw.confidence,
        source: raw.source,
        note: raw.note,
    };
    check_object(&made)?;
    Ok(made)
}

fn check_codes(name: &str, role: Role, codes: &BTreeMap<String, i64>) -> Result<(), Fault> {
    let known = role.code_names();
    for word in codes.keys() {
        if !known.contains(&word.as_str()) {
            let what = format!("`{word}` is no code of this role");
            return fault_near(name, what, word, known);
        }
    }
    let distinct: BTreeSet<&i64> = codes.values().collect();
    if distinct.len() < codes.len() {
        return fault(name, "two codes have the same number");
    }
    Ok(())
}

fn check_object(object: &Object) -> Result<(), Fault> {
    let name = object.name.as_str();
    let part = if matches!(object.role, Role::Source | Role::Destinations) {
        Some((IndexPart::Source, "source"))
    } else if object.role == Role::DestinationFlag {
        Some((IndexPart::Destination, "destination"))
    } else {
        None
    };
    if let Some((part, word)) = part
        && !object.index.has(part)
    {
        return fault(name, format!("this role needs `{word}` in its `index`"));
    }
    for word in object.index_codes.keys() {
        let known = ["ingress", "egress", "both"];
        if !known.contains(&word.as_str()) {
            let what = format!("`{word}` is no direction");
            return fault_near(name, what, word, &known);
        }
    }
    if object
        .list
        .as_ref()
        .is_some_and(|list| list.form == ListForm::Pairs)
        != (object.role == Role::Destinations)
    {
        return fault(
            name,
            "pairs are the form of `destinations`, and of nothing else",
        );
    }
    let needs = |words: &[&str]| match words.iter().find(|word| object.code(word).is_none()) {
        Some(word) => fault(name, format!("this role needs the code `{word}`")),
        None => Ok(()),
    };
    let has_list = object.bitmap.is_some() || object.list.is_some();
    if has_list
        && !matches!(
            object.role,
            Role::Sources | Role::Destination | Role::Destinations | Role::Status
        )
    {
        return fault(
            name,
            "only an object that holds ports takes `bitmap` or `list`",
        );
    }
    if object.bitmap.is_some() && (object.list.is_some() || object.syntax != Syntax::Octets) {
        return fault(
            name,
            "a `bitmap` has the syntax `octets` and no `list` beside it",
        );
    }
    if let Some(what) = object.bitmap.as_ref().and_then(super::Bitmap::fault) {
        return fault(name, what);
    }
    match object.role {
        Role::Enable | Role::Source | Role::DestinationFlag => needs(&["on", "off"]),
        Role::RowStatus if object.index.is_scalar() => fault(name, "a row status needs an `index`"),
        Role::RowStatus if object.syntax != Syntax::RowStatus => needs(&["remove"]),
        Role::Direction if object.code("ingress").is_none() && object.code("both").is_none() => {
            fault(name, "a direction needs the code `ingress` or `both`")
        }
        Role::Fixed if object.value.is_none() => fault(name, "the role `fixed` needs a `value`"),
        Role::Argument if object.carries.is_none() => fault(name, "an argument needs `carries`"),
        Role::Knob => needs(&["pass"]),
        Role::RowStatus
        | Role::Direction
        | Role::Fixed
        | Role::Argument
        | Role::Destination
        | Role::Sources
        | Role::Session
        | Role::Destinations
        | Role::Command
        | Role::Add
        | Role::Remove
        | Role::Apply
        | Role::Pending
        | Role::Revert
        | Role::Save
        | Role::Match
        | Role::Keep
        | Role::Status
        | Role::Counter => Ok(()),
    }
}

/// Checks what several keys say together.
fn whole(profile: &Profile) -> Result<(), Fault> {
    let names: Vec<&str> = profile
        .objects
        .iter()
        .map(|object| object.name.as_str())
        .collect();
    for (place, object) in profile.objects.iter().enumerate() {
        if names.iter().take(place).any(|name| *name == object.name) {
            return fault(object.name.as_str(), "there are two objects of this name");
        }
        let others = object
            .with
            .iter()
            .chain(&object.clears)
            .chain(&object.read_back);
        for other in others {
            let saves = profile.object(other).is_some_and(|o| o.role == Role::Save);
            if saves {
                return fault(
                    object.name.as_str(),
                    format!("`{other}` saves the configuration and is never written"),
                );
            }
            if !names.contains(&other.as_str()) {
                let what = format!("there is no object `{other}`");
                return fault_near(&object.name, what, other, &names);
            }
        }
        if matches!(object.oid, OidRef::BelowBase(_)) && profile.base.is_none() {
            return fault(
                object.name.as_str(),
                "an OID that begins with a dot needs `base`",
            );
        }
    }
    if profile.destination_traffic == DestinationTraffic::Knob
        && profile.with_role(Role::Knob).next().is_none()
    {
        return fault(
            "destination_traffic",
            "`knob` needs an object with the role `knob`",
        );
    }
    if profile.shape == Shape::Bitmap && profile.limits.sources == Some(1) {
        return Err(Fault {
            place: "limits".to_owned(),
            what: "a bitmap holds many sources, and `sources` says one".to_owned(),
            hint: Some("where the switch takes one, write `shape: single_source`".to_owned()),
        });
    }
    if let Some(native) = &profile.native_match
        && profile.object(&native.object).is_none()
    {
        let what = format!("there is no object `{}`", native.object);
        return fault_near("native_match", what, &native.object, &names);
    }
    if let Some(over_http) = &profile.http {
        http::http(profile, over_http)?;
    }
    shape::shape(profile)
}
