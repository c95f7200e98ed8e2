//! The session: resolve, control, narrow, prove, restore. The only place that knows both the search and the mirror.

mod event;
mod outcome;

pub use event::Event;
pub use outcome::*;
