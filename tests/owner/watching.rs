//! Connections that last: seen with and without root.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::process::Command;

use crate::world::{HOLD, Running, Watcher, call, halfspan, owners, parents, server};

#[test]
fn a_process_that_calls_is_named_with_its_parents() {
    let server = server(HOLD);
    let script = format!("{}; :", call(server));
    let mut watch = halfspan();
    let watcher = Watcher::start(watch.args([
        "owner",
        "--json",
        "--once",
        "--for",
        "30s",
        "--remote",
        &server.to_string(),
    ]));
    let caller = Running::bash(&script);
    let (finds, end, code) = watcher.end();
    assert_eq!((code, finds.len(), &end["found"]), (Some(0), 1, &1.into()));
    let owner = &finds[0]["owners"][0];
    assert_eq!(owner["pid"], caller.pid(), "{owner:#}");
    assert_eq!(owner["name"], "bash");
    assert_eq!(owner["command"][2], script);
    assert!(owner["program"].as_str().unwrap().ends_with("/bash"));
    assert!(owner["started"].is_string() && owner["folder"].is_string());
    assert_eq!(parents(&finds[0])[0], u64::from(std::process::id()));
    assert_eq!(finds[0]["remote"], server.to_string());
}

#[test]
fn a_program_whose_file_was_deleted_is_told_so() {
    let server = server(HOLD);
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hidden tool");
    // Copied by another process: while this one writes it, another test's child may inherit the open file, and a file that
    // somebody writes cannot be executed.
    let copied = Command::new("cp").arg("/bin/bash").arg(&program).status();
    assert!(copied.unwrap().success());
    let caller =
        Running::start(Command::new(&program).args(["-c", &format!("{}; :", call(server))]));
    // A copy that is not yet running would find no file.
    let exe = format!("/proc/{}/exe", caller.pid());
    while fs::read_link(&exe).unwrap() != program {
        std::thread::yield_now();
    }
    fs::remove_file(&program).unwrap();
    let mut watch = halfspan();
    let args = ["owner", "--json", "--once", "--for", "30s", "--remote"];
    let (finds, ..) = Watcher::start(watch.args(args).arg(server.to_string())).end();
    let owner = &finds[0]["owners"][0];
    assert_eq!(owner["program"], program.to_str().unwrap());
    assert_eq!(
        (&owner["program_deleted"], &owner["package"]),
        (&true.into(), &().into())
    );
}

#[test]
fn who_waits_on_a_port_is_found_over_tcp_and_udp() {
    let tcp = TcpListener::bind("[::1]:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (port, state) in [
        (tcp.local_addr().unwrap().port(), "listening"),
        (udp.local_addr().unwrap().port(), "unconnected"),
    ] {
        let mut watch = halfspan();
        let args = ["owner", "--json", "--once", "--for", "30s", "--port"];
        let (finds, _, code) = Watcher::start(watch.args(args).arg(port.to_string())).end();
        assert_eq!((code, finds.len()), (Some(0), 1));
        assert_eq!(
            (&finds[0]["state"], &finds[0]["was_there"]),
            (&state.into(), &true.into())
        );
        let this = u64::from(std::process::id());
        assert!(owners(&finds[0]).contains(&this), "{:#}", finds[0]);
    }
}

#[test]
fn any_new_connection_is_told_also_over_udp_and_with_mapped_addresses() {
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let old = UdpSocket::bind("127.0.0.1:0").unwrap();
    old.connect(to).unwrap();
    let mut watch = halfspan();
    let args = ["owner", "--json", "--any-new", "--for", "60s"];
    let mut watcher = Watcher::start(watch.args(args));
    let mut new = Vec::new();
    // What is told of the first a second time would be told before the second.
    for _ in 0..2 {
        let socket = UdpSocket::bind("[::ffff:127.0.0.1]:0").unwrap();
        let mapped = format!("[::ffff:127.0.0.1]:{}", to.port());
        socket.connect(mapped).unwrap();
        let local = format!("127.0.0.1:{}", socket.local_addr().unwrap().port());
        watcher.wait_for(|find| find["remote"] == to.to_string() && find["local"] == local);
        new.push((socket, local));
    }
    let (finds, ..) = watcher.interrupt();
    let told = finds.iter().filter(|find| find["remote"] == to.to_string());
    let told: Vec<_> = told.map(|find| find["local"].clone()).collect();
    let new: Vec<_> = new.into_iter().map(|(_, local)| local).collect();
    assert_eq!(told, new);
}

#[test]
fn nobody_is_no_answer_and_a_command_runs_for_everybody_who_is_found() {
    let mut watch = halfspan();
    let args = ["owner", "--json", "--for", "3s", "--remote", "192.0.2.1:9"];
    let (finds, end, code) = Watcher::start(watch.args(args)).end();
    assert_eq!((finds.len(), code), (0, Some(1)));
    assert!(end["looks"].as_u64().unwrap() > 1);

    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let hook = format!(
        "(echo $HALFSPAN_PID $HALFSPAN_LOCAL; cat) > '{}'",
        note.display()
    );
    let mut watch = halfspan();
    let args = [
        "owner", "--json", "--once", "--for", "30s", "--exec", &hook, "--port",
    ];
    Watcher::start(watch.args(args).arg(port.to_string())).end();
    let note = fs::read_to_string(note).unwrap();
    let (head, find) = note.split_once('\n').unwrap();
    let find = serde_json::from_str(find).unwrap();
    assert!(owners(&find).contains(&std::process::id().into()), "{note}");
    assert_eq!(head, format!("{} 127.0.0.1:{port}", owners(&find)[0]));
}
