//! The room as a whole against strict agents in memory.

mod dgs1210;
mod fake;
mod fastpath;
mod guarding;
mod journals;
mod planning;
mod recovery;
mod sessions;
mod shapes;
mod smon;
mod zyxel;

use std::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::mirror::{Journal, MirrorError, MirrorSession, OpenRequest, open};
use crate::port::{BridgePort, IfIndex, Link, PanelPort, PortId, PortSet, PortTable, SwitchPort};
use crate::profile::{self, Profile};

use fake::FakeSwitch;

/// What is added to a bridge port to get the `ifIndex` of our fakes, so that the two cannot be mixed up.
const IF_OFFSET: u32 = 48;
/// Ports of our fakes.
const PORTS: u32 = 12;
/// The laptop's port.
const DESTINATION: PortId = PortId(12);
/// The uplink.
const UPLINK: PortId = PortId(11);
/// A port without link.
const DOWN: PortId = PortId(10);

/// A clock that only moves when somebody sleeps.
#[derive(Default)]
struct TestClock(Cell<Duration>);

impl Clock for TestClock {
    fn now(&self) -> Moment {
        Moment(self.0.get())
    }
    fn sleep_until(&self, until: Moment) {
        self.0.set(self.0.get().max(until.0));
    }
}

fn clock() -> Rc<dyn Clock> {
    Rc::new(TestClock::default())
}

fn ports() -> PortTable {
    let port = |n: u32| SwitchPort {
        id: PortId(0),
        label: PanelPort(n.to_string()),
        if_name: format!("port{n}"),
        alias: String::new(),
        if_index: Some(IfIndex(n + IF_OFFSET)),
        bridge_port: Some(BridgePort(n)),
        link: if n == u32::from(DOWN.0) {
            Link::Down
        } else {
            Link::Up
        },
    };
    PortTable::new((1..=PORTS).map(port).collect())
}

fn set(ids: &[u16]) -> PortSet {
    ids.iter().copied().map(PortId).collect()
}

fn built_in(name: &str) -> Profile {
    profile::load(name, Path::new("/nonexistent")).unwrap()
}

/// A switch, its profile, and a folder for the journal.
struct Bench {
    switch: FakeSwitch,
    profile: Profile,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(profile: &str, switch: FakeSwitch) -> Self {
        Bench {
            switch,
            profile: built_in(profile),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self, take_session: bool) -> Result<MirrorSession, MirrorError> {
        let request = OpenRequest {
            switch: "office-1",
            profile: &self.profile,
            ports: &ports(),
            destination: DESTINATION,
            forbidden: &set(&[UPLINK.0]),
            journal_dir: self.folder.path(),
            take_session,
            clock: clock(),
        };
        open(&request, Box::new(self.switch.clone()))
    }

    fn repair(&self) -> Result<(), MirrorError> {
        let journal = crate::mirror::load_journal(self.folder.path(), "office-1")?;
        journal.map_or(Ok(()), |journal| self.repair_by(&journal))
    }

    fn repair_by(&self, journal: &Journal) -> Result<(), MirrorError> {
        crate::mirror::repair(
            journal,
            self.folder.path(),
            crate::mirror::Way::Agents(Box::new(self.switch.clone()).into()),
            clock(),
        )
    }

    fn has_journal(&self) -> bool {
        self.folder.path().join("office-1.json").exists()
    }
}
