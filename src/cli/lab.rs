//! `halfspan lab`: a virtual switch to practise on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::Context;
use super::desk::TerminalDesk;
use crate::error::{Exit, Failure};
use crate::lab::{Lab, Place, Profile, Spec, Talk};
use crate::locate::Desk;
use crate::port::BridgePort;

/// Run a virtual switch on loopback, with real SNMP, hosts that talk and a suspect, until Ctrl-C
#[derive(Debug, Args)]
pub(super) struct LabArgs {
    #[command(flatten)]
    pub(super) world: WorldArgs,
    /// Write halfspan.yaml and patch.csv for the lab into this folder
    #[arg(long, value_name = "FOLDER", default_value = "halfspan-lab")]
    dir: PathBuf,
}

/// What the virtual switch is like; shared with `demo`.
#[derive(Debug, Args)]
pub(super) struct WorldArgs {
    /// How many ports the switch has, 4 to 480 [default: 24, or as many as such a switch has]
    #[arg(long, value_name = "N")]
    ports: Option<u32>,
    /// The family whose mirror objects the switch's agent has: a profile's name, or the file of a description
    #[arg(long, value_name = "NAME", default_value = "smon-portcopy", value_parser = profile)]
    profile: Profile,
    /// How the suspect talks
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    suspect: Talks,
    /// The port the suspect is plugged into [default: the seed chooses]
    #[arg(long, value_name = "PORT")]
    suspect_port: Option<u32>,
    /// Other machines on the suspect's port, behind a hub
    #[arg(long, value_name = "N", default_value_t = 0)]
    hub: u32,
    /// What goes wrong (repeatable)
    #[arg(long, value_enum, value_name = "FAULT")]
    fault: Vec<Fault>,
    /// Draws machines, places and traffic: the same seed gives the same lab
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Talks {
    /// 100 frames a second
    #[default]
    Steady,
    /// 2 s of 50 frames a second, then 20 s of silence
    Bursty,
    /// A frame every five seconds
    Rare,
    /// Nothing, unless it is asked
    Silent,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Fault {
    /// One request in ten is lost
    LostRequests,
    /// One answer in ten is lost, though what was asked for has been done
    LostReplies,
    /// A change takes effect a second after it was acknowledged
    LateWrites,
    /// Writes are acknowledged and ignored
    IgnoredWrites,
    /// One copy in two is lost
    LostCopies,
    /// Nothing is copied, whatever the agent says
    DeadMirror,
    /// At most eight source ports; more are refused
    SourceLimit,
    /// Nobody may write
    ReadOnly,
    /// The switch restarts at the third write
    Reboot,
    /// Somebody else's mirror session is there
    ForeignSession,
}

fn profile(name: &str) -> Result<Profile, String> {
    if name.contains('/') || name.ends_with(".yaml") {
        let text = std::fs::read_to_string(name).map_err(|error| error.to_string())?;
        let stem = Path::new(name).file_stem().unwrap_or_default();
        return Profile::from_description(&stem.to_string_lossy(), &text);
    }
    Profile::by_name(name).ok_or_else(|| {
        let known: Vec<&str> = Profile::every()
            .iter()
            .map(|profile| profile.name())
            .collect();
        format!("the lab plays {}", known.join(", "))
    })
}

impl WorldArgs {
    pub(super) fn spec(&self) -> Spec {
        let mut spec = Spec {
            ports: self.ports.unwrap_or(self.profile.most_ports().min(24)),
            profile: self.profile,
            ..Spec::default()
        };
        spec.seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        spec.suspect.talk = match self.suspect {
            Talks::Steady => Talk::Steady { rate: 100.0 },
            Talks::Bursty => Talk::BURSTY,
            Talks::Rare => Talk::RARE,
            Talks::Silent => Talk::Silent,
        };
        if let Some(port) = self.suspect_port {
            spec.suspect.place = Place::Port(BridgePort(port));
        }
        spec.suspect.hub_mates = self.hub;
        for fault in &self.fault {
            fault.switch_on(&mut spec);
        }
        spec
    }
}

impl Fault {
    fn switch_on(self, spec: &mut Spec) {
        use crate::lab::{Beyond, Often, Reboot, SourceLimit, When, WriteLatency};
        let faults = &mut spec.faults;
        match self {
            Fault::LostRequests => faults.lost_requests = Often::Chance(0.1),
            Fault::LostReplies => faults.lost_replies = Often::Chance(0.1),
            Fault::LateWrites => {
                let latency = WriteLatency {
                    effect: Duration::from_secs(1),
                    answer: Duration::ZERO,
                };
                faults.write_latency = Some(latency);
            }
            Fault::IgnoredWrites => faults.ignored_writes = Often::Always,
            Fault::LostCopies => faults.lost_copies = Often::Chance(0.5),
            Fault::DeadMirror => faults.dead_mirror = true,
            Fault::SourceLimit => {
                faults.source_limit = Some(SourceLimit {
                    most: 8,
                    beyond: Beyond::Refused,
                })
            }
            Fault::ReadOnly => faults.read_only = true,
            Fault::Reboot => {
                faults.reboot = Some(Reboot {
                    at: When::Write(3),
                    down: Duration::from_secs(10),
                })
            }
            Fault::ForeignSession => spec.mirror.foreign_session = true,
        }
    }
}

#[derive(Serialize)]
struct LabDocument {
    schema: &'static str,
    config: PathBuf,
    suspect: std::net::Ipv4Addr,
    switch: std::net::SocketAddr,
    seed: u64,
}

pub(super) fn run(args: &LabArgs, context: &Context) -> Result<Exit, Failure> {
    let spec = args.world.spec();
    let seed = spec.seed;
    let lab = Lab::start(spec)?;
    let config = write_files(&lab, &args.dir)?;
    let document = LabDocument {
        schema: "halfspan.lab/1",
        suspect: lab.truth().ip,
        switch: lab.addresses().switch,
        config,
        seed,
    };
    let file = document.config.display();
    let text = format!(
        "A virtual switch answers SNMP on {}. Try in another terminal:\n\n  \
         halfspan --config {file} switch check office-1\n  \
         halfspan --config {file} locate --ip {}\n\n\
         Seed {seed}. Ctrl-C ends it.\n",
        document.switch, document.suspect
    );
    context.result(&text, &document)?;
    let desk = TerminalDesk::new(false, context);
    while !desk.interrupted() {
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(Exit::Done)
}

/// Writes what the lab hands out; returns the configuration's path.
pub(super) fn write_files(lab: &Lab, folder: &Path) -> Result<PathBuf, Failure> {
    let config = folder.join(crate::config::FILE_NAME);
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&config, lab.config_yaml()))
        .and_then(|()| std::fs::write(folder.join("patch.csv"), lab.patch_csv()));
    match written {
        Ok(()) => Ok(config),
        Err(error) => Err(Failure::new(
            Exit::Usage,
            format!("cannot write into {}: {error}", folder.display()),
        )
        .hint("choose another folder with --dir")),
    }
}
