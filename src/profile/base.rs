//! Where a family's objects begin: the same suffixes often hang below a node of the model's own.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::snmp::{BadOid, Oid};

/// An object's OID, absolute or (beginning with a dot) below the profile's base.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum OidRef {
    /// Written `1.3.6.…` or `.1.3.6.…`.
    Absolute(Oid),
    /// Written `.18.2`.
    BelowBase(Vec<u32>),
}

impl OidRef {
    /// Returns the OID, given the base; `None` if there has to be one and is none.
    #[must_use]
    pub fn resolve(&self, base: Option<&Oid>) -> Option<Oid> {
        match self {
            OidRef::Absolute(oid) => Some(oid.clone()),
            OidRef::BelowBase(arcs) => Some(base?.child(arcs.iter().copied())),
        }
    }
}

impl TryFrom<String> for OidRef {
    type Error = BadOid;
    fn try_from(text: String) -> Result<Self, BadOid> {
        match text.strip_prefix('.') {
            Some(arcs) if !arcs.starts_with("1.3.6.") => arcs
                .split('.')
                .map(str::parse)
                .collect::<Result<Vec<u32>, _>>()
                .ok()
                .filter(|arcs| arcs.len() <= 64)
                .map(OidRef::BelowBase)
                .ok_or(BadOid(text)),
            Some(_) | None => text.parse().map(OidRef::Absolute),
        }
    }
}

/// The rule by which the base is found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Always the same.
    Literal(Oid),
    /// Made from the switch's `sysObjectID`.
    SysObjectId(Derived),
    /// Depends on the model or the firmware; the first that fits is taken.
    Models(Vec<Model>),
    /// The first below which the switch answers an object.
    FirstThatAnswers(Vec<Oid>),
}

/// How a base is made from `sysObjectID`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// This many leading arcs are kept; all, if absent.
    pub take: Option<usize>,
    /// A leading part that is replaced.
    pub replace: Option<Replace>,
    /// Arcs that are appended.
    #[serde(default)]
    pub append: Option<OidRef>,
    /// The `sysObjectID` of one switch of the family, so that the OIDs can be compared with its MIB.
    #[serde(default)]
    pub example: Option<Oid>,
}

/// A leading part of an OID and what stands in its place.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// What is looked for.
    pub from: Oid,
    /// What is put there.
    pub to: Oid,
}

/// A model or release with a base of its own. What is absent fits every switch.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// `sysObjectID` is at or below this.
    pub sys_object_id: Option<Oid>,
    /// `sysDescr` contains this, in any case of letters.
    pub sys_descr: Option<String>,
    /// The base.
    pub base: Oid,
}

impl Derived {
    /// Makes the base, or `None` if the switch's `sysObjectID` does not begin as it should.
    #[must_use]
    pub fn make(&self, sys_object_id: &Oid) -> Option<Oid> {
        let mut oid = match self.take {
            Some(n) => Oid::from(sys_object_id.0.get(..n)?),
            None => sys_object_id.clone(),
        };
        if let Some(replace) = &self.replace {
            let rest = oid.below(&replace.from)?.to_vec();
            oid = replace.to.child(rest);
        }
        match &self.append {
            Some(part) => part.resolve(Some(&oid)),
            None => Some(oid),
        }
    }
}

impl Model {
    /// Tells whether a switch that answers like this is meant.
    #[must_use]
    pub fn fits(&self, sys_object_id: &Oid, sys_descr: &str) -> bool {
        let by_id = self.sys_object_id.as_ref();
        let by_descr = self.sys_descr.as_deref();
        by_id.is_none_or(|prefix| sys_object_id.below(prefix).is_some())
            && by_descr.is_none_or(|part| sys_descr.to_lowercase().contains(&part.to_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().unwrap()
    }

    #[test]
    fn a_leading_dot_means_below_the_base() {
        let below = OidRef::try_from(".18.2".to_owned()).unwrap();
        let base = oid("1.3.6.1.4.1.171.10.76.20.1");
        assert_eq!(
            below.resolve(Some(&base)),
            Some(oid("1.3.6.1.4.1.171.10.76.20.1.18.2"))
        );
        assert_eq!(below.resolve(None), None);
        let absolute = OidRef::try_from(".1.3.6.1.2.1".to_owned()).unwrap();
        assert_eq!(absolute, OidRef::Absolute(oid("1.3.6.1.2.1")));
        assert!(OidRef::try_from(".1.x".to_owned()).is_err());
    }

    #[test]
    fn an_arc_is_replaced_as_on_a_recorded_switch() {
        // A recorded DES-3200: sysObjectID 171.10.113.3.1, mirror scalars below 171.11.113.3.1.2.10.
        let rule = Derived {
            replace: Some(Replace {
                from: oid("1.3.6.1.4.1.171.10"),
                to: oid("1.3.6.1.4.1.171.11"),
            }),
            append: Some(OidRef::BelowBase(vec![2, 10])),
            take: None,
            example: None,
        };
        let base = rule.make(&oid("1.3.6.1.4.1.171.10.113.3.1"));
        assert_eq!(base, Some(oid("1.3.6.1.4.1.171.11.113.3.1.2.10")));
        assert_eq!(rule.make(&oid("1.3.6.1.4.1.9.1.1")), None);
    }

    #[test]
    fn a_model_is_told_by_id_and_description() {
        let model = Model {
            sys_object_id: Some(oid("1.3.6.1.4.1.6486.801")),
            sys_descr: Some("8.10".to_owned()),
            base: oid("1.3.6.1.4.1.6486.801.1.2.1.19"),
        };
        assert!(model.fits(&oid("1.3.6.1.4.1.6486.801.1.1"), "OmniSwitch 8.10.1"));
        assert!(!model.fits(&oid("1.3.6.1.4.1.6486.800.1.1"), "OmniSwitch 8.10.1"));
        assert!(!model.fits(&oid("1.3.6.1.4.1.6486.801.1.1"), "OmniSwitch 7.3"));
    }
}
