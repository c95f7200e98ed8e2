//! What holds for every switch that is told over SNMP, whatever its shape: somebody else's mirror is refused or borrowed and put
//! back, and a run that is cut off is made good. On the lab's agents, without frames: each check is a dozen requests.

use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use halfspan::clock::{Clock, LiveClock, Moment};
use halfspan::lab::Profile;
use halfspan::mirror::{self, Agents, Mirror, MirrorError, MirrorSession, OpenRequest, Way};
use halfspan::port::{PortId, PortSet, PortTable};
use halfspan::profile::{self, Profile as Described};
use halfspan::secret::Secret;
use halfspan::snmp::{Client, Oid, Snmp, SnmpCredentials, SnmpError, Timing, VarBind};
use halfspan::tables::ports;

use crate::site::{SWITCH, Site};

/// An agent whose cable can be pulled: from then on nothing is answered, and waiting takes no time.
#[derive(Clone)]
struct Cable {
    client: Arc<Mutex<Client>>,
    pulled: Arc<AtomicBool>,
    live: LiveClock,
    skipped: Arc<Mutex<Duration>>,
}

impl Cable {
    fn to(site: &Site) -> Cable {
        let community = |name: &str| Secret::new(name.to_owned());
        let credentials = SnmpCredentials::Community {
            v1: false,
            read: community("public"),
            write: Some(community("private")),
        };
        let address = site.lab.addresses().switch.to_string();
        let client = Client::connect(SWITCH, &address, &credentials, Timing::default()).unwrap();
        Cable {
            client: Arc::new(Mutex::new(client)),
            pulled: Arc::new(AtomicBool::new(false)),
            live: LiveClock::start(),
            skipped: Arc::default(),
        }
    }

    fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }

    fn answers(&self) -> Result<std::sync::MutexGuard<'_, Client>, SnmpError> {
        if self.is_pulled() {
            return Err(SnmpError::Lost {
                agent: SWITCH.to_owned(),
                attempts: 1,
                seconds: 0.0,
            });
        }
        Ok(self.client())
    }

    fn client(&self) -> std::sync::MutexGuard<'_, Client> {
        self.client.lock().unwrap()
    }
}

impl Snmp for Cable {
    fn agent(&self) -> &str {
        SWITCH
    }
    fn get(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        self.answers()?.get(oids)
    }
    fn walk(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        self.answers()?.walk(base)
    }
    fn set(&mut self, bindings: &[VarBind]) -> Result<(), SnmpError> {
        self.answers()?.set(bindings)
    }
}

impl Clock for Cable {
    fn now(&self) -> Moment {
        self.live.now() + *self.skipped.lock().unwrap()
    }
    fn sleep_until(&self, until: Moment) {
        let left = until.since(self.now());
        if self.is_pulled() {
            *self.skipped.lock().unwrap() += left;
        } else {
            std::thread::sleep(left);
        }
    }
}

/// A switch of a family, and what a run on it needs.
struct Bench {
    site: Site,
    profile: Described,
    ports: PortTable,
    /// The laptop's port, and that of somebody else's analyzer.
    ours: PortId,
    theirs: PortId,
}

impl Bench {
    fn new(family: Profile) -> Bench {
        let profile = profile::load(family.name(), Path::new("/nonexistent")).unwrap();
        Bench::with(family, profile)
    }

    fn with(family: Profile, profile: Described) -> Bench {
        let site = Site::new(|spec| {
            spec.profile = family;
            // Every port is up: which ports the seed has put down is not the question here.
            spec.down = 0.0;
            spec.ports = family.most_ports().min(12);
        });
        let ports = ports::read(&mut Cable::to(&site)).unwrap();
        let last = u16::try_from(ports.iter().count()).unwrap();
        Bench {
            site,
            profile,
            ports,
            ours: PortId(last),
            theirs: PortId(last - 2),
        }
    }

    fn open(
        &self,
        cable: &Cable,
        destination: PortId,
        journal: &Path,
        take_session: bool,
    ) -> Result<MirrorSession, MirrorError> {
        let request = OpenRequest {
            switch: SWITCH,
            profile: &self.profile,
            ports: &self.ports,
            destination,
            forbidden: &PortSet::from_iter([PortId(self.ours.0 - 1)]),
            journal_dir: journal,
            take_session,
            clock: Rc::new(cable.clone()),
        };
        mirror::open(&request, Agents::from(Box::new(cable.clone())))
    }

    /// Mirrors some ports and is cut off before they are put back.
    fn cut_off(
        &self,
        destination: PortId,
        first: u16,
        journal: &Path,
        take: bool,
    ) -> Result<(), MirrorError> {
        let cable = Cable::to(&self.site);
        let mut session = self.open(&cable, destination, journal, take)?;
        let done = session.set_sources(&self.some_ports(first));
        cable.pulled.store(true, Ordering::Relaxed);
        done.map(drop)
    }

    /// One or two ports from a number on: as many as the switch mirrors at once.
    fn some_ports(&self, first: u16) -> PortSet {
        let most = self.profile.limits.sources.unwrap_or(2).min(2);
        let count = u16::try_from(most).unwrap();
        (first..first + count).map(PortId).collect()
    }

    fn repair(&self, journal: &Path) {
        let cable = Cable::to(&self.site);
        let left = mirror::load_journal(journal, SWITCH).unwrap().unwrap();
        let way = Way::Agents(Agents::from(Box::new(cable.clone())));
        mirror::repair(&left, journal, way, Rc::new(cable)).unwrap();
    }

    /// A run that was cut off is made good.
    fn is_made_good_after_a_cut(&self, take: bool) {
        let journal = tempfile::tempdir().unwrap();
        let before = self.site.mirror_objects();
        self.cut_off(self.ours, 4, journal.path(), take).unwrap();
        assert!(self.site.mirror_objects() != before, "nothing was mirrored");
        self.repair(journal.path());
        assert!(self.site.mirror_objects() == before, "not made good");
    }

    /// Somebody else's mirror to `destination` is refused and, where that was asked for, borrowed and put back.
    fn respects_a_mirror_to(&self, destination: PortId) {
        let (theirs, ours) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        self.cut_off(destination, 1, theirs.path(), false).unwrap();
        let foreign = self.site.mirror_objects();
        let cable = Cable::to(&self.site);
        let refused = self.open(&cable, self.ours, ours.path(), false).err();
        assert!(
            matches!(refused, Some(MirrorError::Foreign { .. })),
            "{refused:?}"
        );
        assert!(
            self.site.mirror_objects() == foreign,
            "written in spite of a refusal"
        );

        let mut session = self.open(&cable, self.ours, ours.path(), true).unwrap();
        session.set_sources(&self.some_ports(3)).unwrap();
        assert_eq!(session.sources().unwrap(), self.some_ports(3));
        session.restore().unwrap();
        drop(session);
        assert!(self.site.mirror_objects() == foreign, "not put back");
        if destination == self.theirs {
            self.is_made_good_after_a_cut(true);
        }
        self.repair(theirs.path());
    }
}

/// Checks one family; each check starts from what the last one has put back.
fn is_safe_with(family: Profile) {
    let bench = Bench::new(family);
    let before = bench.site.mirror_objects();
    bench.is_made_good_after_a_cut(false);
    bench.respects_a_mirror_to(bench.ours);
    bench.respects_a_mirror_to(bench.theirs);
    assert!(
        bench.site.mirror_objects() == before,
        "not as at the beginning"
    );
}

#[test]
fn on_every_family_a_foreign_mirror_is_respected_and_a_run_that_was_cut_off_is_made_good() {
    let over_snmp = |profile: &Profile| !matches!(profile, Profile::Web(_));
    let families: Vec<Profile> = Profile::every().into_iter().filter(over_snmp).collect();
    println!("{} families", families.len());
    let left = Mutex::new(families);
    let failed = Mutex::new(Vec::new());
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(family) = next() {
                    if std::panic::catch_unwind(|| is_safe_with(family)).is_err() {
                        failed.lock().unwrap().push(family.name());
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner().unwrap(), Vec::<&str>::new());
}

/// The examples of `docs/profile-format.md` that are whole profiles, each with the family whose lab it is for.
fn examples() -> Vec<(Described, Option<Profile>)> {
    let document = include_str!("../../docs/profile-format.md");
    let blocks = document.split("```yaml\n").skip(1);
    let before = document.split("```yaml\n");
    let whole = before.zip(blocks).filter_map(|(before, block)| {
        let text = block.split("```").next()?;
        let named = before
            .rsplit("```")
            .next()?
            .split("`halfspan lab --profile ")
            .nth(1);
        let family = named.and_then(|rest| Profile::by_name(rest.split('`').next()?));
        let is_whole = text.starts_with("format: 1\n");
        is_whole.then(|| {
            let profile = profile::parse(text, "example").unwrap_or_else(|e| panic!("{e}\n{text}"));
            (profile, family)
        })
    });
    whole.collect()
}

#[test]
fn every_shape_has_an_example_in_the_documentation_and_it_mirrors_on_the_labs_switch() {
    let examples = examples();
    let mut shapes: Vec<&str> = examples.iter().map(|(p, _)| p.shape.word()).collect();
    shapes.sort_unstable();
    shapes.dedup();
    let all = [
        "bitmap",
        "candidate",
        "cli_lines",
        "command",
        "document",
        "on_destination",
        "on_source",
        "pair_rows",
        "port_flags",
        "port_list",
        "session_rows",
        "single_source",
        "source_row",
    ];
    assert_eq!(shapes, all);
    let mut played = 0;
    for (profile, family) in examples {
        let Some(family) = family else {
            assert!(profile.http.is_some(), "{} names no lab", profile.name);
            continue;
        };
        let bench = Bench::with(family, profile);
        let journal = tempfile::tempdir().unwrap();
        let before = bench.site.mirror_objects();
        let cable = Cable::to(&bench.site);
        let mut session = bench
            .open(&cable, bench.ours, journal.path(), false)
            .unwrap();
        session.set_sources(&bench.some_ports(3)).unwrap();
        assert_eq!(session.sources().unwrap(), bench.some_ports(3));
        assert_eq!(bench.site.lab.sessions_copied().len(), 1);
        session.restore().unwrap();
        assert!(
            bench.site.mirror_objects() == before,
            "{}",
            bench.profile.name
        );
        played += 1;
    }
    assert_eq!(played, 10);
}
