//! The profile's objects on one switch: with the base found, every OID is known.

use std::collections::BTreeSet;

use crate::port::{PortSet, PortTable, SwitchPort};
use crate::profile::{Base, Carries, Index, IndexPart, Instance, Numbering, Object, Profile, Role};
use crate::snmp::{Oid, Snmp, SnmpError, Value};

use super::state::State;

/// `sysDescr.0` (RFC 3418)
const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
/// `sysObjectID.0` (RFC 3418)
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];

/// An object whose OID is known.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) object: Object,
    pub(crate) oid: Oid,
    /// How ports are named in texts, with `{n}` for the number.
    template: String,
}

impl Bound {
    /// Returns the OID of an instance, or `None` if the index needs more than is given.
    pub(crate) fn at(&self, instance: &Instance) -> Option<Oid> {
        Some(self.oid.child(self.object.index.arcs(instance)?))
    }

    /// Reads which instance an OID below this object is.
    pub(crate) fn instance(&self, oid: &Oid) -> Option<Instance> {
        self.object.index.read(oid.below(&self.oid)?)
    }

    /// The instances of this object in a state.
    pub(crate) fn rows<'a>(
        &'a self,
        state: &'a State,
    ) -> impl Iterator<Item = (Instance, &'a Value)> {
        state
            .below(&self.oid)
            .filter_map(|(arcs, value)| Some((self.object.index.read(arcs)?, value)))
    }

    /// Tells whether its values are octets that hold ports.
    pub(crate) fn has_codec(&self) -> bool {
        self.object.bitmap.is_some() || self.object.list.is_some()
    }

    /// Reads the port numbers that a value names; none, where it is the code `none`.
    pub(crate) fn decode(&self, value: &Value) -> BTreeSet<u32> {
        let object = &self.object;
        match (value.as_octets(), &object.bitmap, &object.list) {
            (Some(octets), Some(bitmap), _) => bitmap.decode(octets),
            (Some(octets), None, Some(list)) => list.decode(octets, &self.template),
            _ => value
                .as_i64()
                .filter(|number| object.code("none") != Some(*number))
                .and_then(|number| u32::try_from(number).ok())
                .into_iter()
                .collect(),
        }
    }

    /// Returns what a list names beside port numbers.
    pub(crate) fn strange(&self, value: &Value) -> Vec<String> {
        match (value.as_octets(), &self.object.list) {
            (Some(octets), Some(list)) => list.strange(octets, &self.template),
            _ => Vec::new(),
        }
    }

    /// Writes port numbers as a value, as long as `like` where that is open; `None` if it cannot hold them.
    pub(crate) fn encode(&self, ports: &BTreeSet<u32>, like: &[u8]) -> Option<Value> {
        let object = &self.object;
        if let Some(bitmap) = &object.bitmap {
            return bitmap.encode(ports, like).map(Value::Octets);
        }
        if let Some(list) = &object.list {
            return list.encode(ports, &self.template).map(Value::Octets);
        }
        let mut ports = ports.iter();
        match (ports.next(), ports.next()) {
            (Some(port), None) => object.syntax.value(i64::from(*port)),
            (None, _) => self.coded("none"),
            (Some(_), Some(_)) => None,
        }
    }

    /// Returns the value that a word of `codes` stands for.
    pub(crate) fn coded(&self, word: &str) -> Option<Value> {
        self.object.syntax.value(self.object.code(word)?)
    }
}

/// All objects of a profile on one switch, in the order in which they are written.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    list: Vec<Bound>,
    numbering: Numbering,
    pub(crate) rows_per_request: usize,
}

impl Objects {
    /// Binds the objects below `base`.
    ///
    /// # Panics
    /// Never: a checked profile has a base where one is needed, and the base was found.
    pub(crate) fn bind(profile: &Profile, base: Option<&Oid>) -> Self {
        let bind = |object: &Object| {
            let oid = object.oid.resolve(base)?;
            let numbering = object.numbering.as_ref().unwrap_or(&profile.numbering);
            Some(Bound {
                object: object.clone(),
                oid,
                template: numbering.template().to_owned(),
            })
        };
        Objects {
            list: profile.objects.iter().filter_map(bind).collect(),
            // What is told over HTTP goes by the ports' names, and the place stands for the port until then.
            numbering: match profile.http {
                Some(_) => Numbering::Position,
                None => profile.numbering.clone(),
            },
            rows_per_request: profile.limits.rows_per_request,
        }
    }

    /// All objects, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Bound> {
        self.list.iter()
    }

    /// The objects with this role, in order.
    pub(crate) fn role(&self, role: Role) -> impl Iterator<Item = &Bound> {
        self.list
            .iter()
            .filter(move |bound| bound.object.role == role)
    }

    /// Returns the object that an OID is an instance of, with its place in the order of writing.
    pub(crate) fn of(&self, oid: &Oid) -> Option<(usize, &Bound)> {
        self.list
            .iter()
            .enumerate()
            .find(|(_, bound)| oid.below(&bound.oid).is_some())
    }

    /// Names an instance as the MIB would: `portCopyStatus.5.24`.
    pub(crate) fn name(&self, oid: &Oid) -> String {
        let Some((_, bound)) = self.of(oid) else {
            return oid.to_string();
        };
        let arcs = oid.below(&bound.oid).unwrap_or_default();
        arcs.iter().fold(bound.object.name.clone(), |name, arc| {
            format!("{name}.{arc}")
        })
    }

    /// Returns a port's number in an object.
    pub(crate) fn number(&self, bound: Option<&Bound>, port: &SwitchPort) -> Option<u32> {
        let own = bound.and_then(|bound| bound.object.numbering.as_ref());
        own.unwrap_or(&self.numbering).number(port)
    }

    /// Returns the object whose value or index says which ports are sources.
    pub(crate) fn sources(&self) -> Option<&Bound> {
        let listed = self.role(Role::Sources).next();
        let told = |role: Role| {
            self.role(role).find(|bound| {
                bound.object.index.has(IndexPart::Source)
                    || bound.object.carries == Some(Carries::Source)
            })
        };
        listed.or_else(|| {
            [
                Role::Source,
                Role::RowStatus,
                Role::Direction,
                Role::Destination,
                Role::Destinations,
                Role::Argument,
                Role::Status,
            ]
            .into_iter()
            .find_map(told)
        })
    }

    /// Tells whether an object belongs to what is read: all that is kept, and what shows what is in force.
    pub(crate) fn is_read(&self, bound: &Bound) -> bool {
        let object = &bound.object;
        let shows = matches!(object.role, Role::Status | Role::Pending);
        let holds = object.bitmap.is_some() || object.list.is_some() || object.carries.is_some();
        let is_named = self
            .list
            .iter()
            .any(|other| other.object.read_back.as_ref() == Some(&object.name));
        object.role.is_kept()
            || matches!(object.role, Role::Pending | Role::Argument)
            || (shows && (holds || is_named))
    }

    /// Returns the numbers of the ports in `set`, and the ports that have none.
    pub(crate) fn numbers(&self, ports: &PortTable, set: &PortSet) -> (BTreeSet<u32>, PortSet) {
        let mut numbers = BTreeSet::new();
        let mut without = PortSet::new();
        for id in set.iter() {
            match ports
                .get(id)
                .and_then(|port| self.number(self.sources(), port))
            {
                Some(number) => {
                    numbers.insert(number);
                }
                None => {
                    without.insert(id);
                }
            }
        }
        (numbers, without)
    }

    /// Returns the ports with these source numbers, and the numbers that no port has.
    pub(crate) fn ports(
        &self,
        ports: &PortTable,
        numbers: &BTreeSet<u32>,
    ) -> (PortSet, BTreeSet<u32>) {
        let mut unknown = numbers.clone();
        let mut set = PortSet::new();
        for port in ports.iter() {
            if let Some(number) = self.number(self.sources(), port)
                && unknown.remove(&number)
            {
                set.insert(port.id);
            }
        }
        (set, unknown)
    }

    /// Reads the value of every kept object, as who writes it: what the reader is shown may leave out what is written.
    pub(crate) fn read(&self, snmp: &mut dyn Snmp) -> Result<State, SnmpError> {
        let mut state = State::default();
        let kept = || self.list.iter().filter(|bound| self.is_read(bound));
        let scalars: Vec<Oid> = kept()
            .filter(|bound| bound.object.index.is_scalar())
            .filter_map(|bound| bound.at(&Instance::default()))
            .collect();
        if !scalars.is_empty() {
            for binding in snmp.get_as_writer(&scalars)? {
                if !binding.value.is_absent() {
                    state.put(binding.oid, binding.value);
                }
            }
        }
        for column in kept().filter(|bound| !bound.object.index.is_scalar()) {
            for binding in snmp.walk_as_writer(&column.oid)? {
                if column.instance(&binding.oid).is_some() {
                    state.put(binding.oid, binding.value);
                }
            }
        }
        Ok(state)
    }

    /// Returns the names of the objects that cannot be empty and of which the switch has no instance.
    ///
    /// A table whose rows are made and removed may well be empty.
    pub(crate) fn missing(&self, state: &State) -> Vec<&str> {
        let makes_rows = |index: &Index| {
            self.role(Role::RowStatus)
                .any(|status| status.object.index == *index)
        };
        let must_be_there = |bound: &&Bound| {
            let object = &bound.object;
            let has_rows = object.read_back.is_some() || object.index.has(IndexPart::Row);
            let belongs_to_a_source = object.role == Role::Direction
                && object.index.has(IndexPart::Source)
                && self.role(Role::Sources).next().is_some();
            object.role.is_kept()
                && !object.optional
                && !belongs_to_a_source
                && !has_rows
                && !makes_rows(&object.index)
        };
        self.iter()
            .filter(must_be_there)
            .filter(|bound| state.below(&bound.oid).next().is_none())
            .map(|bound| bound.object.name.as_str())
            .collect()
    }
}

/// Finds what the profile's relative OIDs are below; `None` where the switch fits no rule or there is no rule.
pub(crate) fn find_base(profile: &Profile, snmp: &mut dyn Snmp) -> Result<Option<Oid>, SnmpError> {
    Ok(match &profile.base {
        None => None,
        Some(Base::Literal(oid)) => Some(oid.clone()),
        Some(Base::SysObjectId(rule)) => rule.make(&system(snmp)?.0),
        Some(Base::Models(models)) => {
            let (id, descr) = system(snmp)?;
            models
                .iter()
                .find(|model| model.fits(&id, &descr))
                .map(|model| model.base.clone())
        }
        Some(Base::FirstThatAnswers(bases)) => {
            for base in bases {
                let objects = Objects::bind(profile, Some(base));
                if let Some(first) = objects.iter().find(|bound| bound.object.role.is_kept())
                    && !snmp.walk_as_writer(&first.oid)?.is_empty()
                {
                    return Ok(Some(base.clone()));
                }
            }
            None
        }
    })
}

/// Reads `sysObjectID` and `sysDescr`.
fn system(snmp: &mut dyn Snmp) -> Result<(Oid, String), SnmpError> {
    let answers = snmp.get(&[Oid::from(SYS_OBJECT_ID), Oid::from(SYS_DESCR)])?;
    let mut id = Oid::default();
    let mut descr = String::new();
    for answer in answers {
        if let Value::ObjectId(oid) = answer.value {
            id = oid;
        } else {
            descr = answer.value.as_text().unwrap_or_default();
        }
    }
    Ok((id, descr))
}
