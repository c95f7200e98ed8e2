//! halfspan finds the physical machine behind an address by driving a switch's port mirror.
//!
//! ```text
//! cli ─> config, profile ─> suspect ─> locate ─> identify, patch ─> report
//! flags   checked values    ip -> mac    │        vendor, name, outlet
//!                      search (pure) <───┴───> mirror, sniff, stimulus, tables (I/O)
//! ```
//!
//! Beside it, `cli ─> capture, sniff ─> flows ─> report` counts who talks: [`capture`] reads files frame by frame,
//! [`exports`] what exporters tell, [`flows`] is pure; [`clickhouse`] has a store of flow records count instead. `cli ─> owner ─> report` names the process behind a connection of this machine.
//!
//! Data flows from left to right. [`search`], [`wire`], [`port`], [`mac`] and [`profile`] touch neither a
//! socket nor a clock; only [`locate`] knows both [`search`] and [`mirror`]; only [`report`] and [`cli`]
//! print; a mirror driver knows nothing of belief. The virtual switch in [`lab`] speaks the real
//! protocols, so [`locate`] has no path of its own for it.

mod bounded;
pub mod capture;
pub mod cli;
pub mod clickhouse;
pub mod clock;
pub mod config;
pub mod error;
pub mod exports;
pub mod flows;
pub mod http;
pub mod identify;
pub mod lab;
pub mod linux;
pub mod locate;
pub mod mac;
pub mod mirror;
mod netlink;
pub mod ovsdb;
pub mod owner;
pub mod patch;
pub mod port;
pub mod profile;
pub mod report;
pub mod search;
pub mod secret;
mod shell;
pub mod sniff;
pub mod snmp;
pub mod stimulus;
pub mod suspect;
pub mod tables;
pub mod tls;
pub mod wire;
