//! A lab, and the folder that the program works in.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use halfspan::lab::{Lab, Place, Profile, Speaks, Spec, TruePort, User};
use halfspan::port::BridgePort;
use halfspan::secret::Secret;
use halfspan::snmp::{
    AuthProtocol, Client, Oid, PrivProtocol, Snmp, SnmpCredentials, Timing, VarBind,
};
use serde_json::Value;

/// The switch's name in the configuration that the lab hands out.
pub(crate) const SWITCH: &str = "office-1";

/// A virtual switch, and a folder with the configuration, the patch list and the journals of the runs on it.
pub(crate) struct Site {
    pub(crate) lab: Lab,
    folder: tempfile::TempDir,
    profile: Profile,
    /// The mirror objects before anything was run.
    before: Vec<VarBind>,
    /// What the web interface showed before.
    web_before: Value,
}

/// How a run of the program ended.
pub(crate) struct Ran {
    pub(crate) status: ExitStatus,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Site {
    /// Starts a small switch with the suspect on port 5.
    pub(crate) fn new(change: impl FnOnce(&mut Spec)) -> Site {
        let mut spec = Spec {
            ports: 12,
            ..Spec::default()
        };
        spec.suspect.place = Place::Port(BridgePort(5));
        change(&mut spec);
        let profile = spec.profile;
        let lab = Lab::start(spec.on_free_ports()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("halfspan.yaml"), lab.config_yaml()).unwrap();
        fs::write(folder.path().join("patch.csv"), lab.patch_csv()).unwrap();
        let mut site = Site {
            lab,
            folder,
            profile,
            before: Vec::new(),
            web_before: Value::Null,
        };
        site.hide("public", "HALFSPAN_RO");
        site.hide("private", "HALFSPAN_RW");
        site.hide("mirror", "HALFSPAN_PW");
        site.before = site.mirror_objects();
        site.web_before = site.lab.web_state();
        site
    }

    /// The folder of the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The journals that are on disk.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let folder = self.path("state/halfspan/journal");
        let files = fs::read_dir(folder).into_iter().flatten();
        let paths = files.map(|file| file.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|suffix| suffix == "json"))
            .collect()
    }

    /// Replaces a text that stands in the configuration.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let file = self.path("halfspan.yaml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "no `{from}` in:\n{text}");
        fs::write(file, text.replace(from, to)).unwrap();
    }

    /// Sends requests to the switch's web interface to another port of this machine.
    pub(crate) fn redirect_web(&self, port: u16) {
        let file = self.path("halfspan.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let address = self.lab.addresses().switch.ip().to_string();
        let other = text
            .lines()
            .map(|line| match line.split_once("plain: true, port: ") {
                Some((begin, _)) => format!("{begin}plain: true, port: {port} }}\n"),
                None => format!("{}\n", line.replace(&address, "127.0.0.1")),
            });
        fs::write(file, other.collect::<String>()).unwrap();
    }

    /// Takes a secret out of the configuration, where the program would warn of it.
    fn hide(&self, secret: &str, variable: &str) {
        let file = self.path("halfspan.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let hidden = text.replace(&format!("\"{secret}\""), &format!("\"env:{variable}\""));
        fs::write(file, hidden).unwrap();
    }

    pub(crate) fn suspect(&self) -> Ipv4Addr {
        self.lab.truth().ip
    }

    pub(crate) fn suspect_port(&self) -> TruePort {
        self.lab.truth().port.unwrap()
    }

    /// The program in the site's folder, without any of the user's own settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = program(self.folder.path());
        command
            .env("XDG_STATE_HOME", self.path("state"))
            .env("HALFSPAN_RO", "public")
            .env("HALFSPAN_RW", "private")
            .env("HALFSPAN_PW", "mirror");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Running::start(self.command().args(args)).end()
    }

    /// Looks for the suspect's address; nobody has to be asked.
    pub(crate) fn locate(&self, args: &[&str]) -> Ran {
        self.start_locate(args).end()
    }

    pub(crate) fn start_locate(&self, args: &[&str]) -> Running {
        let suspect = self.suspect().to_string();
        let mut command = self.command();
        command.args(["locate", "--yes", "--seed", "1", "--ip", &suspect]);
        Running::start(command.args(args))
    }

    /// The error that a run told, without the switch's address, which no two runs share.
    #[track_caller]
    pub(crate) fn told(&self, ran: &Ran) -> String {
        let address = self.lab.addresses().switch.to_string();
        ran.told_error().replace(&address, "ADDRESS")
    }

    /// Every mirror object of the switch, as its agent shows it.
    pub(crate) fn mirror_objects(&self) -> Vec<VarBind> {
        let credentials = SnmpCredentials::Community {
            v1: false,
            read: Secret::new("public".to_owned()),
            write: None,
        };
        let address = self.lab.addresses().switch.to_string();
        // A switch that is told to lose answers is asked until it does answer.
        let timing = Timing {
            reads: 30,
            ..Timing::default()
        };
        let mut client = Client::connect("test", &address, &credentials, timing).unwrap();
        if matches!(self.profile, Profile::Web(_)) {
            return Vec::new();
        }
        let roots = mirror_roots(self.profile).into_iter();
        roots
            .flat_map(|root| client.walk(&Oid::from(root)).unwrap())
            .filter(|binding| !shows_the_last_apply(self.profile, &binding.oid))
            .collect()
    }

    /// Writes a number to an object, as some other manager; tells whether it was taken.
    pub(crate) fn set(&self, oid: &[u32], number: i32) -> bool {
        let credentials = SnmpCredentials::Community {
            v1: false,
            read: Secret::new("public".to_owned()),
            write: Some(Secret::new("private".to_owned())),
        };
        let address = self.lab.addresses().switch.to_string();
        let mut client =
            Client::connect("test", &address, &credentials, Timing::default()).unwrap();
        let binding = VarBind {
            oid: Oid::from(oid),
            value: halfspan::snmp::Value::Integer(number),
        };
        client.set(&[binding]).is_ok()
    }

    /// Checks that the switch's mirror is as it was, that no journal is left, and that nothing but mirror objects
    /// was ever written.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.mirror_objects(), self.before);
        assert_eq!(self.lab.web_state(), self.web_before);
        assert_eq!(self.journals(), Vec::<PathBuf>::new());
        self.assert_only_mirror_objects_written();
    }

    /// Checks that no write was even tried.
    #[track_caller]
    pub(crate) fn assert_unwritten(&self) {
        assert_eq!(self.lab.write_attempts(), []);
        self.assert_untouched();
    }

    #[track_caller]
    pub(crate) fn assert_changed(&self) {
        let web = self.lab.web_state() != self.web_before;
        assert!(web || self.mirror_objects() != self.before);
        assert_ne!(self.journals(), Vec::<PathBuf>::new());
    }

    #[track_caller]
    fn assert_only_mirror_objects_written(&self) {
        let roots = mirror_roots(self.profile);
        for attempt in self.lab.write_attempts() {
            let known = roots.iter().any(|root| attempt.oid.starts_with(root));
            assert!(known, "{:?}", attempt.oid);
        }
    }
}

/// Has the switch speak SNMPv3 alone, with a user who may write.
pub(crate) fn speak_v3(spec: &mut Spec, auth: AuthProtocol) {
    spec.agent.speaks = Speaks::V3;
    spec.agent.users = vec![User {
        name: "halfspan".to_owned(),
        auth: Some((auth, "authpassword".to_owned())),
        privacy: Some((PrivProtocol::Aes128, "privpassword".to_owned())),
        writes: true,
    }];
}

/// The subtrees that hold all of a family's mirror objects, and nothing else that can be written.
fn mirror_roots(profile: Profile) -> Vec<&'static [u32]> {
    const SMON: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 22, 1, 3];
    match profile {
        Profile::SmonPortcopy => vec![SMON],
        Profile::NetgearFastpath => vec![&[1, 3, 6, 1, 4, 1, 4526, 10, 1, 2, 10]],
        Profile::DlinkDgs1210 => vec![&[1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1, 18]],
        Profile::Zyxel4x => vec![&[1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1]],
        // Nothing else in the lab is below `enterprises`.
        Profile::Described(_) => vec![SMON, &[1, 3, 6, 1, 4, 1]],
        // Writes over HTTP have no OID.
        Profile::Web(_) => vec![&[]],
    }
}

/// Tells whether an object only shows how the last apply went, which no manager can put back.
fn shows_the_last_apply(profile: Profile, oid: &Oid) -> bool {
    // agApplyConfig of LENOVO and BLADETYPE2
    ["lenovo-rackswitch", "bladeos"].contains(&profile.name()) && oid.0.ends_with(&[1, 1, 8, 2, 0])
}

/// The built program in `folder`, without any of the user's own settings.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("halfspan"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The program at work. It is killed when the test breaks off.
pub(crate) struct Running(Option<Child>);

impl Running {
    pub(crate) fn start(command: &mut Command) -> Running {
        Running(Some(command.spawn().unwrap()))
    }

    pub(crate) fn pid(&self) -> nix::unistd::Pid {
        let id = self.0.as_ref().unwrap().id();
        nix::unistd::Pid::from_raw(id.try_into().unwrap())
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid(), signal).unwrap();
    }

    /// Waits until it ends by itself.
    #[expect(clippy::print_stdout, reason = "shown where a test fails")]
    pub(crate) fn end(mut self) -> Ran {
        let output = self.0.take().unwrap().wait_with_output().unwrap();
        let ran = Ran {
            status: output.status,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        println!("{ran}");
        ran
    }

    /// Tells whether it is still at work.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.0.as_mut().unwrap().try_wait().unwrap().is_none()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn assert_exit(&self, code: i32) -> &Ran {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    /// The one JSON document on stdout.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.out) {
            Ok(document) => document,
            Err(error) => panic!("{error} in {self}"),
        }
    }

    /// Checks that one error is told, on stderr alone, with at most one remedy, and that no line of a log is mixed in;
    /// returns its lines from `error:` on.
    #[track_caller]
    pub(crate) fn told_error(&self) -> String {
        assert_eq!(self.out, "", "{self}");
        let lines: Vec<&str> = self.err.lines().collect();
        let of = |word: &str| lines.iter().filter(|line| line.starts_with(word)).count();
        assert_eq!(of("error:"), 1, "{self}");
        assert!(of("hint:") <= 1, "{self}");
        assert!(!self.err.contains("ERROR"), "{self}");
        let from = lines.iter().position(|line| line.starts_with("error:"));
        lines[from.unwrap()..].join("\n")
    }

    /// Checks that it found the suspect where it is.
    #[track_caller]
    pub(crate) fn assert_located(&self, site: &Site) -> Value {
        self.assert_exit(0);
        let report = self.json();
        let truth = site.suspect_port();
        assert_eq!(report["outcome"], "located", "{self}");
        assert_eq!(report["switch"], SWITCH);
        assert_eq!(report["port"]["if_index"], truth.if_index, "{self}");
        assert_eq!(report["confirmation"]["confirmed"], true);
        assert_eq!(report["mirror"]["restored"], true);
        site.assert_untouched();
        report
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n--- out\n{}\n--- err\n{}",
            self.status, self.out, self.err
        )
    }
}

/// Waits until something has come about, at most 30 s.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut come: impl FnMut() -> bool) {
    for _ in 0..3000 {
        if come() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come about");
}
