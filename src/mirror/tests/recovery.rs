//! Whatever happens in whatever order, the switch ends up as it was.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::mirror::Mirror;
use crate::port::{PortId, PortSet};

use super::Bench;
use super::dgs1210::Dgs;
use super::fake::{FakeSwitch, Faults};
use super::fastpath::{Fastpath, Session};
use super::smon::Smon;
use super::zyxel::Zyxel;

/// A switch in some state, with the name of its profile.
fn switch(kind: u8, busy: bool) -> (FakeSwitch, &'static str) {
    match (kind, busy) {
        (0, false) => (
            FakeSwitch::new(Smon::new(&[(10, 9, 2, 3)])),
            "smon-portcopy",
        ),
        (0, true) => {
            let rows = [(1, 12, 3, 1), (2, 12, 1, 2), (10, 12, 3, 3), (3, 9, 1, 1)];
            (FakeSwitch::new(Smon::new(&rows)), "smon-portcopy")
        }
        (1, false) => {
            let mut model = Fastpath::new(&[Session::idle(), Session::idle()]);
            model.zero_is_refused = true;
            (FakeSwitch::new(model), "netgear-fastpath")
        }
        (1, true) => {
            let mask = [(1, 1), (2, 3), (12, 2)].into();
            let busy = Session {
                destination: 9,
                mode: 1,
                mask,
            };
            (FakeSwitch::new(Fastpath::new(&[busy])), "netgear-fastpath")
        }
        (2, false) => (FakeSwitch::new(Dgs::idle()), "dlink-dgs1210"),
        (2, true) => {
            let (ingress, egress) = ([1, 12].into(), [2].into());
            let busy = Dgs {
                status: 1,
                target: 9,
                ingress,
                egress,
                cap: 28,
            };
            (FakeSwitch::new(busy), "dlink-dgs1210")
        }
        (_, false) => (FakeSwitch::new(Zyxel::new(2, 0, &[(4, 1)])), "zyxel-4x"),
        (_, true) => (
            FakeSwitch::new(Zyxel::new(1, 3, &[(1, 0), (12, 2)])),
            "zyxel-4x",
        ),
    }
}

fn faults() -> impl Strategy<Value = Faults> {
    let nth = || proptest::collection::btree_set(1u32..14, 0..4);
    (nth(), nth(), nth(), any::<bool>()).prop_map(|(answers, requests, ignored, last_is_done)| {
        Faults {
            lose_answer: answers,
            lose_request: requests,
            ignore: ignored,
            last_is_done,
            ..Faults::default()
        }
    })
}

fn sets() -> impl Strategy<Value = Vec<BTreeSet<u16>>> {
    proptest::collection::vec(proptest::collection::btree_set(1u16..=9, 0..6), 1..4)
}

fn port_set(ids: &BTreeSet<u16>) -> PortSet {
    ids.iter().copied().map(PortId).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_run_killed_at_any_request_is_repaired(
        kind in 0u8..4,
        busy in any::<bool>(),
        sets in sets(),
        faults in faults(),
        dead_after in 0u32..60,
        repair_dead_after in 0u32..40,
    ) {
        let (switch, profile) = switch(kind, busy);
        let before = switch.dump();
        let bench = Bench::new(profile, switch);
        let mut mirror = bench.open(busy).unwrap();
        bench.switch.faults(Faults { dead_after: Some(dead_after), ..faults.clone() });
        for set in &sets {
            // Whether it worked is for other tests to say.
            drop(mirror.set_sources(&port_set(set)));
        }
        drop(mirror.restore());
        mirror.killed();
        bench.switch.faults(Faults { dead_after: Some(repair_dead_after), ..faults });
        drop(bench.repair());
        bench.switch.faults(Faults::default());
        bench.repair().unwrap();
        prop_assert_eq!(bench.switch.dump(), before);
        prop_assert!(!bench.has_journal());
    }

    #[test]
    fn what_is_reported_as_mirrored_is_mirrored(
        kind in 0u8..4,
        busy in any::<bool>(),
        sets in sets(),
        faults in faults(),
    ) {
        let (switch, profile) = switch(kind, busy);
        let before = switch.dump();
        let bench = Bench::new(profile, switch);
        let mut mirror = bench.open(busy).unwrap();
        bench.switch.faults(faults);
        for set in &sets {
            let wanted = port_set(set);
            if mirror.set_sources(&wanted).is_ok() {
                prop_assert_eq!(mirror.sources().unwrap(), wanted);
            }
        }
        bench.switch.faults(Faults::default());
        mirror.restore().unwrap();
        prop_assert_eq!(bench.switch.dump(), before);
    }

    #[test]
    fn without_faults_every_set_is_reached_and_the_same_set_costs_nothing(
        kind in 0u8..4,
        busy in any::<bool>(),
        sets in sets(),
    ) {
        let (switch, profile) = switch(kind, busy);
        let bench = Bench::new(profile, switch);
        let mut mirror = bench.open(busy).unwrap();
        for set in &sets {
            let wanted = port_set(set);
            mirror.set_sources(&wanted).unwrap();
            prop_assert_eq!(mirror.sources().unwrap(), wanted.clone());
            prop_assert_eq!(mirror.set_sources(&wanted).unwrap().writes, 0);
        }
    }
}
