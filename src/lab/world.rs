//! The switch itself: what it forwards, what it copies, and what its agent shows. Shared by the data plane and the
//! agents; everything happens under one lock, at a moment that is told.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_snmp::Value;
use tokio::sync::Notify;

use crate::clock::{Clock, LiveClock, Moment};
use crate::mac::Mac;
use crate::port::BridgePort;
use crate::wire::ethernet::Frame;

use super::bridge::LearningBridge;
use super::control::{self, Arcs, Control, Hardware, Session};
use super::faults::{Beyond, Dice, Faults, When};
use super::site::{SWITCH_MAC, Site};
use super::spec::{Destination, Forwarding, Spec};
use super::traffic::Emission;

/// How long the switch has been up when the lab starts.
const UPTIME_AT_START: Duration = Duration::from_secs(3 * 86_400);

/// Interface counters count the frame check sequence, too.
const FCS_LEN: u64 = 4;
/// The most attempts to write that are kept.
const MOST_ATTEMPTS: usize = 100_000;

/// A write request's attempt at one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteAttempt {
    /// The instance, as arcs.
    pub oid: Vec<u32>,
    /// Whether the agent accepted it, before any fault.
    pub accepted: bool,
}

/// What a port has received and sent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counters {
    pub(super) in_octets: u64,
    pub(super) in_unicast: u64,
    pub(super) in_group: u64,
    pub(super) out_octets: u64,
    pub(super) out_unicast: u64,
    pub(super) out_group: u64,
}

impl Counters {
    fn receive(&mut self, frame: &Frame<'_>, length: u64) {
        self.in_octets += length;
        *(if frame.dst.is_group() {
            &mut self.in_group
        } else {
            &mut self.in_unicast
        }) += 1;
    }

    fn send(&mut self, frame: &Frame<'_>, length: u64) {
        self.out_octets += length;
        *(if frame.dst.is_group() {
            &mut self.out_group
        } else {
            &mut self.out_unicast
        }) += 1;
    }
}

/// The switch.
pub(super) struct World {
    pub(super) clock: LiveClock,
    pub(super) site: Arc<Site>,
    pub(super) hardware: Arc<Hardware>,
    spec: Spec,
    bridge: LearningBridge,
    counters: Vec<Counters>,
    control: Box<dyn Control>,
    /// What [`Control::objects`] says, kept because walks ask for it step by step.
    objects: BTreeMap<Arcs, Value>,
    /// What is copied now.
    copying: Vec<Session>,
    /// What will be copied later, because writes take effect late.
    pending: VecDeque<(Moment, Vec<Session>)>,
    session_lost: bool,
    drops: u32,
    attempts: Vec<WriteAttempt>,
    writes: u64,
    up_since: Moment,
    up_before: Duration,
    down_until: Option<Moment>,
    /// Told when the switch restarts, so that its agent does, too.
    pub(super) restarted: Arc<Notify>,
    timed_faults: TimedFaults,
    ignored_writes: Dice,
    lost_copies: Dice,
}

/// What happens at a moment that was fixed at the start, until it has happened.
#[derive(Clone, Copy, Debug)]
struct TimedFaults {
    reboot: Option<Moment>,
    session_lost: Option<Moment>,
}

/// Locks what the data plane and the agents share. A panic elsewhere leaves it usable for putting things in order.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(super) fn new(spec: &Spec, site: Arc<Site>) -> Self {
        let up = site.ports.iter().filter(|port| port.up);
        let up: Vec<BridgePort> = up.map(|port| port.number).collect();
        let hardware = Arc::new(Hardware::new(spec, up.iter().copied().collect()));
        let control = control::start(spec, &hardware);
        let Faults {
            reboot,
            session_lost,
            ..
        } = spec.faults;
        let mut world = World {
            clock: LiveClock::start(),
            bridge: LearningBridge::new(up, spec.bridge.ageing),
            counters: vec![Counters::default(); site.ports.len()],
            objects: control.objects(0),
            copying: vec![],
            pending: VecDeque::new(),
            control,
            hardware,
            session_lost: false,
            drops: 0,
            attempts: vec![],
            writes: 0,
            up_since: Moment::START,
            up_before: UPTIME_AT_START,
            down_until: None,
            restarted: Arc::new(Notify::new()),
            timed_faults: TimedFaults {
                reboot: reboot.and_then(|reboot| moment(reboot.at)),
                session_lost: session_lost.and_then(moment),
            },
            ignored_writes: Dice::new(spec.faults.ignored_writes, spec.seed ^ 1),
            lost_copies: Dice::new(spec.faults.lost_copies, spec.seed ^ 2),
            spec: spec.clone(),
            site,
        };
        world.copying = world.copied_sessions();
        if spec.bridge.warm {
            world.learn_everybody();
        }
        world
    }

    fn learn_everybody(&mut self) {
        let site = Arc::clone(&self.site);
        for machine in &site.machines {
            self.bridge
                .learn(machine.mac, machine.port, self.clock.now());
        }
        let laptop = site.laptop_mac;
        self.bridge
            .learn(laptop, site.destination, self.clock.now());
    }

    /// Lets happen what is due by `now`.
    pub(super) fn tick(&mut self, now: Moment) {
        let due = |at: &mut Option<Moment>| at.take_if(|at| *at <= now).is_some();
        if due(&mut self.timed_faults.reboot) {
            self.reboot(now);
        }
        if due(&mut self.timed_faults.session_lost) {
            self.session_lost = true;
        }
        if due(&mut self.down_until) {
            self.copying = self.copied_sessions();
        }
        while self.pending.front().is_some_and(|(at, _)| *at <= now)
            && let Some((_, sessions)) = self.pending.pop_front()
        {
            self.copying = sessions;
        }
    }

    /// Returns the moment up to which everything has happened.
    pub(super) fn tick_now(&mut self) -> Moment {
        let now = self.clock.now();
        self.tick(now);
        now
    }

    /// Returns when the next fault strikes that was fixed to a moment.
    pub(super) fn next_timed_fault(&self) -> Option<Moment> {
        let TimedFaults {
            reboot,
            session_lost,
        } = self.timed_faults;
        reboot.into_iter().chain(session_lost).min()
    }

    /// Forwards a frame and returns how often it arrives at the laptop's port.
    pub(super) fn receive(&mut self, emission: &Emission, now: Moment) -> u32 {
        self.tick(now);
        let from = emission.port;
        let shut_out = from == self.site.destination && self.destination_is_blocked();
        let Ok(frame) = Frame::parse(&emission.frame) else {
            return 0;
        };
        if self.is_down() || shut_out || !self.site.is_up(from) {
            return 0;
        }
        let length = u64::try_from(emission.frame.len()).unwrap_or(0) + FCS_LEN;
        self.count(from, |counters| counters.receive(&frame, length));
        let out = self.bridge.receive(from, frame.src, frame.dst, now);
        let mut heard = self.copies(from, &out);
        for port in out {
            self.count(port, |counters| counters.send(&frame, length));
            if port == self.site.destination && !self.destination_is_blocked() {
                heard += 1;
            }
        }
        heard
    }

    fn count(&mut self, port: BridgePort, change: impl FnOnce(&mut Counters)) {
        let place = usize::try_from(port.0.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(counters) = self.counters.get_mut(place) {
            change(counters);
        }
    }

    /// Returns how many copies of a frame reach the laptop's port.
    fn copies(&mut self, from: BridgePort, out: &[BridgePort]) -> u32 {
        if self.spec.faults.dead_mirror || self.session_lost {
            return 0;
        }
        let mut wanted = 0;
        for session in &self.copying {
            if session.destination != self.site.destination {
                continue;
            }
            let copied = |port: &BridgePort| session.sources.get(port);
            wanted += u32::from(copied(&from).is_some_and(|direction| direction.ingress()));
            for port in out {
                wanted += u32::from(copied(port).is_some_and(|direction| direction.egress()));
            }
        }
        if !self.spec.mirror.twice {
            wanted = wanted.min(1);
        }
        let arriving = (0..wanted).filter(|_| !self.lost_copies.strikes()).count();
        let arriving = u32::try_from(arriving).unwrap_or(wanted);
        if arriving < wanted {
            self.drops = self.drops.wrapping_add(wanted - arriving);
            self.objects = self.control.objects(self.drops);
        }
        arriving
    }

    /// Tells whether the laptop's port is a mirror destination and carries nothing else.
    fn destination_is_blocked(&self) -> bool {
        let blocks = self.spec.mirror.destination != Destination::Passes;
        let laptop = self.site.destination;
        blocks
            && self
                .copying
                .iter()
                .any(|session| session.destination == laptop)
    }

    /// Tells whether the laptop cannot reach any agent at present.
    pub(super) fn is_unreachable(&self) -> bool {
        let managed_through_it = self.spec.mirror.destination == Destination::BlockedWithManagement;
        self.is_down() || (managed_through_it && self.destination_is_blocked())
    }

    /// Tells whether the switch is restarting.
    pub(super) fn is_down(&self) -> bool {
        self.down_until.is_some()
    }

    /// Notes that a manager tried to write.
    pub(super) fn note_attempt(&mut self, oid: &[u32], accepted: bool) {
        if self.attempts.len() < MOST_ATTEMPTS {
            let oid = oid.to_vec();
            self.attempts.push(WriteAttempt { oid, accepted });
        }
    }

    /// Returns every attempt to write since the start.
    pub(super) fn attempts(&self) -> &[WriteAttempt] {
        &self.attempts
    }

    /// How long the switch takes to answer a write.
    pub(super) fn answers_after(&self) -> Duration {
        let latency = self.spec.faults.write_latency;
        latency.map(|latency| latency.answer).unwrap_or_default()
    }

    /// Tells whether the hardware can do what a draft configures.
    pub(super) fn fits_the_hardware(&self, draft: &dyn Control) -> bool {
        control::fits(draft, &self.hardware)
    }

    /// Keeps what a request has moved on that configures nothing: an open revision, say.
    pub(super) fn keep(&mut self, draft: Box<dyn Control>) {
        if !self.is_down() {
            self.control = draft;
        }
    }

    /// Carries out an accepted write request.
    pub(super) fn commit(&mut self, draft: Box<dyn Control>, now: Moment) {
        if self.is_down() {
            return;
        }
        self.writes += 1;
        if !self.ignored_writes.strikes() {
            self.control = draft;
            if let Some(most) = self.limit(Beyond::Cut) {
                self.control.cut(most);
            }
            self.objects = self.control.objects(self.drops);
            self.session_lost = false;
            let effect = self.spec.faults.write_latency;
            let effect = effect.map_or(Duration::ZERO, |latency| latency.effect);
            self.pending
                .push_back((now + effect, self.copied_sessions()));
        }
        let this = Some(When::Write(self.writes));
        if self.spec.faults.session_lost == this {
            self.session_lost = true;
        }
        if self.spec.faults.reboot.map(|reboot| reboot.at) == this {
            self.reboot(now);
        }
        self.tick(now);
    }

    fn limit(&self, beyond: Beyond) -> Option<usize> {
        let limit = self.spec.faults.source_limit;
        limit
            .filter(|limit| limit.beyond == beyond)
            .map(|limit| limit.most)
    }

    /// Returns what the hardware copies once the present configuration has taken effect.
    fn copied_sessions(&self) -> Vec<Session> {
        let most = self.limit(Beyond::CutUnseen).unwrap_or(usize::MAX);
        let mut sessions = self.control.sessions();
        sessions.retain(|session| session.active);
        for session in &mut sessions {
            if let Some(&beyond) = session.sources.keys().nth(most) {
                session.sources.split_off(&beyond);
            }
        }
        sessions
    }

    fn reboot(&mut self, now: Moment) {
        let down = self.spec.faults.reboot.map(|reboot| reboot.down);
        let up = now + down.unwrap_or_default();
        self.down_until = Some(up);
        self.up_since = up;
        self.up_before = Duration::ZERO;
        self.bridge.flush();
        self.counters.fill(Counters::default());
        self.control = control::start(&self.spec, &self.hardware);
        self.drops = 0;
        self.objects = self.control.objects(0);
        self.pending.clear();
        self.copying.clear();
        self.session_lost = false;
        self.restarted.notify_one();
    }

    /// The mirror objects as they are now, to try writes on.
    pub(super) fn control(&self) -> &dyn Control {
        &*self.control
    }

    /// Every instance of the mirror objects.
    pub(super) fn mirror_objects(&self) -> &BTreeMap<Arcs, Value> {
        &self.objects
    }

    /// The sessions whose frames are being copied.
    pub(super) fn copying(&self) -> &[Session] {
        if self.spec.faults.dead_mirror || self.session_lost {
            &[]
        } else {
            &self.copying
        }
    }

    /// sysUpTime.
    pub(super) fn uptime(&self, now: Moment) -> Duration {
        now.since(self.up_since) + self.up_before
    }

    pub(super) fn counters(&self, port: BridgePort) -> Counters {
        let place = usize::try_from(port.0.saturating_sub(1)).unwrap_or(usize::MAX);
        self.counters.get(place).copied().unwrap_or_default()
    }

    /// Returns the forwarding table's first address from `start` on, and the port that the agent says it is on. The
    /// switch's own address has port 0.
    pub(super) fn forwarding_from(&self, start: Bound<Mac>) -> Option<(Mac, BridgePort)> {
        let learned = self.bridge.next(start, self.clock.now());
        let own = (start, Bound::Unbounded).contains(&SWITCH_MAC);
        let own = own.then_some((SWITCH_MAC, BridgePort(0)));
        let first = learned.into_iter().chain(own).min();
        match self.spec.bridge.answers {
            Forwarding::Nothing => None,
            Forwarding::Truth => first,
            Forwarding::Wrong(wrong) => first.map(|(mac, port)| {
                let is_suspect = mac == self.site.suspect_mac;
                (mac, if is_suspect { wrong } else { port })
            }),
        }
    }
}

fn moment(when: When) -> Option<Moment> {
    match when {
        When::After(span) => Some(Moment(span)),
        When::Write(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::control::Direction;
    use super::super::family::Profile;
    use super::super::faults::{Often, Reboot, SourceLimit, WriteLatency};
    use super::super::spec::MirrorAbility;
    use super::*;
    use crate::wire::ethernet::{self, EtherType};

    const STATUS: [u32; 13] = [1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1, 1, 5];

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    fn world(spec: Spec) -> World {
        let spec = Spec {
            down: 0.0,
            profile: Profile::SmonPortcopy,
            ..spec
        };
        let site = Site::draw(&spec);
        World::new(&spec, Arc::new(site))
    }

    fn faulty(faults: Faults) -> World {
        world(Spec {
            faults,
            ..Spec::default()
        })
    }

    /// Mirrors `ports` in both directions to the laptop's port, in one request.
    fn mirror(world: &mut World, ports: &[u32], now: Moment) {
        let mut draft = world.control().copy();
        for port in ports {
            let oid = [&STATUS[..], &[port + 48, 24 + 48]].concat();
            draft.write(&oid, &Value::Integer(4)).unwrap();
        }
        world.commit(draft, now);
    }

    /// A frame from the machine on port `from` to the one on port `to`.
    fn frame(world: &World, from: u32, to: u32) -> Emission {
        let mac = |port| {
            let machines = &world.site.machines;
            let machine = machines.iter().find(|machine| machine.port.0 == port);
            machine.unwrap().mac
        };
        Emission {
            port: BridgePort(from),
            frame: ethernet::build(mac(to), mac(from), &[], EtherType::IPV4, &[0; 46]),
        }
    }

    fn heard(world: &mut World, from: u32, to: u32, now: Moment) -> u32 {
        let frame = frame(world, from, to);
        world.receive(&frame, now)
    }

    #[test]
    fn only_mirrored_ports_are_copied() {
        let mut world = world(Spec::default());
        assert_eq!(heard(&mut world, 1, 2, at(0)), 0);
        mirror(&mut world, &[1], at(1));
        assert_eq!(heard(&mut world, 1, 2, at(2)), 1, "ingress");
        assert_eq!(heard(&mut world, 2, 1, at(3)), 1, "egress");
        assert_eq!(heard(&mut world, 3, 4, at(4)), 0);
    }

    #[test]
    fn a_frame_of_which_both_ends_are_mirrored_arrives_twice_or_once() {
        let mut twice = world(Spec::default());
        mirror(&mut twice, &[1, 2], at(0));
        assert_eq!(heard(&mut twice, 1, 2, at(1)), 2);
        let mirror_ability = MirrorAbility {
            twice: false,
            ..MirrorAbility::default()
        };
        let mut once = world(Spec {
            mirror: mirror_ability,
            ..Spec::default()
        });
        mirror(&mut once, &[1, 2], at(0));
        assert_eq!(heard(&mut once, 1, 2, at(1)), 1);
    }

    #[test]
    fn broadcasts_are_heard_unless_the_destination_is_blocked() {
        let broadcast = |world: &World| {
            let mut emission = frame(world, 1, 2);
            emission.frame[..6].fill(0xff);
            emission
        };
        let mut passing = world(Spec::default());
        mirror(&mut passing, &[3], at(0));
        let emission = broadcast(&passing);
        assert_eq!(
            passing.receive(&emission, at(1)),
            2,
            "flood and egress copy"
        );
        let blocked = MirrorAbility {
            destination: Destination::Blocked,
            ..MirrorAbility::default()
        };
        let mut blocked = world(Spec {
            mirror: blocked,
            ..Spec::default()
        });
        assert_eq!(blocked.receive(&emission, at(1)), 1);
        mirror(&mut blocked, &[3], at(2));
        assert_eq!(blocked.receive(&emission, at(3)), 1, "egress copy");
        assert!(!blocked.is_unreachable());
    }

    #[test]
    fn a_switch_that_is_managed_through_a_blocked_destination_falls_silent() {
        let mirror_ability = MirrorAbility {
            destination: Destination::BlockedWithManagement,
            ..MirrorAbility::default()
        };
        let mut world = world(Spec {
            mirror: mirror_ability,
            ..Spec::default()
        });
        assert!(!world.is_unreachable());
        mirror(&mut world, &[3], at(2));
        assert!(world.is_unreachable());
    }

    #[test]
    fn a_late_write_copies_the_old_set_until_it_takes_effect() {
        let latency = WriteLatency {
            effect: Duration::from_millis(200),
            answer: Duration::ZERO,
        };
        let mut world = faulty(Faults {
            write_latency: Some(latency),
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        assert_eq!(heard(&mut world, 1, 2, at(199)), 0);
        assert_eq!(heard(&mut world, 1, 2, at(200)), 1);
    }

    #[test]
    fn an_ignored_write_changes_neither_copies_nor_what_is_shown() {
        let mut world = faulty(Faults {
            ignored_writes: Often::Nth(1),
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        assert_eq!(heard(&mut world, 1, 2, at(1)), 0);
        assert_eq!(world.control().sessions(), []);
        mirror(&mut world, &[1], at(2));
        assert_eq!(heard(&mut world, 1, 2, at(3)), 1);
    }

    #[test]
    fn a_dead_mirror_shows_its_session_and_copies_nothing() {
        let mut world = faulty(Faults {
            dead_mirror: true,
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        assert_eq!(heard(&mut world, 1, 2, at(1)), 0);
        assert_eq!(world.control().sessions().len(), 1);
    }

    #[test]
    fn lost_copies_are_counted_as_drop_events() {
        let mut world = faulty(Faults {
            lost_copies: Often::Chance(0.5),
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        let heard: u32 = (0..200).map(|ms| heard(&mut world, 1, 2, at(ms))).sum();
        assert!((60..140).contains(&heard), "{heard}");
        let drops = [&STATUS[..12], &[3, 49, 72]].concat();
        let drops = world.mirror_objects().get(&drops);
        assert_eq!(drops, Some(&Value::Counter32(200 - heard)));
    }

    #[test]
    fn too_many_sources_are_cut_openly_or_unseen() {
        let limited = |beyond| {
            let mut world = faulty(Faults {
                source_limit: Some(SourceLimit { most: 2, beyond }),
                ..Faults::default()
            });
            mirror(&mut world, &[1, 2, 3], at(0));
            let shown = world.control().sessions()[0].sources.len();
            (shown, heard(&mut world, 3, 4, at(1)))
        };
        assert_eq!(limited(Beyond::Cut), (2, 0));
        assert_eq!(limited(Beyond::CutUnseen), (3, 0));
    }

    #[test]
    fn a_reboot_loses_the_mirror_and_restarts_the_uptime() {
        let reboot = Reboot {
            at: When::Write(2),
            down: Duration::from_secs(1),
        };
        let mut world = faulty(Faults {
            reboot: Some(reboot),
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        assert_eq!(heard(&mut world, 1, 2, at(1)), 1);
        mirror(&mut world, &[2], at(2));
        assert!(world.is_unreachable());
        assert_eq!(heard(&mut world, 1, 2, at(3)), 0);
        world.tick(at(1002));
        assert!(!world.is_unreachable());
        assert_eq!(world.control().sessions(), []);
        assert_eq!(world.uptime(at(1102)), Duration::from_millis(100));
    }

    #[test]
    fn a_lost_session_is_still_shown_and_the_next_write_revives_it() {
        let mut world = faulty(Faults {
            session_lost: Some(When::After(Duration::from_millis(10))),
            ..Faults::default()
        });
        mirror(&mut world, &[1], at(0));
        assert_eq!(heard(&mut world, 1, 2, at(9)), 1);
        assert_eq!(heard(&mut world, 1, 2, at(10)), 0);
        assert_eq!(world.control().sessions().len(), 1);
        mirror(&mut world, &[2], at(11));
        assert_eq!(heard(&mut world, 1, 3, at(12)), 1);
    }

    #[test]
    fn a_foreign_session_is_there_from_the_start_and_after_a_reboot() {
        let mirror_ability = MirrorAbility {
            foreign_session: true,
            ..MirrorAbility::default()
        };
        let reboot = Reboot {
            at: When::After(Duration::from_millis(5)),
            down: Duration::from_millis(5),
        };
        let mut world = world(Spec {
            mirror: mirror_ability,
            faults: Faults {
                reboot: Some(reboot),
                ..Faults::default()
            },
            ..Spec::default()
        });
        let foreign = world.copying().to_vec();
        assert_eq!(foreign[0].destination, BridgePort(2));
        assert_eq!(foreign[0].sources[&BridgePort(1)], Direction::Both);
        assert_eq!(heard(&mut world, 1, 2, at(1)), 0, "not to the laptop");
        world.tick(at(5));
        assert!(world.copying().is_empty());
        world.tick(at(10));
        assert_eq!(world.copying(), foreign);
    }

    #[test]
    fn counters_count_both_ends_of_a_frame() {
        let mut world = world(Spec::default());
        heard(&mut world, 1, 2, at(0));
        let (sender, receiver) = (world.counters(BridgePort(1)), world.counters(BridgePort(2)));
        assert_eq!((sender.in_octets, sender.in_unicast), (64, 1));
        assert_eq!((receiver.out_octets, receiver.out_unicast), (64, 1));
        assert_eq!(receiver.in_octets, 0);
    }
}
