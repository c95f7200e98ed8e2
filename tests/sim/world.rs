//! A switch with hosts on a virtual clock: what is mirrored, who sends when, and what the laptop hears.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::Duration;

use halfspan::clock::{Clock, Moment};
use halfspan::mac::Mac;
use halfspan::mirror::{Copies, Mirror, MirrorError, MirrorLimits, Written};
use halfspan::port::{PortId, PortSet};
use halfspan::sniff::{Addressee, Heard, Sighting, SniffError, Sniffer};
use halfspan::snmp::SnmpError;
use halfspan::stimulus::Door;

use crate::scenario::{FaultKind, Scenario, Sends};

/// Everything that happens, behind one handle for the mirror, the sniffer and the clock.
#[derive(Clone)]
pub(crate) struct World(Rc<RefCell<State>>);

struct State {
    now: Duration,
    random: fastrand::Rng,
    /// What was mirrored from when on, in order.
    mirrored: Vec<(Duration, PortSet)>,
    /// What the agent shows.
    shown: PortSet,
    copying: bool,
    changes: u32,
    deaf_until: Duration,
    session_ends: Option<Duration>,
    /// When the data plane forgets what it was told, though the session is still shown.
    copies_end: Option<Duration>,
    talkers: Vec<Talker>,
    /// Where the suspect is, and the share of knocks it answers.
    answers: (PortId, f64),
    /// When the answers to knocks pass the switch.
    answered: VecDeque<Duration>,
    faults: Vec<crate::scenario::Fault>,
    late: Duration,
    limits: MirrorLimits,
}

struct Talker {
    port: PortId,
    mac: Mac,
    suspect: bool,
    /// Heard whatever is mirrored.
    stray: bool,
    sends: Sends,
    next: Duration,
    burst_ends: Duration,
}

const SUSPECT: Mac = Mac([0x02, 0, 0, 0, 0, 0x57]);

impl World {
    pub(crate) fn new(scenario: &Scenario, seed: u64) -> World {
        let talker = |port: u16, mac: Mac, suspect: bool, stray: bool, sends: Sends| Talker {
            port: PortId(port),
            mac,
            suspect,
            stray,
            sends,
            next: Duration::ZERO,
            burst_ends: Duration::ZERO,
        };
        let mut talkers: Vec<Talker> = (1..=scenario.switch.ports)
            .map(|port| {
                let [high, low] = port.to_be_bytes();
                talker(
                    port,
                    Mac([2, 1, 0, 0, high, low]),
                    false,
                    false,
                    Sends::PerSecond(scenario.background_per_s),
                )
            })
            .collect();
        let suspects = [Some(&scenario.suspect), scenario.twin.as_ref()];
        talkers.extend(
            suspects
                .into_iter()
                .flatten()
                .map(|s| talker(s.port, SUSPECT, true, false, s.sends)),
        );
        talkers.push(talker(
            0,
            SUSPECT,
            true,
            true,
            Sends::PerSecond(scenario.strays_per_s),
        ));
        let mut state = State {
            now: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            mirrored: vec![(Duration::ZERO, PortSet::new())],
            shown: PortSet::new(),
            copying: true,
            changes: 0,
            deaf_until: Duration::ZERO,
            session_ends: None,
            copies_end: None,
            talkers: Vec::new(),
            answers: (
                PortId(scenario.suspect.port),
                scenario.suspect.answers.unwrap_or(0.0),
            ),
            answered: VecDeque::new(),
            faults: scenario.faults.clone(),
            late: Duration::from_millis(scenario.switch.late_ms),
            limits: MirrorLimits {
                sources: scenario.switch.sources,
                copies: Copies::Ingress,
                write_time: Duration::from_millis(scenario.switch.write_ms),
                row_time: Duration::from_millis(scenario.switch.row_ms),
                settle: Duration::from_millis(scenario.switch.settle_ms),
            },
        };
        for mut talker in talkers {
            talker.schedule(Duration::ZERO, &mut state.random);
            state.talkers.push(talker);
        }
        World(Rc::new(RefCell::new(state)))
    }

    pub(crate) fn instruments(&self) -> (FakeMirror, FakeSniffer, World) {
        let limits = self.0.borrow().limits.clone();
        (
            FakeMirror {
                world: self.clone(),
                limits,
            },
            FakeSniffer(self.clone()),
            self.clone(),
        )
    }
}

impl Talker {
    /// Draws when the next frame is sent, after `from`.
    fn schedule(&mut self, from: Duration, random: &mut fastrand::Rng) {
        let never = Duration::from_secs(1_000_000);
        let mut wait = |mean: f64| Duration::from_secs_f64(-mean * (1.0 - random.f64()).ln());
        self.next = match self.sends {
            Sends::Nothing => never,
            Sends::PerSecond(rate) if rate <= 0.0 => never,
            Sends::PerSecond(rate) => from + wait(1.0 / rate),
            Sends::EverySeconds(period) => from + Duration::from_secs_f64(period),
            Sends::Bursts { on_s, off_s, per_s } => {
                let mut next = from + wait(1.0 / per_s);
                while next > self.burst_ends {
                    let begins = self.burst_ends + wait(off_s);
                    self.burst_ends = begins + wait(on_s);
                    next = begins + wait(1.0 / per_s);
                }
                next
            }
        };
    }
}

impl State {
    fn mirrored_at(&self, at: Duration, port: PortId) -> bool {
        let before = |end: Option<Duration>| end.is_none_or(|end| at < end);
        let alive = self.copying && before(self.session_ends) && before(self.copies_end);
        let set = self
            .mirrored
            .iter()
            .rev()
            .find(|(from, _)| *from <= at)
            .map(|(_, set)| set);
        alive && set.is_some_and(|set| set.contains(port))
    }

    /// Takes the next answer before `until`.
    fn next_answer(&mut self, until: Duration) -> Option<Duration> {
        let next = self.answered.front().copied()?;
        if next >= until {
            return None;
        }
        self.answered.pop_front()
    }

    /// Takes the next frame before `until`, whether it is heard or not.
    fn next_frame(&mut self, until: Duration) -> Option<(Duration, bool, bool, Mac)> {
        let first = self.talkers.iter_mut().min_by_key(|talker| talker.next)?;
        if first.next >= until {
            return None;
        }
        let (at, port, suspect, stray, mac) = (
            first.next,
            first.port,
            first.suspect,
            first.stray,
            first.mac,
        );
        first.schedule(at, &mut self.random);
        let heard = stray || self.mirrored_at(at, port);
        Some((at, heard, suspect, mac))
    }
}

impl Clock for World {
    fn now(&self) -> Moment {
        Moment(self.0.borrow().now)
    }

    fn sleep_until(&self, until: Moment) {
        let mut state = self.0.borrow_mut();
        state.now = state.now.max(until.0);
    }
}

pub(crate) struct FakeSniffer(World);

impl Sniffer for FakeSniffer {
    fn source(&self) -> &str {
        "the virtual wire"
    }

    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError> {
        let mut heard = Heard::default();
        let mut state = self.0.0.borrow_mut();
        while let Some(at) = state.next_answer(until.0) {
            let (port, _) = state.answers;
            let answer = sighting(at, Addressee::Prober);
            if state.mirrored_at(at, port) && on_sighting(&answer).is_break() {
                state.now = state.now.max(at);
                return Ok(heard);
            }
        }
        while let Some((at, audible, suspect, mac)) = state.next_frame(until.0) {
            if !audible {
                continue;
            }
            if !suspect {
                heard.foreign_frames += 1;
                heard.first_foreign.get_or_insert(Moment(at));
                heard.foreign_sources.insert(mac);
                continue;
            }
            if on_sighting(&sighting(at, Addressee::Other)).is_break() {
                state.now = state.now.max(at);
                return Ok(heard);
            }
        }
        state.now = state.now.max(until.0);
        Ok(heard)
    }
}

fn sighting(at: Duration, to: Addressee) -> Sighting {
    Sighting {
        at: Moment(at),
        src: Some(SUSPECT),
        dst: None,
        src_ip: None,
        wire_len: 60,
        to,
    }
}

/// A door whose knocks the suspect answers two milliseconds later, to a third machine.
pub(crate) struct FakeDoor(pub(crate) World);

impl Door for FakeDoor {
    fn describe(&self) -> String {
        "knocks".to_owned()
    }

    fn knock(&mut self) -> io::Result<()> {
        let mut state = self.0.0.borrow_mut();
        let (_, share) = state.answers;
        if state.random.f64() < share {
            let at = state.now + Duration::from_millis(2);
            state.answered.push_back(at);
        }
        Ok(())
    }

    fn answers(&mut self) -> u32 {
        0
    }
}

pub(crate) struct FakeMirror {
    world: World,
    limits: MirrorLimits,
}

impl FakeMirror {
    fn lost(doing: &'static str) -> MirrorError {
        let source = SnmpError::Lost {
            agent: "the fake".to_owned(),
            attempts: 1,
            seconds: 1.0,
        };
        MirrorError::Snmp {
            switch: "fake".to_owned(),
            doing,
            source,
        }
    }
}

impl Mirror for FakeMirror {
    fn limits(&self) -> &MirrorLimits {
        &self.limits
    }

    fn set_sources(&mut self, ports: &PortSet) -> Result<Written, MirrorError> {
        assert!(
            ports.len() <= self.limits.sources.unwrap_or(usize::MAX),
            "more sources than the switch takes"
        );
        let mut state = self.world.0.borrow_mut();
        let rows = u32::try_from(ports.distance(&state.shown)).unwrap_or(u32::MAX);
        state.now +=
            self.limits.write_time + self.limits.row_time * rows + Duration::from_millis(1);
        if state.now < state.deaf_until {
            state.now += Duration::from_secs(2);
            return Err(Self::lost("change the mirrored ports"));
        }
        state.changes += 1;
        let changes = state.changes;
        let faults: Vec<_> = state
            .faults
            .iter()
            .filter(|f| f.nth == changes || (f.onwards && f.nth < changes))
            .copied()
            .collect();
        let effective = state.now + state.late;
        // What was lost comes back with the change, not before.
        let ends = [state.session_ends, state.copies_end];
        for end in ends.into_iter().flatten().filter(|end| *end <= effective) {
            state.mirrored.push((end, PortSet::new()));
        }
        state.session_ends = None;
        if state.shown != *ports {
            state.copies_end = None;
        }
        state.shown = ports.clone();
        state.mirrored.push((effective, ports.clone()));
        for fault in faults {
            match fault.what {
                FaultKind::LoseSession => {
                    state.session_ends = Some(state.now + Duration::from_secs(2))
                }
                FaultKind::CopyNothing => state.copying = false,
                FaultKind::LoseCopies => {
                    state.copies_end = Some(state.now + Duration::from_millis(200))
                }
                FaultKind::Reboot => {
                    state.session_ends = Some(state.now);
                    state.deaf_until = state.now + Duration::from_secs(20);
                }
            }
        }
        Ok(Written {
            writes: 1,
            without_link: PortSet::new(),
            took: self.limits.write_time,
        })
    }

    fn sources(&mut self) -> Result<PortSet, MirrorError> {
        let mut state = self.world.0.borrow_mut();
        if state.now < state.deaf_until {
            state.now += Duration::from_secs(2);
            return Err(Self::lost("read the mirror state"));
        }
        if state.session_ends.is_some_and(|end| end <= state.now) {
            return Ok(PortSet::new());
        }
        Ok(state.shown.clone())
    }

    fn restore(&mut self) -> Result<(), MirrorError> {
        let mut state = self.world.0.borrow_mut();
        state.now = state.now.max(state.deaf_until);
        state.shown = PortSet::new();
        let now = state.now;
        state.mirrored.push((now, PortSet::new()));
        Ok(())
    }
}
