//! The interfaces of this machine, and its bridges: read, and told what to mirror, by iproute2's `ip`, `bridge` and `tc`.
//!
//! The tools and not netlink: their JSON output and their arguments have been stable for years, they know every kernel's
//! tc messages, an admin can repeat by hand what a log shows, and OpenWrt has them as packages (`ip-full`, `ip-bridge`,
//! `tc-full`). No shell is involved, and only exact arguments are passed.
//!
//! `tool` runs them; `bridge` and `tc` know their words and make values of what they print, without I/O of their own.
//! `links` needs none of them.

pub mod bridge;
pub mod links;
pub mod tc;
mod tool;

pub use tool::ToolError;
