//! What the machines send and when. Time is told, chance is seeded: the same seed gives the same traffic.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::Duration;

use fastrand::Rng;

use crate::clock::Moment;
use crate::mac::Mac;
use crate::port::BridgePort;
use crate::wire::ethernet::EtherType;
use crate::wire::{arp, ethernet, ip, udp};

use super::site::{Machine, NETMASK, NETWORK, ROUTER_MAC, Role, Site};
use super::spec::{Spec, Suspect, Talk};

/// What the suspect talks to, through the router (TEST-NET-3, RFC 5737); other machines talk to it, too.
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 66);
/// The UDP port that only the suspect talks to.
pub(super) const SUSPECT_UDP_PORT: u16 = 14857;
const NETBIOS_UDP_PORT: u16 = 137;
/// The share of the suspect's frames that the outside answers.
const ANSWERED: f64 = 0.1;
/// A schedule that has fallen behind by more (the computer slept) is not made up for.
const MOST_BEHIND: Duration = Duration::from_secs(1);

/// A frame that enters the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Emission {
    pub(super) port: BridgePort,
    pub(super) frame: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// The machine starts a conversation.
    Chat(usize),
    /// Some machine broadcasts.
    Broadcast,
    /// A machine answers.
    Answer(BridgePort, Vec<u8>),
    /// The suspect sends.
    Suspect,
    /// The suspect begins a burst.
    Burst,
}

/// The schedule of everything that will be sent.
#[derive(Debug)]
pub(super) struct Traffic {
    machines: Vec<Machine>,
    suspect: Option<usize>,
    suspect_spec: Suspect,
    broadcasts: f64,
    /// Conversations a second, for each machine.
    rates: Vec<f64>,
    burst_ends: Moment,
    uplink: BridgePort,
    rng: Rng,
    /// The number keeps events of the same moment in the order they were planned.
    queue: BinaryHeap<Reverse<(Moment, u64, Event)>>,
    planned: u64,
}

impl Traffic {
    pub(super) fn new(spec: &Spec, site: &Site) -> Self {
        let mut rng = Rng::with_seed(spec.seed ^ 0x7261_6666);
        let rates = site
            .machines
            .iter()
            .map(|_| spec.background.chats * (0.2 + 2.4 * rng.f64().powi(2)))
            .collect();
        let suspect = site.machines.iter().position(|m| m.role == Role::Suspect);
        let mut traffic = Traffic {
            machines: site.machines.clone(),
            suspect,
            suspect_spec: spec.suspect.clone(),
            broadcasts: spec.background.broadcasts,
            rates,
            burst_ends: Moment::START,
            uplink: site.uplink,
            rng,
            queue: BinaryHeap::new(),
            planned: 0,
        };
        traffic.begin();
        traffic
    }

    fn begin(&mut self) {
        for machine in 0..self.machines.len() {
            if Some(machine) != self.suspect {
                self.plan_chat(machine, Moment::START);
            }
        }
        self.plan_random(self.broadcasts, Moment::START, Event::Broadcast);
        match (self.suspect, self.suspect_spec.talk) {
            (Some(_), Talk::Steady { rate }) => {
                self.plan_random(rate, Moment::START, Event::Suspect);
            }
            (Some(_), Talk::Bursty { on, off, .. }) => {
                let share = on.as_secs_f64() / (on + off).as_secs_f64();
                if self.rng.f64() < share {
                    self.plan(Moment::START, Event::Burst);
                } else {
                    self.plan_random(1.0 / off.as_secs_f64(), Moment::START, Event::Burst);
                }
            }
            (Some(_), Talk::Silent) | (None, _) => {}
        }
    }

    /// Returns when the next frame is due.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.queue.peek().map(|Reverse((at, _, _))| *at)
    }

    /// Returns the frames that are due by `now`, in order.
    pub(super) fn due(&mut self, now: Moment) -> Vec<Emission> {
        let mut out = Vec::new();
        while self.next_due().is_some_and(|at| at <= now)
            && let Some(Reverse((at, _, event))) = self.queue.pop()
        {
            let at = if now.since(at) > MOST_BEHIND { now } else { at };
            self.play(event, at, &mut out);
        }
        out
    }

    /// Returns the frames of the laptop asking the suspect over UDP and being answered. They come by way of the router, as
    /// from another interface of the laptop than the one that listens: only a mirror brings the answer to the capture.
    /// They carry the address that the asker really has, so that its capture can tell whose conversation it is.
    pub(super) fn asked(
        &self,
        laptop: SocketAddrV4,
        question: &[u8],
        answer: &[u8],
    ) -> Vec<Emission> {
        let Some(suspect) = self.suspect.map(|index| self.machines[index].clone()) else {
            return vec![];
        };
        if self.suspect_spec.routed {
            return vec![]; // the router has both behind it
        }
        let suspect_address = SocketAddrV4::new(suspect.ip, NETBIOS_UDP_PORT);
        let datagram = |from: SocketAddrV4, to: SocketAddrV4, payload: &[u8]| {
            let datagram = udp::build_v4(from, to, payload);
            ip::build_v4(*from.ip(), *to.ip(), ip::Protocol::UDP, &datagram)
        };
        let to_suspect = datagram(laptop, suspect_address, question);
        let to_laptop = datagram(suspect_address, laptop, answer);
        vec![
            Emission {
                port: self.uplink,
                frame: ip_frame(suspect.mac, ROUTER_MAC, &to_suspect),
            },
            Emission {
                port: suspect.port,
                frame: ip_frame(ROUTER_MAC, suspect.mac, &to_laptop),
            },
        ]
    }

    fn play(&mut self, event: Event, at: Moment, out: &mut Vec<Emission>) {
        match event {
            Event::Chat(machine) => {
                out.push(self.chat(machine, at));
                self.plan_chat(machine, at);
            }
            Event::Broadcast => {
                out.extend(self.broadcast());
                self.plan_random(self.broadcasts, at, Event::Broadcast);
            }
            Event::Answer(port, frame) => out.push(Emission { port, frame }),
            Event::Suspect => self.suspect_sends(at, out),
            Event::Burst => self.burst(at),
        }
    }

    /// A machine asks another one, or the outside, and is answered within milliseconds.
    fn chat(&mut self, machine: usize, at: Moment) -> Emission {
        let from = self.machines[machine].clone();
        let (to, to_ip) = self.partner(machine);
        let (ours, theirs) = (self.rng.u16(32768..61000), self.service());
        let question = self.datagram((from.ip, ours), (to_ip, theirs));
        let answer = self.datagram((to_ip, theirs), (from.ip, ours));
        // The suspect keeps its own rhythm: what others send to it stays unanswered.
        if to.role != Role::Suspect {
            let delay = Duration::from_micros(self.rng.u64(300..5000));
            let frame = ip_frame(from.mac, to.mac, &answer);
            self.plan(at + delay, Event::Answer(to.port, frame));
        }
        Emission {
            port: from.port,
            frame: ip_frame(to.mac, from.mac, &question),
        }
    }

    /// Chooses whom a machine talks to: the router mostly, which may lead outside.
    fn partner(&mut self, machine: usize) -> (Machine, Ipv4Addr) {
        let router = &self.machines[0];
        let chance = self.rng.f64();
        if machine != 0 && chance < 0.1 {
            return (router.clone(), OUTSIDE);
        }
        if machine != 0 && chance < 0.5 {
            return (router.clone(), router.ip);
        }
        if chance < 0.53
            && let Some(suspect) = self.suspect
        {
            let suspect = self.machines[suspect].clone();
            return (suspect.clone(), suspect.ip);
        }
        let others = self.machines.len() - 1;
        // With nobody but the router there is nobody else to talk to.
        let step = if others == 0 {
            0
        } else {
            self.rng.usize(1..=others)
        };
        let mut other = (machine + step) % self.machines.len();
        if Some(other) == self.suspect {
            other = 0;
        }
        let other = self.machines[other].clone();
        (other.clone(), other.ip)
    }

    fn service(&mut self) -> u16 {
        const SERVICES: [u16; 6] = [53, 123, 443, 445, 1900, 5060];
        SERVICES[self.rng.usize(..SERVICES.len())]
    }

    fn broadcast(&mut self) -> Option<Emission> {
        let candidates = (0..self.machines.len()).filter(|index| Some(*index) != self.suspect);
        let sender = self.rng.choice(candidates.collect::<Vec<_>>())?;
        let sender = self.machines[sender].clone();
        let frame = if self.rng.f64() < 0.7 {
            let target = self.rng.usize(..self.machines.len());
            let request = arp::Arp::request(sender.mac, sender.ip, self.machines[target].ip);
            let payload = request.build();
            ethernet::build(
                Mac::BROADCAST,
                sender.mac,
                &[],
                EtherType::ARP,
                payload.as_ref(),
            )
        } else {
            let everybody = Ipv4Addr::from_bits(NETWORK.to_bits() | !NETMASK.to_bits());
            let port = NETBIOS_UDP_PORT;
            let packet = self.datagram((sender.ip, port), (everybody, port));
            ip_frame(Mac::BROADCAST, sender.mac, &packet)
        };
        Some(Emission {
            port: sender.port,
            frame,
        })
    }

    fn burst(&mut self, at: Moment) {
        if let Talk::Bursty { on, off, rate } = self.suspect_spec.talk {
            self.burst_ends = at + self.exponential(on.as_secs_f64());
            let pause = self.exponential(off.as_secs_f64());
            self.plan(self.burst_ends + pause, Event::Burst);
            self.plan_random(rate, at, Event::Suspect);
        }
    }

    fn suspect_sends(&mut self, at: Moment, out: &mut Vec<Emission>) {
        let rate = match self.suspect_spec.talk {
            Talk::Steady { rate } => rate,
            Talk::Bursty { rate, .. } if at <= self.burst_ends => rate,
            Talk::Bursty { .. } | Talk::Silent => return,
        };
        self.plan_random(rate, at, Event::Suspect);
        let Some(suspect) = self.suspect.map(|index| self.machines[index].clone()) else {
            return;
        };
        let mac = if self.suspect_spec.forges.mac() {
            self.forged_mac()
        } else {
            suspect.mac
        };
        let ip = if self.suspect_spec.forges.ip() {
            Ipv4Addr::new(10, self.rng.u8(..), self.rng.u8(..), self.rng.u8(1..255))
        } else {
            suspect.ip
        };
        let ours = self.rng.u16(32768..61000);
        let (partner, partner_ip) = self.suspects_partner();
        let packet = self.datagram((ip, ours), (partner_ip, SUSPECT_UDP_PORT));
        out.push(Emission {
            port: suspect.port,
            frame: ip_frame(partner.mac, mac, &packet),
        });
        if self.rng.f64() < ANSWERED {
            let packet = self.datagram((partner_ip, SUSPECT_UDP_PORT), (ip, ours));
            let delay = Duration::from_micros(self.rng.u64(5_000..30_000));
            let frame = ip_frame(mac, partner.mac, &packet);
            self.plan(at + delay, Event::Answer(partner.port, frame));
        }
    }

    /// Whom the suspect talks to: the outside, through the router, or, from behind the router, a machine here.
    fn suspects_partner(&self) -> (Machine, Ipv4Addr) {
        let router = &self.machines[0];
        let mut others = self.machines.iter();
        match others.find(|machine| matches!(machine.role, Role::Server | Role::Host)) {
            Some(other) if self.suspect_spec.routed => (other.clone(), other.ip),
            _ => (router.clone(), OUTSIDE),
        }
    }

    fn forged_mac(&mut self) -> Mac {
        let mut octets = [0; 6];
        self.rng.fill(&mut octets);
        octets[0] = (octets[0] & 0xfc) | 2; // a machine's, and locally administered
        Mac(octets)
    }

    fn datagram(&mut self, from: (Ipv4Addr, u16), to: (Ipv4Addr, u16)) -> Vec<u8> {
        let mut payload = vec![0; self.rng.usize(18..400)];
        self.rng.fill(&mut payload);
        let (from, to) = (
            SocketAddrV4::new(from.0, from.1),
            SocketAddrV4::new(to.0, to.1),
        );
        let datagram = udp::build_v4(from, to, &payload);
        ip::build_v4(*from.ip(), *to.ip(), ip::Protocol::UDP, &datagram)
    }

    fn plan_chat(&mut self, machine: usize, after: Moment) {
        self.plan_random(self.rates[machine], after, Event::Chat(machine));
    }

    /// Plans an event of a Poisson process; one with rate zero never comes.
    fn plan_random(&mut self, rate: f64, after: Moment, event: Event) {
        if rate > 0.0 {
            let gap = self.exponential(1.0 / rate);
            self.plan(after + gap, event);
        }
    }

    fn plan(&mut self, at: Moment, event: Event) {
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned, event)));
    }

    fn exponential(&mut self, mean_seconds: f64) -> Duration {
        let seconds = -mean_seconds * (1.0 - self.rng.f64()).ln();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

fn ip_frame(dst: Mac, src: Mac, packet: &[u8]) -> Vec<u8> {
    ethernet::build(dst, src, &[], EtherType::IPV4, packet)
}

#[cfg(test)]
mod tests;
