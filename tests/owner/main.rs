//! `owner` of the built program, watching real connections of real processes on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod jobs;
mod short;
mod watching;
mod world;
