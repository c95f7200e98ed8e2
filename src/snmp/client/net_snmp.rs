//! The client against net-snmp's snmpd: an agent that somebody else wrote.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Client, Timing};
use crate::lab::vacant_address;
use crate::secret::Secret;
use crate::snmp::{
    AuthProtocol, ErrorStatus, Oid, PrivProtocol, Snmp, SnmpCredentials, SnmpError, Value, VarBind,
};

const SYS_NAME: &str = "1.3.6.1.2.1.1.5.0";
const SYSTEM: &str = "1.3.6.1.2.1.1";

/// Users of the daemon, as `createUser` has them.
const USERS: [(&str, &str); 7] = [
    ("md5des", "MD5 authpassword DES privpassword"),
    ("sha", "SHA authpassword"),
    ("shaaes", "SHA authpassword AES privpassword"),
    ("sha224aes", "SHA-224 authpassword AES privpassword"),
    ("sha256aes192", "SHA-256 authpassword AES-192 privpassword"),
    ("sha1aes256", "SHA authpassword AES-256 privpassword"),
    ("sha512aes256", "SHA-512 authpassword AES-256 privpassword"),
];

struct Snmpd {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Snmpd {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = "rocommunity public 127.0.0.1\nrwcommunity private 127.0.0.1\n".to_owned();
        for (name, keys) in USERS {
            let level = if keys.contains("priv") {
                "priv"
            } else {
                "auth"
            };
            writeln!(config, "createUser {name} {keys}\nrwuser {name} {level}").unwrap();
        }
        let file = folder.path().join("snmpd.conf");
        std::fs::write(&file, config).unwrap();
        let free = vacant_address(Ipv4Addr::LOCALHOST.into()).unwrap();
        let process = Command::new("snmpd")
            .args(["-f", "-Lf", "/dev/null", "-C", "-c"])
            .arg(&file)
            .arg(format!("udp:{free}"))
            .env("SNMP_PERSISTENT_DIR", folder.path())
            .stdin(Stdio::null())
            .spawn()
            .expect("snmpd is installed (Debian: apt install snmpd)");
        let snmpd = Snmpd {
            process,
            address: free.to_string(),
            _folder: folder,
        };
        // It derives the users' keys before it answers.
        let patience = Timing {
            reads: 20,
            ..Timing::default()
        };
        let mut client = snmpd.connect(&community(false), patience).unwrap();
        client.get(&[oid(SYS_NAME)]).unwrap();
        snmpd
    }

    fn connect(&self, credentials: &SnmpCredentials, timing: Timing) -> Result<Client, SnmpError> {
        Client::connect("snmpd", &self.address, credentials, timing)
    }
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

fn community(v1: bool) -> SnmpCredentials {
    SnmpCredentials::Community {
        v1,
        read: Secret::new("public".to_owned()),
        write: Some(Secret::new("private".to_owned())),
    }
}

fn user(
    name: &str,
    auth: (AuthProtocol, &str),
    privacy: Option<(PrivProtocol, &str)>,
) -> SnmpCredentials {
    let secret = |password: &str| Secret::new(password.to_owned());
    SnmpCredentials::User {
        user: name.to_owned(),
        auth: Some((auth.0, secret(auth.1))),
        privacy: privacy.map(|(protocol, password)| (protocol, secret(password))),
        context: String::new(),
    }
}

/// Writes a name, reads it back and walks.
fn exercise(client: &mut Client, name: &str) {
    let change = VarBind {
        oid: oid(SYS_NAME),
        value: Value::Octets(name.as_bytes().to_vec()),
    };
    client
        .set(std::slice::from_ref(&change))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(client.get(&[oid(SYS_NAME)]).unwrap(), [change], "{name}");
    let rows = client.walk(&oid(SYSTEM)).unwrap();
    assert!(rows.len() > 30, "{name}: {} rows", rows.len());
    assert!(rows.is_sorted_by(|a, b| a.oid < b.oid));
}

#[test]
#[ignore = "needs net-snmp's snmpd"]
fn snmpd_is_read_and_written_in_every_version() {
    use AuthProtocol::{Md5, Sha1, Sha224, Sha256, Sha512};
    use PrivProtocol::{Aes128, Aes192, Aes256, Des};
    let snmpd = Snmpd::start();
    for v1 in [true, false] {
        exercise(
            &mut snmpd.connect(&community(v1), Timing::default()).unwrap(),
            "community",
        );
    }
    for (name, auth, privacy) in [
        ("md5des", Md5, Some(Des)),
        ("sha", Sha1, None),
        ("shaaes", Sha1, Some(Aes128)),
        ("sha224aes", Sha224, Some(Aes128)),
        ("sha256aes192", Sha256, Some(Aes192)),
        ("sha1aes256", Sha1, Some(Aes256)),
        ("sha512aes256", Sha512, Some(Aes256)),
    ] {
        let privacy = privacy.map(|protocol| (protocol, "privpassword"));
        let credentials = user(name, (auth, "authpassword"), privacy);
        let client = snmpd.connect(&credentials, Timing::default());
        exercise(
            &mut client.unwrap_or_else(|error| panic!("{name}: {error}")),
            name,
        );
    }
}

#[test]
#[ignore = "needs net-snmp's snmpd"]
fn snmpd_rejects_wrong_credentials_in_words() {
    use AuthProtocol::{Sha1, Sha256};
    use PrivProtocol::{Aes128, Aes256, Des};
    let snmpd = Snmpd::start();
    let brisk = Timing {
        per_read: Duration::from_millis(300),
        ..Timing::default()
    };
    for (credentials, what) in [
        (
            user("stranger", (Sha1, "authpassword"), None),
            "it knows no such user",
        ),
        (user("sha", (Sha1, "wrongpassword"), None), "wrong `auth`"),
        (user("sha", (Sha256, "authpassword"), None), "wrong `auth`"),
        (
            user(
                "shaaes",
                (Sha1, "wrongpassword"),
                Some((Aes128, "privpassword")),
            ),
            "wrong `auth`",
        ),
        (
            user(
                "shaaes",
                (Sha1, "authpassword"),
                Some((Aes128, "wrongpassword")),
            ),
            "wrong `priv`",
        ),
        (
            user(
                "shaaes",
                (Sha1, "authpassword"),
                Some((Des, "privpassword")),
            ),
            "wrong `priv`",
        ),
        (
            user(
                "sha1aes256",
                (Sha1, "authpassword"),
                Some((Aes256, "wrongpassword")),
            ),
            "wrong `priv`",
        ),
        (
            user(
                "sha",
                (Sha1, "authpassword"),
                Some((Aes128, "privpassword")),
            ),
            "no such security level",
        ),
    ] {
        let error = snmpd
            .connect(&credentials, brisk)
            .err()
            .expect("the login must fail");
        assert!(error.to_string().contains(what), "{what}: {error}");
    }
}

#[test]
#[ignore = "needs net-snmp's snmpd"]
fn snmpd_refuses_what_the_community_may_not_write() {
    let snmpd = Snmpd::start();
    let change = [VarBind {
        oid: oid(SYS_NAME),
        value: Value::Octets(b"mine".to_vec()),
    }];
    for (v1, status) in [
        (true, ErrorStatus::NoSuchName),
        (false, ErrorStatus::NoAccess),
    ] {
        let credentials = SnmpCredentials::Community {
            v1,
            read: Secret::new("public".to_owned()),
            write: Some(Secret::new("public".to_owned())),
        };
        let mut client = snmpd.connect(&credentials, Timing::default()).unwrap();
        let error = client.set(&change).unwrap_err();
        assert_eq!(error.refusal(), Some(status), "{error}");
    }
}
