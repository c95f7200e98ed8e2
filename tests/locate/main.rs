//! The whole program against a virtual switch: real SNMP, real TZSP, real signals, real exit codes.
//!
//! Every test starts a lab of its own on free ports of the loopback interface and runs the built program in a folder
//! of its own, so that the tests need no rights, no peers, and do not disturb each other. What a sentence on the
//! screen says is tested where the sentence is made; here it is tested that the program keeps its promises.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

mod commands;
mod crashes;
mod families;
mod faults;
mod profiles;
mod records;
mod refusals;
mod site;
mod suspects;
mod trials;
mod unseen;
mod watching;
mod web;
