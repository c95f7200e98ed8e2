//! `talkers` and `flows` of the built program, on captures made for it.

#![expect(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on shall panic"
)]

mod bounded;
mod counts;
mod craft;
mod damage;
mod exporters;
mod exports;
mod live;
mod mixed;
mod packed;
mod program;
mod slow;
mod store;
mod stories;
mod tshark;
