//! The questions before the first write.

use super::candidates::Roles;
use super::reach::ManagementPath;
use super::task::Desk;
use crate::config::Switch;
use crate::error::{Exit, Failure};
use crate::port::PortTable;
use crate::profile::DestinationTraffic;

/// Asks whether the switch may be changed, having made sure that it can still be reached afterwards.
///
/// # Errors
/// [`Exit::Refused`], if the switch is known to cut this machine off, if the person says no, or if nobody is
/// there to ask.
pub(super) fn ask(
    switch: &Switch,
    ports: &PortTable,
    roles: &Roles,
    path: ManagementPath,
    traffic: DestinationTraffic,
    desk: &dyn Desk,
) -> Result<(), Failure> {
    let name = &switch.name;
    let destination = ports.label(roles.destination);
    let shared = path == ManagementPath::ThroughDestination;
    if shared && traffic == DestinationTraffic::Block {
        return Err(Failure::new(
            Exit::Refused,
            format!("{name} is managed through port {destination}, which it cuts off while it is a mirror destination"),
        )
        .hint("manage the switch by another interface of this machine, such as Wi-Fi"));
    }
    let mut question = format!(
        "{name} will mirror ports {} to port {destination} and be put back afterwards.",
        ports.describe(&roles.candidates)
    );
    if shared && traffic != DestinationTraffic::Pass {
        question.push_str(&format!(
            " This machine manages it through port {destination}, and the profile does not know whether that port still works then; if not, `halfspan restore` from another port puts it back."
        ));
    }
    question.push_str(" Go on?");
    if desk.confirm(&question)? {
        Ok(())
    } else {
        Err(Failure::new(Exit::Refused, "stopped by your answer").state("nothing was written"))
    }
}
