//! What each shape needs to find among the objects.

use super::super::{IndexPart, Object, Profile, Role, Shape};
use super::{Fault, fault};

/// Checks that the shape finds the objects it needs.
pub(super) fn shape(profile: &Profile) -> Result<(), Fault> {
    let any = |role: Role, is: &dyn Fn(&Object) -> bool, what: &str| {
        if profile.with_role(role).any(is) {
            Ok(())
        } else {
            fault("objects", what)
        }
    };
    let per_source = |object: &Object| object.index.has(IndexPart::Source);
    let destination = || {
        let flagged = profile.with_role(Role::DestinationFlag).next().is_some()
            || profile
                .with_role(Role::Direction)
                .any(|object| object.code("destination").is_some());
        if flagged {
            return Ok(());
        }
        any(Role::Destination, &|_| true, "there is no `destination`")
    };
    if profile.http.is_some() {
        let known = [
            Shape::Document,
            Shape::CliLines,
            Shape::PortFlags,
            Shape::SingleSource,
            Shape::Candidate,
            Shape::OnDestination,
            Shape::OnSource,
        ];
        return if known.contains(&profile.shape) {
            Ok(())
        } else {
            fault("shape", "a switch that is told over HTTP has another shape")
        };
    }
    match profile.shape {
        Shape::PairRows => {
            let pair = |o: &Object| per_source(o) && o.index.has(IndexPart::Destination);
            any(
                Role::RowStatus,
                &pair,
                "there is no `row_status` with source and destination in its index",
            )?;
            any(
                Role::Direction,
                &pair,
                "there is no `direction` with source and destination in its index",
            )
        }
        Shape::SessionRows => any(
            Role::RowStatus,
            &per_source,
            "there is no `row_status` with the source in its index",
        ),
        Shape::Bitmap => {
            any(
                Role::Sources,
                &|o| o.bitmap.is_some(),
                "there are no `sources` with a `bitmap`",
            )?;
            destination()
        }
        Shape::PortFlags => {
            let flags = profile.objects.iter().any(|o| {
                per_source(o)
                    && (o.role == Role::Source
                        || (o.role == Role::Direction && o.code("off").is_some()))
            });
            if !flags {
                return fault(
                    "objects",
                    "there is neither a `source` nor a `direction` with the code `off` for each port",
                );
            }
            destination()
        }
        Shape::PortList => {
            any(
                Role::Sources,
                &|o| o.list.is_some(),
                "there are no `sources` with a `list`",
            )?;
            destination()
        }
        Shape::SingleSource => {
            any(Role::Sources, &|_| true, "there are no `sources`")?;
            destination()
        }
        Shape::SourceRow => any(
            Role::Destinations,
            &per_source,
            "there are no `destinations` with the source in their index",
        ),
        Shape::Command => {
            let adds = |role| profile.with_role(role).next().is_some();
            if !(adds(Role::Command) || adds(Role::Add) && adds(Role::Remove)) {
                return fault(
                    "objects",
                    "there is neither a `command` nor `add` and `remove`",
                );
            }
            any(
                Role::Status,
                &|_| true,
                "there is no `status` that shows what is mirrored: the old state must be known",
            )
        }
        Shape::Candidate => {
            any(Role::Apply, &|_| true, "there is no `apply`")?;
            any(
                Role::Pending,
                &|_| true,
                "there is no `pending`: somebody else's edits would go live unseen",
            )
        }
        Shape::Document | Shape::CliLines => over_http(profile),
        Shape::OnDestination => any(
            Role::Sources,
            &|o| o.index.has(IndexPart::Destination),
            "there are no `sources` with the destination in their index",
        ),
        Shape::OnSource => any(
            Role::Destination,
            &per_source,
            "there is no `destination` with the source in its index",
        ),
        Shape::Manual | Shape::TcFilters | Shape::OvsdbMirror if profile.objects.is_empty() => {
            Ok(())
        }
        Shape::Manual => fault("objects", "a manual profile controls nothing"),
        Shape::TcFilters | Shape::OvsdbMirror => {
            fault("objects", "a switch of this shape has no objects")
        }
    }
}

/// A shape that only HTTP has, or that this profile has over HTTP.
fn over_http(profile: &Profile) -> Result<(), Fault> {
    if profile.http.is_none() {
        return fault(
            "shape",
            "a switch of this shape is told over HTTP: there is no `http`",
        );
    }
    Ok(())
}
