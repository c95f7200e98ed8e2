//! The session: resolve, control, narrow, prove, restore. The only place that knows both the search and the mirror.

pub mod answer;
pub mod candidates;
mod catch;
mod checkup;
mod control;
mod direct;
mod drive;
mod error;
mod event;
mod findings;
mod inquiry;
mod job;
mod naming;
mod outcome;
mod reach;
pub mod record;
mod resolving;
mod safety;
mod survey;
pub mod switches;
mod task;
mod trial;
mod waking;

pub use checkup::{Checkup, abilities, check, roles_of};
pub use drive::{Evidence, Instruments, Window, drive};
pub use error::LocateError;
pub use event::Event;
pub use job::{Ended, locate};
pub use naming::names;
pub use outcome::*;
pub use reach::{ManagementPath, management_path};
pub use resolving::{Found, mac_of};
pub use survey::{Survey, Wanted};
pub use task::{Desk, Target, Task};
pub use trial::{Trial, identity, try_profile};
