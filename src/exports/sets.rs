//! NetFlow v9 and IPFIX: sets of templates, options and records.

use std::collections::{BTreeMap, VecDeque};

use super::fields::{Header, Record, SECOND, Told};
use super::{split, take_u16, take_u32};

/// What a template says of a field: its number, its enterprise, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    number: u16,
    enterprise: u32,
    length: u16,
}

/// The record tells the length itself (RFC 7011 §7).
const VARIABLE: u16 = u16::MAX;
const ENTERPRISE_BIT: u16 = 0x8000;
const FIRST_TEMPLATE: u16 = 256;

/// How records of a kind are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Template {
    fields: Vec<Field>,
    /// It tells of the exporter, not of flows.
    is_options: bool,
}

/// How many templates of an exporter are kept, and how many fields of each.
const MAX_TEMPLATES: usize = 64;
const MAX_FIELDS: usize = 128;

/// What one exporter's observation domain has told about itself.
#[derive(Clone, Debug, Default)]
pub(super) struct Domain {
    templates: BTreeMap<u16, Template>,
    /// In the order in which they came.
    order: VecDeque<u16>,
    sampling: Option<u32>,
    boot: Option<i64>,
}

/// The two protocols that have sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    V9,
    Ipfix,
}

/// A datagram's header.
pub(super) struct Head<'a> {
    pub(super) header: Header,
    /// Source ID, or observation domain.
    pub(super) domain: u32,
    pub(super) sets: &'a [u8],
}

/// Reads a datagram's header behind its version.
pub(super) fn head(dialect: Dialect, body: &[u8]) -> Option<Head<'_>> {
    let (count_or_length, rest) = take_u16(body)?;
    let (uptime, rest) = match dialect {
        Dialect::V9 => {
            let (uptime, rest) = take_u32(rest)?;
            (Some(uptime), rest)
        }
        Dialect::Ipfix => (None, rest),
    };
    let (seconds, rest) = take_u32(rest)?;
    let (_sequence, rest) = take_u32(rest)?;
    let (domain, rest) = take_u32(rest)?;
    let sets = match dialect {
        Dialect::V9 => rest,
        // The version and all of this header count.
        Dialect::Ipfix => rest.get(..usize::from(count_or_length).checked_sub(16)?)?,
    };
    let sent = i64::from(seconds) * SECOND;
    let header = Header { sent, uptime };
    Some(Head {
        header,
        domain,
        sets,
    })
}

/// What a datagram's sets came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// Sets of records whose template was not yet sent.
    pub(super) without_template: u64,
    /// Records that do not tell who sent to whom, or how many packets.
    pub(super) unusable: u64,
}

impl Domain {
    /// Reads a datagram's sets; `None` where one is damaged, after what could be read before.
    pub(super) fn read(
        &mut self,
        dialect: Dialect,
        head: &Head<'_>,
        came: &mut Came,
        tell: &mut dyn FnMut(Record),
    ) -> Option<()> {
        let mut sets = head.sets;
        while sets.len() >= 4 {
            let (id, rest) = take_u16(sets)?;
            let (length, rest) = take_u16(rest)?;
            let (body, rest) = split(rest, usize::from(length).checked_sub(4)?)?;
            match (dialect, id) {
                (Dialect::V9, 0) | (Dialect::Ipfix, 2) => self.read_templates(dialect, body)?,
                (Dialect::V9, 1) => self.read_options_of_v9(body)?,
                (Dialect::Ipfix, 3) => self.read_options_of_ipfix(body)?,
                (_, FIRST_TEMPLATE..) => match self.templates.get(&id).cloned() {
                    Some(template) => {
                        came.unusable += self.read_records(&template, head.header, body, tell);
                    }
                    None => came.without_template += 1,
                },
                _ => {}
            }
            sets = rest;
        }
        Some(())
    }

    fn read_templates(&mut self, dialect: Dialect, mut body: &[u8]) -> Option<()> {
        // What is left over is padding.
        while body.len() >= 4 {
            let (id, rest) = take_u16(body)?;
            let (count, rest) = take_u16(rest)?;
            let (fields, rest) = read_fields(dialect, count, rest)?;
            body = rest;
            self.keep(id, fields, false);
        }
        Some(())
    }

    /// Lengths of scope and options are in octets (RFC 3954 §6.1). Scopes have numbers of their own.
    fn read_options_of_v9(&mut self, mut body: &[u8]) -> Option<()> {
        while body.len() >= 6 {
            let (id, rest) = take_u16(body)?;
            let (scope_len, rest) = take_u16(rest)?;
            let (option_len, rest) = take_u16(rest)?;
            let (scopes, rest) = read_fields(Dialect::V9, scope_len / 4, rest)?;
            let (options, rest) = read_fields(Dialect::V9, option_len / 4, rest)?;
            body = rest;
            let scopes = scopes.into_iter().map(|field| Field { number: 0, ..field });
            self.keep(id, scopes.chain(options).collect(), true);
        }
        Some(())
    }

    /// Scopes are the first of the fields (RFC 7011 §3.4.2.2).
    fn read_options_of_ipfix(&mut self, mut body: &[u8]) -> Option<()> {
        while body.len() >= 6 {
            let (id, rest) = take_u16(body)?;
            let (count, rest) = take_u16(rest)?;
            // A withdrawal has no scopes.
            let rest = if count == 0 { rest } else { take_u16(rest)?.1 };
            let (fields, rest) = read_fields(Dialect::Ipfix, count, rest)?;
            body = rest;
            self.keep(id, fields, true);
        }
        Some(())
    }

    fn keep(&mut self, id: u16, fields: Vec<Field>, is_options: bool) {
        let shortest: usize = fields.iter().map(Field::shortest).sum();
        // None, too many, or without a length: a withdrawal, or nothing that records can be read by.
        if id < FIRST_TEMPLATE || shortest == 0 || fields.len() > MAX_FIELDS {
            self.templates.remove(&id);
            self.order.retain(|known| *known != id);
            return;
        }
        let template = Template { fields, is_options };
        if self.templates.insert(id, template).is_none() {
            self.order.push_back(id);
            if self.order.len() > MAX_TEMPLATES
                && let Some(oldest) = self.order.pop_front()
            {
                self.templates.remove(&oldest);
            }
        }
    }

    /// Reads records until what is left is shorter than one: padding. Returns how many were of no use.
    fn read_records(
        &mut self,
        template: &Template,
        header: Header,
        mut body: &[u8],
        tell: &mut dyn FnMut(Record),
    ) -> u64 {
        let mut unusable = 0;
        while let Some((told, rest)) = template.read(header, body) {
            body = rest;
            if template.is_options {
                self.sampling = told.rate().or(self.sampling);
                self.boot = told.boot().or(self.boot);
                continue;
            }
            let state = (self.sampling.unwrap_or(1), self.boot);
            match told.records(header, state) {
                Some(records) => records.into_iter().flatten().for_each(&mut *tell),
                None => unusable += 1,
            }
        }
        unusable
    }
}

impl Field {
    fn shortest(&self) -> usize {
        match self.length {
            VARIABLE => 1,
            length => length.into(),
        }
    }
}

fn read_fields(dialect: Dialect, count: u16, mut rest: &[u8]) -> Option<(Vec<Field>, &[u8])> {
    let mut fields = Vec::new();
    for _ in 0..count {
        let (number, after) = take_u16(rest)?;
        let (length, after) = take_u16(after)?;
        let is_foreign = dialect == Dialect::Ipfix && number & ENTERPRISE_BIT != 0;
        let (enterprise, after) = if is_foreign {
            take_u32(after)?
        } else {
            (0, after)
        };
        rest = after;
        let number = if is_foreign {
            number & !ENTERPRISE_BIT
        } else {
            number
        };
        fields.push(Field {
            number,
            enterprise,
            length,
        });
    }
    Some((fields, rest))
}

impl Template {
    fn read<'a>(&self, header: Header, mut body: &'a [u8]) -> Option<(Told, &'a [u8])> {
        let mut told = Told::default();
        for field in &self.fields {
            let (length, rest) = match field.length {
                VARIABLE => variable_length(body)?,
                length => (length, body),
            };
            let (value, rest) = split(rest, length.into())?;
            told.note(header, (field.number, field.enterprise), value);
            body = rest;
        }
        Some((told, body))
    }
}

fn variable_length(body: &[u8]) -> Option<(u16, &[u8])> {
    match body.split_first()? {
        (255, rest) => take_u16(rest),
        (length, rest) => Some((u16::from(*length), rest)),
    }
}
