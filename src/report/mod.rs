//! The only place, with `cli`, that prints: text, JSON, the front panel.
//!
//! Functions here return text; `cli` decides where it goes. Text is styled with ANSI sequences, which the stream
//! takes out again where colour is not wanted; no meaning rests on colour alone.

pub use failure::{FailureReport, failure, warning};
pub use json::json;
pub use locate::locate;
pub use patch::{patch_problems, patch_table};

mod failure;
mod json;
mod locate;
mod patch;
mod style;
mod text;
