//! What arrives at the laptop's capture.

use super::*;
use crate::wire::ip;
use crate::wire::netbios::{self, NodeStatus};

const A_WHILE: Duration = Duration::from_millis(400);

#[test]
fn copies_arrive_of_mirrored_ports_only() {
    let ear = Ear::new();
    let lab = Lab::start(ear.hearing(small())).unwrap();
    let suspect = lab.truth().mac;
    let manager = Manager::writer(&lab);

    let frames = ear.listen(A_WHILE);
    assert_eq!(from(suspect, &frames), 0, "nothing is mirrored");
    assert!(frames.iter().all(|frame| is_group(frame)));

    manager.mirror(&[1, 2, 4]).unwrap();
    let frames = ear.listen(A_WHILE);
    assert_eq!(from(suspect, &frames), 0, "not on ports 1, 2 and 4");

    manager.mirror(&[3]).unwrap();
    let frames = ear.listen(A_WHILE);
    assert!(from(suspect, &frames) > 10, "on port 3");

    manager.set(&[(row(STATUS, 3, 8), DESTROY)]).unwrap();
    ear.drain();
    let frames = ear.listen(A_WHILE);
    assert_eq!(from(suspect, &frames), 0, "no longer");
}

#[test]
fn each_family_copies_what_its_objects_say() {
    for profile in Profile::ALL {
        let ear = Ear::new();
        let spec = Spec { profile, ..small() };
        let lab = Lab::start(ear.hearing(spec)).unwrap();
        let manager = Manager::writer(&lab);
        manager.set(&mirror_port_3(profile)).unwrap();
        ear.drain();
        let frames = ear.listen(A_WHILE);
        let name = profile.name();
        assert!(from(lab.truth().mac, &frames) > 10, "{name}");
        let session = &lab.sessions_copied()[0];
        assert_eq!(session.destination, BridgePort(8), "{name}");
        let source = (&BridgePort(3), &Direction::Ingress);
        assert_eq!(
            session.sources.iter().collect::<Vec<_>>(),
            [source],
            "{name}"
        );
        assert!(lab.write_attempts().iter().all(|write| write.accepted));
    }
}

/// What each family has to be told to mirror what port 3 receives to port 8.
fn mirror_port_3(profile: Profile) -> Vec<(Vec<u32>, Value)> {
    let mask = || Value::OctetString(vec![0b0010_0000].into());
    match profile {
        Profile::SmonPortcopy => vec![
            (row(DIRECTION, 3, 8), Value::Integer(1)),
            (row(STATUS, 3, 8), CREATE_AND_GO),
        ],
        Profile::NetgearFastpath => {
            let base = [1, 3, 6, 1, 4, 1, 4526, 10, 1, 2, 10];
            let object = |rest: &[u32]| [&base[..], rest].concat();
            vec![
                (object(&[4, 1, 2, 1]), Value::Gauge32(8)),
                (object(&[4, 1, 3, 1]), mask()),
                (object(&[5, 1, 2, 1, 3]), Value::Integer(2)),
                (object(&[4, 1, 4, 1]), Value::Integer(1)),
            ]
        }
        Profile::DlinkDgs1210 => {
            let base = [1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1, 18];
            let scalar = |number| [&base[..], &[number, 0]].concat();
            vec![
                (scalar(2), Value::Integer(8)),
                (scalar(3), mask()),
                (scalar(1), Value::Integer(1)),
            ]
        }
        Profile::Zyxel4x => {
            let base = [1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1];
            let object = |rest: &[u32]| [&base[..], rest].concat();
            vec![
                (object(&[2, 0]), Value::Integer(8)),
                (object(&[3, 1, 1, 3]), Value::Integer(1)),
                (object(&[1, 0]), Value::Integer(1)),
            ]
        }
        Profile::Described(_) | Profile::Web(_) => Vec::new(),
    }
}

#[test]
fn the_suspect_tells_its_name_and_is_seen_answering() {
    let ear = Ear::new();
    let silent = Suspect {
        talk: Talk::Silent,
        ..small().suspect
    };
    let spec = Spec {
        suspect: silent,
        ..small()
    };
    let lab = Lab::start(ear.hearing(spec)).unwrap();
    let truth = lab.truth();
    let asker = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    asker
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    let request = netbios::build_status_request(77);
    let service = lab.addresses().netbios.unwrap();
    assert_eq!(service.ip(), truth.ip);
    asker.send_to(&request, service).unwrap();
    let mut buffer = [0; 576];
    let length = asker.recv(&mut buffer).unwrap();
    let status = NodeStatus::parse(&buffer[..length]).unwrap();
    assert_eq!((status.transaction, status.unit_id), (77, truth.mac));
    let names: Vec<(Vec<u8>, bool)> = status
        .names()
        .map(|name| (name.text().to_vec(), name.is_group()))
        .collect();
    assert_eq!(names[0], (b"RECEPTION-PC".to_vec(), false));
    assert_eq!(names[1], (b"WORKGROUP".to_vec(), true));

    let frames = ear.listen(A_WHILE);
    assert_eq!(from(truth.mac, &frames), 0, "it goes to the router");
    Manager::writer(&lab).mirror(&[3]).unwrap();
    ear.drain();
    asker.send_to(&request, service).unwrap();
    let frames = ear.listen(A_WHILE);
    assert_eq!(from(truth.mac, &frames), 1, "the mirror shows its answer");
    let mut frames = frames.iter().map(|frame| Frame::parse(frame).unwrap());
    let answer = frames.find(|frame| frame.src == truth.mac);
    let packet = ip::Packet::parse(answer.unwrap().payload).unwrap();
    assert_eq!(packet.destination, asker.local_addr().unwrap().ip());
}

#[test]
fn a_suspect_behind_the_uplink_or_nowhere_is_on_no_port() {
    let place = |place| {
        let suspect = Suspect {
            place,
            ..Suspect::default()
        };
        let lab = Lab::start(Spec { suspect, ..small() }).unwrap();
        (
            lab.truth().port.is_some(),
            lab.addresses().netbios.is_some(),
        )
    };
    assert_eq!(place(Place::BehindUplink), (false, true));
    assert_eq!(place(Place::Nowhere), (false, false));
    assert_eq!(place(Place::Drawn), (true, true));
}

#[test]
fn machines_behind_a_hub_share_the_suspects_port() {
    let ear = Ear::new();
    let mut spec = small();
    spec.suspect.hub_mates = 2;
    spec.background.chats = 20.0;
    let lab = Lab::start(ear.hearing(spec)).unwrap();
    Manager::writer(&lab).mirror(&[3]).unwrap();
    let frames = ear.listen(Duration::from_secs(1));
    let mut sources: Vec<Mac> = frames
        .iter()
        .filter(|frame| !is_group(frame))
        .map(|frame| Frame::parse(frame).unwrap().src)
        .collect();
    sources.sort();
    sources.dedup();
    assert_eq!(sources.len(), 3);
}
