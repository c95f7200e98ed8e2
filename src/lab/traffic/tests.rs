use super::*;
use crate::lab::spec::{Background, Forges, Place};
use crate::wire::ethernet::Frame;

fn spec(suspect: Suspect) -> Spec {
    Spec {
        suspect,
        ..Spec::default()
    }
}

fn first_minute(spec: &Spec) -> (Site, Vec<(Moment, Emission)>) {
    let site = Site::draw(spec);
    let mut traffic = Traffic::new(spec, &site);
    let mut all = Vec::new();
    let end = Moment(Duration::from_secs(60));
    while let Some(at) = traffic.next_due().filter(|at| *at <= end) {
        all.extend(traffic.due(at).into_iter().map(|emission| (at, emission)));
    }
    (site, all)
}

fn from_suspect(site: &Site, all: &[(Moment, Emission)]) -> Vec<Moment> {
    let own = |frame: &[u8]| Frame::parse(frame).unwrap().src == site.suspect_mac;
    let own = all.iter().filter(|(_, emission)| own(&emission.frame));
    own.map(|(at, _)| *at).collect()
}

#[test]
fn the_same_seed_gives_the_same_traffic() {
    let spec = Spec::default();
    assert_eq!(first_minute(&spec).1, first_minute(&spec).1);
}

#[test]
fn a_steady_suspect_keeps_its_rate_and_a_silent_one_says_nothing() {
    let (site, all) = first_minute(&spec(Suspect::default()));
    let sent = from_suspect(&site, &all).len();
    assert!((5600..6400).contains(&sent), "{sent}");
    let silent = Suspect {
        talk: Talk::Silent,
        ..Suspect::default()
    };
    let (site, all) = first_minute(&spec(silent));
    assert_eq!(from_suspect(&site, &all), []);
}

#[test]
fn a_bursty_suspect_talks_in_bursts() {
    let bursty = Suspect {
        talk: Talk::BURSTY,
        ..Suspect::default()
    };
    let (site, all) = first_minute(&spec(bursty));
    let sent = from_suspect(&site, &all);
    let pauses = sent
        .windows(2)
        .filter(|pair| pair[1].since(pair[0]) > Duration::from_secs(2));
    assert!(sent.len() > 20, "{}", sent.len());
    assert!(pauses.count() < 10);
}

#[test]
fn every_frame_enters_at_its_machines_port() {
    let (site, all) = first_minute(&Spec::default());
    for (_, emission) in &all {
        let src = Frame::parse(&emission.frame).unwrap().src;
        let sender = site.machines.iter().find(|machine| machine.mac == src);
        assert_eq!(sender.unwrap().port, emission.port);
    }
}

#[test]
fn forged_addresses_are_new_in_every_frame_and_the_port_stays() {
    let suspect = Suspect {
        place: Place::Port(BridgePort(4)),
        forges: Forges::Both,
        ..Suspect::default()
    };
    let (site, all) = first_minute(&spec(suspect));
    assert_eq!(from_suspect(&site, &all), []);
    let forged: Vec<Mac> = all
        .iter()
        .filter(|(_, emission)| emission.port == BridgePort(4))
        .map(|(_, emission)| Frame::parse(&emission.frame).unwrap().src)
        .collect();
    assert!(forged.len() > 5000);
    assert!(forged.iter().all(|mac| mac.is_locally_administered()));
}

#[test]
fn a_schedule_that_slept_is_not_made_up_for() {
    let spec = Spec::default();
    let site = Site::draw(&spec);
    let mut traffic = Traffic::new(&spec, &site);
    let frames = traffic.due(Moment(Duration::from_secs(3600))).len();
    assert!(frames < 1000, "{frames}");
}

#[test]
fn without_traffic_nothing_is_ever_due() {
    let quiet = Spec {
        background: Background {
            chats: 0.0,
            broadcasts: 0.0,
            servers: 0,
        },
        suspect: Suspect {
            place: Place::Nowhere,
            ..Suspect::default()
        },
        ..Spec::default()
    };
    let site = Site::draw(&quiet);
    assert_eq!(Traffic::new(&quiet, &site).next_due(), None);
}
