use std::thread;

use super::*;
use crate::clock::LiveClock;
use crate::wire::netbios::{build_status_response, parse_status_request};

const MAC: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);

/// Asks a machine whose answer to the n-th request, counted from 1, is what `answer` makes of its transaction.
#[expect(clippy::unwrap_in_result, reason = "the result is what is tested")]
fn ask_machine(
    requests: u32,
    answer: impl Fn(u32, u16) -> Vec<Vec<u8>> + Send + 'static,
) -> Result<NetbiosNames, NetbiosError> {
    let machine = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = machine.local_addr().expect("bound");
    let answering = thread::spawn(move || {
        let mut buffer = [0; 100];
        for number in 1..=requests {
            let (length, from) = machine.recv_from(&mut buffer).expect("a request");
            let transaction = parse_status_request(&buffer[..length]).expect("well formed");
            for reply in answer(number, transaction) {
                machine.send_to(&reply, from).expect("sent");
            }
        }
    });
    let clock = LiveClock::start();
    let answer = ask(address, clock.now() + Duration::from_secs(5), &clock);
    answering.join().expect("all requests came");
    answer
}

fn names() -> Vec<Name> {
    vec![
        Name::new("RECEPTION-PC", 0x20, false),
        Name::new("RECEPTION-PC", 0x00, false),
        Name::new("WORKGROUP", 0x00, true),
        Name::new("RECEPTION-PC", 0x03, false),
        Name::new("ANNA", 0x03, false),
    ]
}

#[test]
fn the_names_of_a_machine_are_told_apart() {
    let answer = ask_machine(1, |_, transaction| {
        vec![build_status_response(transaction, &names(), MAC)]
    });
    let expected = NetbiosNames {
        computer: Some("RECEPTION-PC".to_owned()),
        group: Some("WORKGROUP".to_owned()),
        user: Some("ANNA".to_owned()),
        registered: [Registered::FileServer].into(),
        mac: Some(MAC),
    };
    assert_eq!(answer.unwrap(), expected);
}

#[test]
fn names_for_services_are_told_by_suffix_and_kind() {
    let answer = ask_machine(1, |_, transaction| {
        let names = [
            Name::new("OFFICE", 0x1c, true),
            Name::new("OFFICE", 0x1b, false),
            Name::new("OFFICE", 0x1d, false),
            // No service: a group where a machine is meant, and the other way round.
            Name::new("OFFICE", 0x20, true),
            Name::new("OFFICE", 0x1c, false),
            Name::new("OFFICE", 0x1e, true),
        ];
        vec![build_status_response(transaction, &names, MAC)]
    });
    let expected = [
        Registered::DomainControllers,
        Registered::DomainMaster,
        Registered::MasterBrowser,
    ];
    assert_eq!(answer.unwrap().registered, expected.into());
}

#[test]
fn a_mac_of_zeros_is_none_and_a_steering_name_is_harmless() {
    let answer = ask_machine(1, |_, transaction| {
        let names = [Name::new("\u{1b}[2J", 0, false)];
        vec![build_status_response(transaction, &names, Mac([0; 6]))]
    });
    let answer = answer.unwrap();
    assert_eq!(answer.computer.as_deref(), Some("\\x1b[2J"));
    assert_eq!((answer.group, answer.user, answer.mac), (None, None, None));
}

#[test]
fn a_lost_answer_is_asked_for_again_and_a_foreign_one_is_ignored() {
    let answer = ask_machine(2, |number, transaction| match number {
        1 => vec![],
        _ => vec![
            build_status_response(
                transaction.wrapping_add(1),
                &[Name::new("WRONG", 0, false)],
                MAC,
            ),
            b"?".to_vec(),
            build_status_response(transaction, &names(), MAC),
        ],
    });
    assert_eq!(answer.unwrap().computer.as_deref(), Some("RECEPTION-PC"));
}

#[test]
fn a_truncated_answer_is_an_error() {
    let answer = ask_machine(1, |_, transaction| {
        let mut reply = build_status_response(transaction, &names(), MAC);
        reply.truncate(80);
        vec![reply]
    });
    assert!(matches!(answer, Err(NetbiosError::Nonsense { .. })));
}

#[test]
fn a_closed_port_and_a_silent_machine_are_told_apart() {
    let clock = LiveClock::start();
    let until = clock.now() + Duration::from_millis(50);
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let answer = ask(address, until, &clock);
    assert!(matches!(
        answer,
        Err(NetbiosError::NoAnswer { attempts: 1, .. })
    ));
    drop(silent);
    let until = clock.now() + Duration::from_secs(5);
    let answer = ask(address, until, &clock);
    assert!(matches!(answer, Err(NetbiosError::Closed { .. })));
}

/// Samba's nmbd, in a network namespace that only this test sees.
#[test]
#[cfg(target_os = "linux")]
#[ignore = "needs root, iproute2 and samba"]
fn nmbd_is_asked_for_its_names() {
    use std::process::Command;

    let run = |command: &str| {
        let mut words = command.split(' ');
        let status = Command::new(words.next().unwrap()).args(words).status();
        assert!(status.unwrap().success(), "{command}");
    };
    nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
    run("ip link set lo up");
    run("ip link add near type veth peer name far");
    run("ip link set far up");
    run("ip addr add 10.99.0.57/24 broadcast 10.99.0.255 dev near");
    run("ip link set near up");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let config = folder.path().join("smb.conf");
    let folders = ["lock", "state", "cache", "pid", "private"]
        .map(|kind| {
            format!(
                "{kind} {} = {path}\n",
                if kind == "private" {
                    "dir"
                } else {
                    "directory"
                }
            )
        })
        .concat();
    let settings = format!(
        "[global]\nnetbios name = RECEPTION-PC\nworkgroup = OFFICE\ninterfaces = near\n\
         bind interfaces only = yes\nncalrpc dir = {path}\nlog file = {path}/log\n{folders}"
    );
    std::fs::write(&config, settings).unwrap();
    let mut nmbd = Command::new("nmbd")
        .args(["--foreground", "--no-process-group", "--debug-stdout", "-s"])
        .arg(&config)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let clock = LiveClock::start();
    let until = clock.now() + Duration::from_secs(20);
    let answer = loop {
        let answer = ask(([10, 99, 0, 57], 137).into(), until, &clock);
        // Until it is ready the port is closed, and the first answers lack the workgroup.
        let complete = answer.as_ref().is_ok_and(|names| names.group.is_some());
        if complete || clock.now() >= until {
            break answer;
        }
        thread::sleep(Duration::from_millis(100));
    };
    nmbd.kill().unwrap();
    nmbd.wait().unwrap();
    let names = answer.unwrap();
    assert_eq!(names.computer.as_deref(), Some("RECEPTION-PC"));
    assert_eq!(names.group.as_deref(), Some("OFFICE"));
    assert_eq!((names.user, names.mac), (None, None));
}
