//! Files that end too early, are damaged, or never end.

use std::fs::File;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::mixed::on_ethernet;
use crate::program::{Site, interrupt};

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

/// Starts `talkers` on these files, with a pipe as standard input.
fn start(site: &Site, files: &[&str]) -> Child {
    Command::new(assert_cmd::cargo::cargo_bin!("halfspan"))
        .args(["talkers", "--json", "-r"])
        .args(files)
        .current_dir(site.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Presses Ctrl-C, and returns what was counted by then.
fn interrupted(mut child: Child) -> Value {
    interrupt(&child);
    let hangs = (0..100).all(|_| {
        thread::sleep(Duration::from_millis(100));
        child.try_wait().unwrap().is_none()
    });
    if hangs {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    assert!(!hangs, "it goes on after Ctrl-C");
    assert_eq!(output.status.code(), Some(130));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_stream_that_falls_silent_is_counted_when_ctrl_c_is_pressed() {
    let site = Site::new();
    // More than a pipe holds: when it is written, a part of it was read.
    let film = on_ethernet(2, 5000).pcap(1);
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(&film).unwrap();
    packed.flush().unwrap();
    for octets in [&film, packed.get_ref()] {
        let mut child = start(&site, &["-"]);
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(octets).unwrap();
        let counted = interrupted(child);
        assert!(counted["packets"].as_u64().unwrap() > 0);
        drop(pipe);
    }
}

#[test]
fn neither_a_pipe_that_was_always_silent_nor_the_file_behind_it_is_read_after_ctrl_c() {
    let site = Site::new();
    site.write("whole.pcap", &on_ethernet(1, 100).pcap(1));
    let path = site.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let child = start(&site, &["pipe", "whole.pcap"]);
    // Returns when the program has opened it, too.
    let pipe = File::options().write(true).open(&path).unwrap();
    let counted = interrupted(child);
    assert_eq!(counted["packets"], 0);
    assert_eq!(counted["errors"], json!([]));
    drop(pipe);
}
