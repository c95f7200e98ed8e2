//! Files that end too early, are damaged, or never end.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::mixed::on_ethernet;
use crate::program::Site;

#[test]
fn what_could_be_read_of_a_damaged_file_is_counted_and_the_place_is_told() {
    let site = Site::new();
    let whole = on_ethernet(1, 100).pcap(1);
    site.write("cut.pcap", &whole[..whole.len() - 5]);
    site.write("whole.pcap", &whole);
    let output = site.run(&["talkers", "-r", "cut.pcap", "whole.pcap", "--json"]);
    assert_eq!(output.status.code(), Some(3));
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(counted["packets"], 199);
    let said = counted["errors"][0].as_str().unwrap();
    assert!(said.contains("cut.pcap is damaged at byte "), "{said}");
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("ends in the middle of a record"), "{told}");
}

#[test]
fn a_file_that_is_no_capture_or_not_there_is_told() {
    let site = Site::new();
    site.write("text", b"this is no capture file at all");
    for (file, words) in [
        (
            "text",
            "text is no capture file: it is neither pcap nor pcapng",
        ),
        ("none", "cannot read"),
        ("/dev/zero", "/dev/zero is no capture file: it is neither"),
    ] {
        let output = site.run(&["flows", "-r", file]);
        assert_eq!(output.status.code(), Some(3), "{file}");
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{told}");
    }
}

#[test]
fn a_stream_that_never_ends_is_counted_when_ctrl_c_is_pressed() {
    let site = Site::new();
    let film = on_ethernet(2, 5000).pcap(1);
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("halfspan"))
        .args(["talkers", "-r", "-", "--json"])
        .current_dir(site.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(&film).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    // It goes on until the signal is noticed; a reader that has gone is no failure of ours.
    while pipe.write_all(&film[24..]).is_ok() {}
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(counted["packets"].as_u64().unwrap() > 0);
}
