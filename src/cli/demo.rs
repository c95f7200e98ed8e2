//! `halfspan demo`: a virtual lab, and the ordinary `locate` against it.

use std::time::Duration;

use clap::Args;

use super::Context;
use super::lab::{WorldArgs, write_files};
use super::locate::{at_terminal, print};
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::lab::Lab;
use crate::locate::{Target, Task};

/// See it work: start a virtual switch and locate a suspect on it; needs no hardware and no root
#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    #[command(flatten)]
    world: WorldArgs,
}

pub(super) fn run(args: &DemoArgs, context: &Context) -> Result<Exit, Failure> {
    let spec = args.world.spec().on_free_ports();
    let (seed, ports) = (spec.seed, spec.ports);
    let lab = Lab::start(spec)?;
    let folder = tempfile::tempdir().map_err(|error| {
        Failure::new(Exit::Device, format!("no temporary folder: {error}")).hint("set TMPDIR")
    })?;
    let config = Config::read(&write_files(&lab, folder.path())?)?;
    let suspect = lab.truth().ip;
    context.tell(&format!(
        "A virtual switch with {ports} ports answers SNMP on {switch}; copies come as TZSP.\n\
         What follows is the same as: halfspan locate --ip {suspect}  (seed {seed})\n",
        switch = lab.addresses().switch
    ));
    let task = Task {
        target: Target::Ip(suspect.into()),
        switches: Vec::new(),
        interface: None,
        destination: None,
        candidates: None,
        confidence: 0.999,
        max_time: Duration::from_secs(900),
        passive: false,
        dry_run: false,
        no_tables: true, // the table of a virtual switch is always right, and would spoil the show
        take_session: false,
        record: None,
        seed,
    };
    let state = folder.path().join("journal");
    print(at_terminal(&config, &task, &state, true, context), context)
}
