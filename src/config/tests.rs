use std::path::Path;

use super::*;
use crate::error::{Diagnosis, Exit, Failure};
use crate::snmp::{AuthProtocol, PrivProtocol, SnmpCredentials};

/// The example of the documentation, with one mistake a test.
const GOOD: &str = r#"
switches:
  office-1:
    profile: smon-portcopy
    address: 10.78.0.2
    credentials: office
    destination: "24"
    sniff: eth0
    candidates: "1-22"
    uplinks: ["23"]
    never: []
  cellar:
    profile: ./own/cellar.yaml
    address: sw2:1161
    credentials: campus
    destination: 8
    sniff: pcap:run.pcap
  kiosk:
    profile: manual
    destination: gi8
    sniff: tzsp://0.0.0.0:37008
routers:
  gw: { address: 10.78.0.1, credentials: office }
credentials:
  office:
    snmp: { version: 2c, read: "env:OFFICE_RO", write: "env:OFFICE_RW" }
  campus:
    snmp: { version: 3, user: halfspan, auth: { sha256: "authpass1" }, priv: { aes128: "cmd:echo privpass1" } }
  old:
    snmp: { version: 1, read: 12345 }
    http: { token: "file:token", fingerprint: "sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff" }
  rest:
    http: { user: admin, password: "env:PW", ca: corp.pem }
patch: patch.csv
patch_from_alias: "{panel}-{position} {outlet}"
identify: { netbios_port: 10137 }
"#;

fn parse(text: &str) -> Result<Config, ConfigError> {
    let source = error::Source::new(Path::new("/etc/halfspan/halfspan.yaml"), text);
    check::check(file::parse(&source)?, &source)
}

fn complaint(text: &str) -> String {
    let failure = Failure::from(parse(text).unwrap_err());
    assert_eq!(failure.exit, Exit::Usage);
    failure
        .to_string()
        .replace("/etc/halfspan/halfspan.yaml", "FILE")
}

/// The good file with one thing changed.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    complaint(&GOOD.replacen(from, to, 1))
}

#[test]
fn a_whole_file_is_read() {
    let config = parse(GOOD).unwrap();
    let office = &config.switches["office-1"];
    assert_eq!(office.profile, "smon-portcopy");
    assert_eq!(
        office.agent.as_ref().unwrap().address.to_string(),
        "10.78.0.2"
    );
    assert_eq!(office.candidates.as_ref().unwrap().to_string(), "1-22");
    assert_eq!(office.uplinks.as_ref().unwrap().to_string(), "23");
    assert!(office.never.is_empty());
    assert_eq!(config.switches["cellar"].destination, "8");
    assert_eq!(config.switches["cellar"].candidates, None);
    assert!(config.switches["kiosk"].agent.is_none());
    assert_eq!(config.routers["gw"].agent.credential.name, "office");
    assert_eq!(config.netbios_port, 10137);
    assert_eq!(
        config.patch_from_alias.read("B-05 2.14-B").unwrap().outlet,
        "2.14-B"
    );
}

#[test]
fn paths_are_relative_to_the_file_they_stand_in() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.patch, Some(PathBuf::from("/etc/halfspan/patch.csv")));
    let cellar = &config.switches["cellar"];
    assert_eq!(cellar.profile, "/etc/halfspan/./own/cellar.yaml");
    assert_eq!(cellar.sniff, "pcap:/etc/halfspan/run.pcap");
}

#[test]
fn an_empty_file_is_an_empty_configuration() {
    for text in [
        "",
        "# nothing yet\n",
        "---\n",
        "switches:\nrouters:\ncredentials:\nidentify:\n",
    ] {
        let config = parse(text).unwrap();
        assert!(config.switches.is_empty());
        assert_eq!(config.netbios_port, 137);
    }
}

#[test]
fn credentials_become_what_the_agent_wants_to_see() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halfspan.yaml");
    std::fs::write(&file, GOOD).unwrap();
    let config = Config::read(&file).unwrap();
    let credential = |switch: &str| {
        let agent = config.switches[switch].agent.as_ref().unwrap();
        agent.credential.snmp()
    };
    let Ok(SnmpCredentials::User {
        user,
        auth,
        privacy,
        ..
    }) = credential("cellar")
    else {
        panic!("not a user");
    };
    assert_eq!(user, "halfspan");
    let (protocol, secret) = auth.unwrap();
    assert_eq!(
        (protocol, secret.reveal()),
        (AuthProtocol::Sha256, "authpass1")
    );
    let (protocol, secret) = privacy.unwrap();
    assert_eq!(
        (protocol, secret.reveal()),
        (PrivProtocol::Aes128, "privpass1")
    );
    insta::assert_snapshot!(
        Failure::from(credential("office-1").unwrap_err()),
        @r"
    error: cannot get the secret `read` of credential `office`
    cause: the environment variable OFFICE_RO is not set
    hint:  set it: export OFFICE_RO=…
    "
    );
}

#[test]
fn secrets_in_plain_text_are_warned_of_without_showing_them() {
    let config = parse(GOOD).unwrap();
    insta::assert_snapshot!(config.warnings.join("\n"), @r"
    /etc/halfspan/halfspan.yaml:28: `auth` of credential `campus` stands there in plain text; better env:NAME, file:PATH or cmd:COMMAND
    /etc/halfspan/halfspan.yaml:30: `read` of credential `old` stands there in plain text; better env:NAME, file:PATH or cmd:COMMAND
    ");
    let shown = format!("{config:?}");
    for secret in ["authpass1", "12345"] {
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[test]
fn a_misspelt_key_is_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(changed("destination:", "destinaton:"), @r"
    error: FILE:7:5: there is no key `destinaton` here
      7 |     destinaton…
        |     ^^^^^^^^^^
    hint:  did you mean `destination`?
    ");
    insta::assert_snapshot!(changed("patch: patch.csv", "patches: patch.csv"), @r"
    error: FILE:34:1: there is no key `patches` here
      34 | patches…
         | ^^^^^^^
    hint:  did you mean `patch`?
    ");
    insta::assert_snapshot!(changed("    sniff: eth0", "    sniff: eth0\n    vlan: 7"), @r"
    error: FILE:9:5: there is no key `vlan` here
      9 |     vlan…
        |     ^^^^
    hint:  the keys known here are: profile, address, bridge, with, credentials, destination, sniff, candidates, uplinks, never
    ");
}

#[test]
fn a_misspelt_protocol_is_named_but_the_secret_beside_it_is_not() {
    let told = changed("auth: { sha256:", "auth: { sha265:");
    assert!(!told.contains("authpass1"));
    insta::assert_snapshot!(told, @r"
    error: FILE:28:49: `sha265` is not known here
    hint:  did you mean `sha256`?
    ");
}

#[test]
fn no_mistake_makes_a_secret_appear() {
    for (from, to) in [
        ("read: 12345", "raed: 12345"),
        ("read: 12345", "read: [12345]"),
        ("read: 12345", "read: 12345, read: 12345"),
        ("snmp: { version: 1, read: 12345 }", "snmp: 12345"),
        ("auth: { sha256: \"authpass1\" }", "auth: authpass1"),
        ("auth: { sha256: \"authpass1\" }", "auth: \"authpass1"),
        (
            "auth: { sha256: \"authpass1\" }",
            "auth: { sha256: \"authpass1\" } }",
        ),
        ("priv: {", "priv: { sha1: authpass1,"),
    ] {
        let told = changed(from, to);
        assert!(
            !told.contains("12345") && !told.contains("authpass1"),
            "{told}"
        );
    }
}

#[test]
fn a_missing_reference_is_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(changed("credentials: office", "credentials: ofice"), @r"
    error: FILE:6:18: there is no credential `ofice`
      6 |     credentials: ofice
        |                  ^^^^^
    hint:  did you mean `office`?
    ");
    insta::assert_snapshot!(changed("credentials: office", "credentials: lobby"), @r"
    error: FILE:6:18: there is no credential `lobby`
      6 |     credentials: lobby
        |                  ^^^^^
    hint:  add `lobby:` below `credentials:`
    ");
}

#[test]
fn the_files_in_the_documents_are_right() {
    let documents = [
        include_str!("../../README.md"),
        include_str!("../../docs/configuration.md"),
    ];
    for document in documents {
        let begin = document.find("```yaml\n").unwrap();
        let (_, indent) = document[..begin].rsplit_once('\n').unwrap();
        let (text, _) = document[begin + 8..].split_once("```").unwrap();
        let lines = text
            .lines()
            .map(|line| line.strip_prefix(indent).unwrap_or(line));
        let config = parse(&lines.collect::<Vec<_>>().join("\n")).unwrap();
        assert!(config.switches.contains_key("office-1") && config.warnings.is_empty());
    }
}

#[test]
fn a_tab_and_a_text_in_the_place_of_keys_are_told_in_plain_words() {
    insta::assert_snapshot!(complaint("switches:\n\toffice-1: {}\n"), @r"
    error: FILE:2:2: tabs disallowed within this context (block indentation)
      2 | 	office-1…
        |  ^^^^^^^^
    hint:  indent with spaces, not with tabs
    ");
    insta::assert_snapshot!(complaint("switches:\n  office-1: here\n"), @r"
    error: FILE:2:13: expected keys with values here, like `address: 10.78.0.2`
      2 |   office-1: here
        |             ^^^^
    ");
}

#[test]
fn a_switch_that_is_not_there_is_named_with_the_nearest_one() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.switch("cellar").unwrap().name, "cellar");
    let error = config.switch("ofice-1").unwrap_err();
    assert_eq!(error.hint().as_deref(), Some("did you mean `office-1`?"));
    let error = config.switch("roof").unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("add it below `switches:`; there are: cellar, kiosk, office-1")
    );
}

#[test]
fn what_is_missing_is_named() {
    insta::assert_snapshot!(changed("    destination: \"24\"\n", ""), @r"
    error: FILE:4:5: switch `office-1` has no `destination`
      4 |     profile…
        |     ^^^^^^^
    ");
    insta::assert_snapshot!(changed("    address: 10.78.0.2\n", ""), @r"
    error: FILE:4:5: switch `office-1` has no `address`
      4 |     profile…
        |     ^^^^^^^
    ");
    insta::assert_snapshot!(changed("user: halfspan, ", ""), @"error: FILE:28:11: credential `campus` has no `user`");
    insta::assert_snapshot!(changed("auth: { sha256: \"authpass1\" }, ", ""), @r"
    error: FILE:28:11: credential `campus` has `priv` but no `auth`
    hint:  SNMPv3 encrypts only what it authenticates: add `auth`
    ");
    insta::assert_snapshot!(changed("user: admin, ", ""), @r"
    error: FILE:33:11: the `http` part of credential `rest` is not complete
    hint:  give `user` and `password`, or `token` alone
    ");
}

#[test]
fn switches_without_an_agent_have_an_address_of_their_own_kind() {
    let config = |address: &str| {
        let text = GOOD.replacen(
            "    address: 10.78.0.2\n    credentials: office\n",
            address,
            1,
        );
        parse(&text)
    };
    let local = config("    address: local\n    bridge: br-lan\n").unwrap();
    let office = &local.switches["office-1"];
    assert!(office.agent.is_none());
    assert_eq!(office.address(), "local");
    let direct = office.direct.as_ref().unwrap();
    assert_eq!(direct.address, DirectAddress::ThisMachine);
    assert_eq!(direct.bridge.as_deref(), Some("br-lan"));
    let ovs = config("    address: tcp:sw1\n").unwrap();
    assert_eq!(ovs.switches["office-1"].address(), "tcp:sw1:6640");
    let told = |address: &str| Failure::from(config(address).unwrap_err()).to_string();
    let with_login = told("    address: local\n    credentials: office\n");
    assert!(
        with_login.contains("takes no `credentials`"),
        "{with_login}"
    );
    let without = told("    address: ssl:sw1\n");
    assert!(without.contains("with a `tls` part"), "{without}");
    let stray = told("    address: 10.78.0.2\n    credentials: office\n    bridge: br0\n");
    assert!(stray.contains("`bridge` belongs to"), "{stray}");
}

#[test]
fn a_tls_port_is_opened_by_certificates_whose_key_nobody_else_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("me.key");
    std::fs::write(&key, "line one\nline two\n").unwrap();
    let config = |part: &str| {
        let text = GOOD.replacen(
            "    address: 10.78.0.2\n    credentials: office\n",
            "    address: ssl:sw1:6641\n    credentials: ovs\n",
            1,
        );
        let text = text.replacen(
            "credentials:\n  office:",
            &format!("credentials:\n  ovs:\n    tls: {{ {part} }}\n  office:"),
            1,
        );
        let file = folder.path().join("halfspan.yaml");
        std::fs::write(&file, text).unwrap();
        Config::read(&file)
    };
    let access = || {
        let config = config("ca: ca.pem, certificate: me.pem, key: me.key").unwrap();
        let direct = config.switches["office-1"].direct.clone().unwrap();
        assert_eq!(direct.address.to_string(), "ssl:sw1:6641");
        direct.credential.unwrap().tls()
    };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = Failure::from(access().unwrap_err()).to_string();
    assert!(error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let access = access().unwrap();
    assert_eq!(
        access.trust,
        crate::tls::Trust::Authority(folder.path().join("ca.pem"))
    );
    let own = access.own.unwrap();
    assert_eq!(own.certificate, folder.path().join("me.pem"));
    assert_eq!(own.key.reveal(), "line one\nline two\n");
    for (part, what) in [
        (
            "certificate: me.pem, key: me.key",
            "give `ca` or `fingerprint`",
        ),
        ("ca: ca.pem, key: me.key", "belong together"),
        (
            "ca: ca.pem, fingerprint: \"sha256:00\"",
            "exclude each other",
        ),
        ("ca: ca.pem, kye: me.key", "did you mean `key`"),
    ] {
        let error = Failure::from(config(part).unwrap_err()).to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn values_that_make_no_sense_are_refused_where_they_stand() {
    insta::assert_snapshot!(changed("version: 2c", "version: 2"), @r"
    error: FILE:26:22: there is no SNMP version `2`
    hint:  write 1, 2c or 3
    ");
    insta::assert_snapshot!(changed("address: 10.78.0.2", "address: http://10.78.0.2/"), @r"
    error: FILE:5:14: `http://10.78.0.2/` is not an address; write HOST, HOST:PORT or [IPv6]:PORT
      5 |     address: http…
        |              ^^^^
    ");
    insta::assert_snapshot!(changed("netbios_port: 10137", "netbios_port: 0"), @r"
    error: FILE:36:27: `0` is not a port number
    hint:  write a number from 1 to 65535
    ");
    insta::assert_snapshot!(changed("\"1-22\"", "\"1-22,,\""), @r#"
    error: FILE:9:17: the list of ports `1-22,,` has an empty place
      9 |     candidates: "1-22,,"
        |                 ^^^^^^^^
    "#);
    insta::assert_snapshot!(changed("candidates: \"1-22\"", "candidates: 1.10"), @r#"
    error: FILE:9:5: expected ports like "1-22, 24" or ["23"], in quotes
      9 |     candidates…
        |     ^^^^^^^^^^
    "#);
    insta::assert_snapshot!(changed("{panel}-{position} {outlet}", "{panle}"), @"error: FILE:35:19: `{panle}` is not a pattern for descriptions; write text around {panel}, {position}, {outlet} or {room}, each once and not side by side");
    insta::assert_snapshot!(changed("sha256:00112233", "sha256:"), @r"
    error: FILE:31:47: this is not a fingerprint
    hint:  write sha256: and 64 hexadecimal digits, colons allowed
    ");
    insta::assert_snapshot!(changed("version: 1, read", "version: 1, user: x, read"), @r"
    error: FILE:30:11: `user` does not belong to SNMP version 1
    hint:  read and write belong to 1 and 2c; user, auth and priv to 3
    ");
}

#[test]
fn keys_that_are_there_twice_are_an_error() {
    insta::assert_snapshot!(changed("  cellar:", "  office-1:"), @r"
    error: FILE:12:3: the key `office-1` is there a second time
      12 |   office-1…
         |   ^^^^^^^^
    hint:  keep one of the two
    ");
    insta::assert_snapshot!(changed("    sniff: eth0", "    sniff: eth0\n    sniff: eth1"), @r"
    error: FILE:9:5: the key `sniff` is there a second time
      9 |     sniff…
        |     ^^^^^
    hint:  keep one of the two
    ");
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut text = "switches:\n  a: &a0 [\"x\",\"x\"]\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        text.push_str(&format!("  b{level}: &a{level} [*a{below},*a{below}]\n"));
    }
    complaint(&text);
    let shared = |times| {
        let ports = format!("[{}]", vec!["*long"; times].join(","));
        let long = format!("&long \"{}2\"", "1,".repeat(10_000));
        GOOD.replacen("\"1-22\"", &long, 1)
            .replacen("[\"23\"]", &ports, 1)
    };
    parse(&shared(200)).unwrap();
    complaint(&shared(2_000));
    complaint(&format!("switches: {}", "[".repeat(100_000)));
}

#[test]
fn a_file_that_is_not_text_or_too_large_or_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let told = |name: &str, bytes: &[u8]| {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let error = Config::read(&file).unwrap_err();
        (error.to_string(), error.exit())
    };
    let place = folder.path().display();
    assert_eq!(
        told("latin1", b"# a\n# B\xfcro\n"),
        (format!("{place}/latin1:2: not UTF-8 text"), Exit::Usage)
    );
    let (sentence, _) = told("large", &vec![b'#'; 5 * 1024 * 1024]);
    assert_eq!(
        sentence,
        format!("{place}/large is larger than 4 MiB: is it the right file?")
    );
    let error = Config::read(&folder.path().join("none")).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot read {place}/none"));
}

#[test]
fn a_byte_order_mark_is_overlooked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halfspan.yaml");
    std::fs::write(&file, format!("\u{feff}{GOOD}")).unwrap();
    assert_eq!(Config::read(&file).unwrap().switches.len(), 3);
}
