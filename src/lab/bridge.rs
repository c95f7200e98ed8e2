//! The learning bridge (IEEE 802.1D §7): which ports a frame leaves by. It knows no time but what it is told.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use crate::clock::Moment;
use crate::mac::Mac;
use crate::port::BridgePort;

/// The most addresses the forwarding table holds; more are not learned, as on a real switch.
const CAPACITY: usize = 8192;

/// Where an address was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Learned {
    port: BridgePort,
    at: Moment,
}

/// A bridge with one VLAN.
#[derive(Clone, Debug)]
pub(super) struct LearningBridge {
    /// The ports that are up.
    ports: Vec<BridgePort>,
    ageing: Duration,
    table: BTreeMap<Mac, Learned>,
}

impl LearningBridge {
    pub(super) fn new(ports: Vec<BridgePort>, ageing: Duration) -> Self {
        LearningBridge {
            ports,
            ageing,
            table: BTreeMap::new(),
        }
    }

    /// Takes a frame in: learns its source and returns the ports it leaves by.
    pub(super) fn receive(
        &mut self,
        from: BridgePort,
        src: Mac,
        dst: Mac,
        now: Moment,
    ) -> Vec<BridgePort> {
        self.learn(src, from, now);
        if !dst.is_group()
            && let Some(port) = self.lookup(dst, now)
        {
            return if port == from { vec![] } else { vec![port] };
        }
        let others = self.ports.iter().filter(|&&port| port != from);
        others.copied().collect()
    }

    /// Remembers that `mac` is behind `port`.
    pub(super) fn learn(&mut self, mac: Mac, port: BridgePort, now: Moment) {
        if mac.is_group() {
            return;
        }
        if self.table.len() >= CAPACITY && !self.table.contains_key(&mac) {
            self.forget_old(now);
        }
        if self.table.len() < CAPACITY || self.table.contains_key(&mac) {
            self.table.insert(mac, Learned { port, at: now });
        }
    }

    /// Returns where `mac` is, as far as the bridge knows.
    pub(super) fn lookup(&self, mac: Mac, now: Moment) -> Option<BridgePort> {
        let learned = self.table.get(&mac)?;
        self.is_fresh(*learned, now).then_some(learned.port)
    }

    /// Returns the first known address from `start` on, and its port.
    pub(super) fn next(&self, start: Bound<Mac>, now: Moment) -> Option<(Mac, BridgePort)> {
        let rest = self.table.range((start, Bound::Unbounded));
        rest.filter(|(_, learned)| self.is_fresh(**learned, now))
            .map(|(mac, learned)| (*mac, learned.port))
            .next()
    }

    /// Forgets everything.
    pub(super) fn flush(&mut self) {
        self.table.clear();
    }

    fn forget_old(&mut self, now: Moment) {
        let ageing = self.ageing;
        self.table
            .retain(|_, learned| now.since(learned.at) < ageing);
    }

    fn is_fresh(&self, learned: Learned, now: Moment) -> bool {
        now.since(learned.at) < self.ageing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([0, 0, 0, 0, 0, 0xa]);
    const B: Mac = Mac([0, 0, 0, 0, 0, 0xb]);

    fn at(seconds: u64) -> Moment {
        Moment(Duration::from_secs(seconds))
    }

    fn bridge() -> LearningBridge {
        LearningBridge::new([1, 2, 3].map(BridgePort).to_vec(), Duration::from_secs(300))
    }

    #[test]
    fn an_unknown_destination_is_flooded_and_a_known_one_is_not() {
        let mut bridge = bridge();
        let flood = bridge.receive(BridgePort(1), A, B, at(0));
        assert_eq!(flood, [BridgePort(2), BridgePort(3)]);
        assert_eq!(bridge.receive(BridgePort(3), B, A, at(1)), [BridgePort(1)]);
        assert_eq!(bridge.receive(BridgePort(1), A, B, at(2)), [BridgePort(3)]);
    }

    #[test]
    fn a_frame_between_two_machines_of_one_port_goes_nowhere() {
        let mut bridge = bridge();
        bridge.learn(B, BridgePort(1), at(0));
        assert_eq!(bridge.receive(BridgePort(1), A, B, at(1)), []);
    }

    #[test]
    fn an_address_ages_out_and_floods_again() {
        let mut bridge = bridge();
        bridge.learn(B, BridgePort(3), at(0));
        assert_eq!(bridge.lookup(B, at(299)), Some(BridgePort(3)));
        assert_eq!(bridge.lookup(B, at(300)), None);
        assert_eq!(bridge.next(Bound::Unbounded, at(300)), None);
        assert_eq!(bridge.receive(BridgePort(1), A, B, at(300)).len(), 2);
    }

    #[test]
    fn a_machine_that_moves_is_found_at_its_new_port() {
        let mut bridge = bridge();
        bridge.learn(A, BridgePort(1), at(0));
        bridge.learn(A, BridgePort(2), at(1));
        assert_eq!(bridge.lookup(A, at(2)), Some(BridgePort(2)));
    }

    #[test]
    fn broadcasts_go_everywhere_and_forged_group_sources_are_not_learned() {
        let mut bridge = bridge();
        let out = bridge.receive(BridgePort(2), Mac::BROADCAST, Mac::BROADCAST, at(0));
        assert_eq!(out, [BridgePort(1), BridgePort(3)]);
        assert_eq!(bridge.next(Bound::Unbounded, at(0)), None);
    }

    #[test]
    fn a_full_table_learns_nothing_more_until_something_ages() {
        let mut bridge = bridge();
        for number in 0..u32::try_from(CAPACITY).unwrap() {
            let [a, b, c, d] = number.to_be_bytes();
            bridge.learn(Mac([2, 0, a, b, c, d]), BridgePort(1), at(0));
        }
        bridge.learn(A, BridgePort(2), at(1));
        assert_eq!(bridge.lookup(A, at(1)), None);
        bridge.learn(A, BridgePort(2), at(400));
        assert_eq!(bridge.lookup(A, at(400)), Some(BridgePort(2)));
    }
}
