//! Built-in profiles whose objects a walk shows: where they are known to be, or below another node.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{ENTERPRISES, Proposal};
use crate::profile::{
    Base, IndexPart, MARK, Object, OidRef, Profile, Role, Syntax, Told, Walk, built_in, draft,
    parse,
};
use crate::snmp::{Oid, Value};

/// Objects that have to be seen below a node that nobody knows before it is believed to be a known mirror's.
const ENOUGH: usize = 3;

/// Proposes the built-in profile that a walk shows most of, written anew for this switch.
pub(super) fn proposal(name: &str, walk: &Walk, told: &Told) -> Option<Proposal> {
    find(walk, told)?.proposal(name, told)
}

/// A built-in profile whose objects were found in a walk.
struct Known {
    profile: &'static Profile,
    base: Option<Oid>,
    /// Whether this is where the profile says that they are.
    at_home: bool,
    /// Whether what the switch says about itself points to the profile.
    pointed: bool,
    answered: usize,
}

/// Finds the built-in profile of which the walk shows most: where it says, before below another node.
fn find(walk: &Walk, told: &Told) -> Option<Known> {
    let mut found: Vec<Known> = Vec::new();
    for profile in built_in().iter().filter(|p| !p.objects.is_empty()) {
        let pointed = profile
            .identify
            .matches(&told.sys_object_id, &told.sys_descr);
        let mut add = |base: Option<Oid>, at_home: bool, enough: usize| {
            if let Some(answered) = answered(walk, profile, base.as_ref())
                && answered >= enough
            {
                found.push(Known {
                    profile,
                    base,
                    at_home,
                    pointed,
                    answered,
                });
            }
        };
        let bases = bases(profile, told);
        for base in &bases {
            add(base.clone(), true, 1);
        }
        for base in elsewhere(walk, profile) {
            if !bases.contains(&Some(base.clone())) {
                add(Some(base), false, ENOUGH);
            }
        }
    }
    // The first of equals, so that the order of names decides.
    found.reverse();
    found.into_iter().max_by_key(|known| {
        (
            known.at_home && known.pointed,
            known.at_home,
            known.answered,
        )
    })
}

/// The bases that the profile itself names for such a switch.
fn bases(profile: &Profile, told: &Told) -> Vec<Option<Oid>> {
    let id = &told.sys_object_id;
    match &profile.base {
        None => vec![None],
        Some(Base::Literal(base)) => vec![Some(base.clone())],
        Some(Base::FirstThatAnswers(bases)) => bases.iter().cloned().map(Some).collect(),
        Some(Base::SysObjectId(rule)) => rule.make(id).map(Some).into_iter().collect(),
        Some(Base::Models(models)) => models
            .iter()
            .filter(|model| model.fits(id, &told.sys_descr))
            .map(|model| Some(model.base.clone()))
            .collect(),
    }
}

/// The nodes below which the walk has the profile's longest suffix.
fn elsewhere(walk: &Walk, profile: &Profile) -> BTreeSet<Oid> {
    let suffix = |object: &Object| match &object.oid {
        OidRef::BelowBase(arcs) => Some(arcs.clone()),
        OidRef::Absolute(_) => None,
    };
    let needed = profile.objects.iter().filter(|o| is_needed(profile, o));
    let Some(anchor) = needed.filter_map(suffix).max_by_key(Vec::len) else {
        return BTreeSet::new();
    };
    let root = Oid::from(ENTERPRISES);
    let mut found = BTreeSet::new();
    for (arcs, _) in walk.below(&root) {
        // Not directly below a vendor's own node.
        for place in 2..arcs.len().saturating_sub(anchor.len()) {
            if arcs.get(place..place + anchor.len()) == Some(anchor.as_slice())
                && let Some(base) = arcs.get(..place)
            {
                found.insert(root.child(base.iter().copied()));
            }
        }
    }
    found
}

/// Tells whether a switch of the family always shows the object: what is kept, except rows that are made.
fn is_needed(profile: &Profile, object: &Object) -> bool {
    let made = profile
        .with_role(Role::RowStatus)
        .any(|status| status.index == object.index);
    let shown = object.role.is_kept() && !object.optional && object.read_back.is_none();
    let by_source = object.role == Role::Direction
        && object.index.has(IndexPart::Source)
        && profile.with_role(Role::Sources).next().is_some();
    shown && !made && !by_source && !object.index.has(IndexPart::Row)
}

/// Counts the objects that the walk shows below a base; `None` where one that is needed is missing, or a value is not
/// what the profile says.
fn answered(walk: &Walk, profile: &Profile, base: Option<&Oid>) -> Option<usize> {
    let mut count = 0;
    for object in profile.objects.iter().filter(|o| o.role.is_kept()) {
        let oid = object.oid.resolve(base)?;
        let mut rows = 0;
        for (arcs, value) in walk.below(&oid) {
            if object.index.read(arcs).is_none() || !is_plausible(object, value) {
                return None;
            }
            rows += 1;
        }
        if rows > 0 {
            count += 1;
        } else if is_needed(profile, object) {
            return None;
        }
    }
    Some(count)
}

/// Tells whether a value may be the object's.
fn is_plausible(object: &Object, value: &Value) -> bool {
    let of_syntax = match object.syntax {
        Syntax::Octets | Syntax::Text => value.as_octets().is_some(),
        Syntax::Integer | Syntax::RowStatus => matches!(value, Value::Integer(_)),
        Syntax::Unsigned | Syntax::Counter => value.as_i64().is_some(),
    };
    let coded = matches!(
        object.role,
        Role::Enable | Role::Source | Role::DestinationFlag
    );
    of_syntax && (!coded || object.word(value).is_some())
}

impl Known {
    /// Writes the built-in profile anew, for this switch.
    fn proposal(&self, name: &str, told: &Told) -> Option<Proposal> {
        let Known { profile, .. } = self;
        let mut text = format!(
            "# Made from a walk of the switch, after the built-in profile `{}`. Lines marked `{MARK}` are not certain.\n",
            profile.name
        );
        let mut skipping = false;
        for line in profile.text.lines() {
            let begins_key = line.starts_with(|c: char| c.is_ascii_lowercase());
            if begins_key || line.is_empty() {
                skipping = false;
            }
            let key = line.split(':').next().unwrap_or_default();
            match key {
                _ if skipping || line.starts_with('#') => {}
                "name" if begins_key => {
                    let _written = writeln!(text, "name: {}", draft::name(name));
                }
                "about" if begins_key => {
                    let _written = writeln!(text, "about: \"{}\"", draft::about(told));
                }
                "confidence" if begins_key && !self.at_home => {
                    let _written = writeln!(
                        text,
                        "confidence: code   {MARK} no text was read that has the objects here"
                    );
                }
                "identify" if begins_key => {
                    text.push_str(&draft::identify(told));
                    skipping = true;
                }
                "base" if begins_key && !self.at_home => {
                    let base = self.base.as_ref()?;
                    let _written = writeln!(
                        text,
                        "base: {{ literal: {base} }}   {MARK} found by how the OIDs end"
                    );
                    skipping = true;
                }
                _ => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        parse(&text, name).ok()?;
        let place = match &self.base {
            Some(base) if !self.at_home => format!(" below {base}, where they are not known to be"),
            Some(_) | None => String::new(),
        };
        Some(Proposal {
            shape: profile.shape.word().to_owned(),
            why: format!(
                "the walk shows {} objects of the built-in profile {}{place}",
                self.answered, profile.name
            ),
            text,
        })
    }
}
