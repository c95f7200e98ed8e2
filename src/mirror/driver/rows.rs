//! Table rows that are made and removed, by RowStatus (RFC 2579) or by whatever a vendor has in its place.

use crate::mirror::binding::{Bound, Objects};
use crate::profile::{CreateBy, OnlyWhile, Role, Syntax};
use crate::snmp::{Oid, Value, VarBind};

use super::{Batch, requests};

/// Values of RowStatus (RFC 2579).
pub(super) const ACTIVE: i64 = 1;
pub(super) const NOT_IN_SERVICE: i64 = 2;
pub(super) const NOT_READY: i64 = 3;
pub(super) const CREATE_AND_GO: i64 = 4;
pub(super) const CREATE_AND_WAIT: i64 = 5;
pub(super) const DESTROY: i64 = 6;

/// Tells whether the status column is a RowStatus.
pub(super) fn is_row_status(status: &Bound) -> bool {
    status.object.syntax == Syntax::RowStatus
}

/// Returns the code of RFC 2579, or the profile's word for it where the column is no RowStatus.
pub(super) fn code(status: &Bound, rfc: i64, word: &str) -> Option<i64> {
    if is_row_status(status) {
        Some(rfc)
    } else {
        status.object.code(word)
    }
}

/// Returns the value that a row's status has while the row is in use.
pub(super) fn there(status: &Bound) -> Option<Value> {
    there_as(status, ACTIVE)
}

/// Returns the status of a row that exists in this state.
pub(super) fn there_as(status: &Bound, rfc: i64) -> Option<Value> {
    // Where columns alone make the row, any value but that of removing stands for "it is there".
    let made_by_columns = if status.object.code("remove") == Some(1) {
        2
    } else {
        1
    };
    let number = code(status, rfc, "create").unwrap_or(made_by_columns);
    status.object.syntax.value(number)
}

/// Tells whether a status value belongs to a row that exists.
pub(super) fn exists(status: &Bound, value: Option<&Value>) -> bool {
    value.is_some_and(|value| is_row_status(status) || status.object.word(value) != Some("remove"))
}

/// Tells whether the row of a status value is in use.
pub(super) fn is_active(status: &Bound, value: &Value) -> bool {
    if is_row_status(status) {
        value.as_i64() == Some(ACTIVE)
    } else {
        exists(status, Some(value))
    }
}

/// Returns the status of the row that a column is in, if its rows are made and removed.
pub(super) fn status_of<'a>(objects: &'a Objects, column: &Bound) -> Option<&'a Bound> {
    let parent = |oid: &Oid| {
        Oid::from(
            oid.0
                .get(..oid.0.len().saturating_sub(1))
                .unwrap_or_default(),
        )
    };
    let mut same_index = objects
        .role(Role::RowStatus)
        .filter(|status| status.object.index == column.object.index);
    let first = same_index.next()?;
    if parent(&first.oid) == parent(&column.oid) {
        return Some(first);
    }
    Some(
        same_index
            .find(|status| parent(&status.oid) == parent(&column.oid))
            .unwrap_or(first),
    )
}

/// The kept columns of the rows that a status makes, without the status itself.
pub(super) fn columns<'a>(
    objects: &'a Objects,
    status: &'a Bound,
) -> impl Iterator<Item = &'a Bound> {
    objects.iter().filter(move |column| {
        let role = column.object.role;
        role.is_kept()
            && role != Role::RowStatus
            && status_of(objects, column).is_some_and(|own| own.oid == status.oid)
    })
}

/// Returns the binding that removes a row.
pub(super) fn destroy(status: &Bound, oid: &Oid) -> Option<VarBind> {
    Some(VarBind {
        oid: oid.clone(),
        value: status
            .object
            .syntax
            .value(code(status, DESTROY, "remove")?)?,
    })
}

/// A row to be made.
#[derive(Clone, Debug)]
pub(super) struct NewRow {
    /// The instance of its status.
    pub(super) status: Oid,
    /// Its columns.
    pub(super) columns: Vec<VarBind>,
    /// Whether it is to be in use, or only there.
    pub(super) active: bool,
}

/// Tells whether rows are made step by step: first the row, then its columns, then it is put to use.
pub(super) fn in_steps(objects: &Objects, status: &Bound) -> bool {
    status.object.create == CreateBy::CreateAndWait
        || columns(objects, status)
            .any(|column| column.object.only_while == Some(OnlyWhile::Creating))
}

/// Returns the requests that make rows of one table.
pub(super) fn create(
    objects: &Objects,
    status: &Bound,
    rows: &[NewRow],
    per_request: usize,
) -> Vec<Batch> {
    let bind = |row: &NewRow, number: Option<i64>| -> Vec<VarBind> {
        let value = number.and_then(|number| status.object.syntax.value(number));
        value
            .map(|value| VarBind {
                oid: row.status.clone(),
                value,
            })
            .into_iter()
            .collect()
    };
    let columns = |row: &NewRow| row.columns.clone();
    if !in_steps(objects, status) {
        let whole = |row: &NewRow| {
            let rfc = if row.active {
                CREATE_AND_GO
            } else {
                CREATE_AND_WAIT
            };
            let mut whole = columns(row);
            whole.extend(bind(row, code(status, rfc, "create")));
            whole
        };
        return requests(rows.iter().map(whole).collect(), per_request, true);
    }
    let all = |each: &dyn Fn(&NewRow) -> Vec<VarBind>| -> Vec<Vec<VarBind>> {
        let rows = rows.iter().map(each);
        rows.filter(|bindings| !bindings.is_empty()).collect()
    };
    let made = all(&|row| bind(row, code(status, CREATE_AND_WAIT, "create")));
    let filled = all(&columns);
    let used = all(&|row| {
        let number = row
            .active
            .then_some(ACTIVE)
            .filter(|_| is_row_status(status));
        bind(row, number)
    });
    [made, filled, used]
        .into_iter()
        .flat_map(|rows| requests(rows, per_request, true))
        .collect()
}
