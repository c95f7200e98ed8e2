//! Bringing a map that somebody keeps elsewhere into the patch list.
//!
//! Data flows from a file ([`from_file`]) or from a switch's port descriptions ([`from_ports`]) to a [`Source`], from
//! there and the present list to a [`Plan`], and from that to the list's new text ([`Target::rewritten`]). Only
//! [`from_file`] and [`Target`] touch files. The list belongs to the admin: what the plan does not change keeps its
//! octets, and a value that is already there is replaced only when asked for.

use serde::Serialize;

pub use error::ImportError;
pub use heading::{BadNaming, Naming};
pub use plan::{Change, FieldChange, NewEntry, Plan};
pub use ports::from_ports;
pub use sheet::from_file;
pub use target::Target;

use super::list::{Entry, Problem};

mod encoding;
mod error;
mod heading;
mod plan;
mod ports;
mod rewrite;
mod sheet;
mod target;

/// What a file or a switch says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// The ports and where their cables end.
    pub entries: Vec<Incoming>,
    /// The columns that are taken over.
    pub columns: Vec<ColumnTaken>,
    /// The columns that are not.
    pub columns_not_taken: Vec<ColumnLeft>,
    /// Lines that cannot be used, and why.
    pub left_out: Vec<Problem>,
    /// Lines that say something else of a port than an earlier line does: nobody knows which is true.
    pub contradictions: Vec<Problem>,
    /// Ports whose description does not fit the pattern.
    pub not_matched: Vec<PortNotMatched>,
    /// How many ports have no description.
    pub without_description: usize,
    /// What the person should look at, one sentence each.
    pub warnings: Vec<String>,
}

/// A port as the source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its line in the file, 0 if it comes from a switch.
    pub entry: Entry,
    /// The other names by which the list may know the port.
    pub other_names: Vec<String>,
}

/// A column that is taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnTaken {
    /// The patch list's column.
    pub column: &'static str,
    /// The file's heading.
    pub heading: String,
    /// Which column of the file it is, from 1.
    pub number: usize,
}

/// A column that is not taken over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnLeft {
    /// The file's heading.
    pub heading: String,
    /// Which column of the file it is, from 1.
    pub number: usize,
}

/// A port whose description does not fit the pattern.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortNotMatched {
    /// The label on the front panel.
    pub port: String,
    /// `ifAlias`.
    pub description: String,
}

#[cfg(test)]
mod tests;
