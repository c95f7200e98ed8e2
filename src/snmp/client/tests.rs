use std::time::Duration;

use async_snmp::Value as Raw;

use super::testbed::{CREATED_ONCE, FEW_AT_ONCE, Losses, Network, READ_ONLY, TestAgent};
use super::{Client, Timing, resolve, split_port};
use crate::secret::Secret;
use crate::snmp::{
    AuthProtocol, ErrorStatus, Oid, PrivProtocol, Snmp, SnmpCredentials, SnmpError, Value, VarBind,
};

/// Short waits: on loopback an answer that has not come after 100 ms was lost.
const BRISK: Timing = Timing {
    per_read: Duration::from_millis(100),
    reads: 4,
    per_write: Duration::from_millis(100),
    writes: 2,
};

/// For v3, where both sides derive keys, which takes long without optimisation.
const UNHURRIED: Timing = Timing {
    per_read: Duration::from_millis(250),
    per_write: Duration::from_millis(250),
    ..BRISK
};

const DESCR: &str = "1.3.6.1.2.1.1.1.0";
const UP_TIME: &str = "1.3.6.1.2.1.1.3.0";

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn community(v1: bool, write: Option<&str>) -> SnmpCredentials {
    SnmpCredentials::Community {
        v1,
        read: secret("public"),
        write: write.map(secret),
    }
}

fn user(
    name: &str,
    auth: Option<(AuthProtocol, &str)>,
    privacy: Option<(PrivProtocol, &str)>,
) -> SnmpCredentials {
    SnmpCredentials::User {
        user: name.to_owned(),
        auth: auth.map(|(protocol, password)| (protocol, secret(password))),
        privacy: privacy.map(|(protocol, password)| (protocol, secret(password))),
        context: String::new(),
    }
}

fn connect(address: impl ToString, credentials: &SnmpCredentials) -> Client {
    Client::connect("office-1", &address.to_string(), credentials, BRISK).unwrap()
}

fn log_in(address: impl ToString, credentials: &SnmpCredentials) -> Result<Client, SnmpError> {
    Client::connect("office-1", &address.to_string(), credentials, UNHURRIED)
}

fn integer(oid_text: &str, n: i32) -> VarBind {
    VarBind {
        oid: oid(oid_text),
        value: Value::Integer(n),
    }
}

fn system() -> [(&'static str, Raw); 2] {
    [
        (DESCR, Raw::from("a switch")),
        (UP_TIME, Raw::TimeTicks(4711)),
    ]
}

fn table(base: &str, rows: u32) -> Vec<(String, Raw)> {
    (1..=rows)
        .map(|row| (format!("{base}.{row}"), Raw::Gauge32(row)))
        .collect()
}

fn start_with(rows: &[(String, Raw)]) -> TestAgent {
    TestAgent::start(
        rows.iter()
            .map(|(oid, value)| (oid.as_str(), value.clone())),
    )
}

#[test]
fn v1_and_v2c_read_the_same() {
    let agent = TestAgent::start(system());
    for v1 in [true, false] {
        let mut client = connect(agent.address, &community(v1, None));
        let answer = client.get(&[oid(DESCR), oid(UP_TIME)]).unwrap();
        assert_eq!(answer[0].value, Value::Octets(b"a switch".to_vec()));
        assert_eq!(answer[1].value, Value::TimeTicks(4711));
    }
}

#[test]
fn an_absent_instance_is_no_error_with_v1_either() {
    let agent = TestAgent::start(system());
    let asked = [
        oid("1.3.6.1.2.1.1.1.9"),
        oid(DESCR),
        oid("1.3.6.1.2.1.1.9.9"),
    ];
    for v1 in [true, false] {
        let mut client = connect(agent.address, &community(v1, None));
        let answer = client.get(&asked).unwrap();
        let oids: Vec<Oid> = answer.iter().map(|binding| binding.oid.clone()).collect();
        assert_eq!(oids, asked);
        let absent: Vec<bool> = answer
            .iter()
            .map(|binding| binding.value.is_absent())
            .collect();
        assert_eq!(absent, [true, false, true]);
    }
}

#[test]
fn a_long_list_is_read_in_several_requests() {
    let rows = table("1.3.6.1.4.1.99999.1", 50);
    let agent = start_with(&rows);
    let network = Network::before(agent.address, Losses::default());
    let mut client = connect(network.address, &community(false, None));
    let oids: Vec<Oid> = rows.iter().map(|(text, _)| oid(text)).collect();
    let answer = client.get(&oids).unwrap();
    let numbers: Vec<i64> = answer
        .iter()
        .filter_map(|binding| binding.value.as_i64())
        .collect();
    assert_eq!(numbers, (1..=50).collect::<Vec<_>>());
    assert_eq!(network.requests(), 3);
}

#[test]
fn an_answer_too_big_for_one_packet_is_asked_for_in_halves() {
    let large = Raw::OctetString(vec![7; 600].into());
    let rows: Vec<(String, Raw)> = (1..=5)
        .map(|row| (format!("1.3.6.1.4.1.99999.1.{row}"), large.clone()))
        .collect();
    let agent = start_with(&rows);
    let mut client = connect(agent.address, &community(false, None));
    let oids: Vec<Oid> = rows.iter().map(|(text, _)| oid(text)).collect();
    let answer = client.get(&oids).unwrap();
    assert_eq!(answer.len(), 5);
    assert!(
        answer
            .iter()
            .all(|binding| binding.value == Value::Octets(vec![7; 600]))
    );
}

#[test]
fn a_walk_ends_with_its_subtree_or_with_the_mib() {
    let mut rows = table("1.3.6.1.4.1.99999.1", 60);
    rows.push(("1.3.6.1.4.1.99999.5.1".to_owned(), Raw::Integer(1)));
    let agent = start_with(&rows);
    for v1 in [true, false] {
        let mut client = connect(agent.address, &community(v1, None));
        let below = client.walk(&oid("1.3.6.1.4.1.99999.1")).unwrap();
        assert_eq!(below.len(), 60);
        assert!(below.is_sorted_by_key(|binding| binding.oid.clone()));
        assert_eq!(client.walk(&oid("1.3.6.1.4.1.99999.5")).unwrap().len(), 1);
        assert_eq!(client.walk(&oid("1.3.6.1.5")).unwrap(), []);
    }
}

#[test]
fn an_agent_that_fails_at_many_rows_is_asked_for_fewer() {
    let rows = table(FEW_AT_ONCE, 40);
    let agent = start_with(&rows);
    let mut client = connect(agent.address, &community(false, None));
    assert_eq!(client.walk(&oid(FEW_AT_ONCE)).unwrap().len(), 40);
}

#[test]
fn a_lost_request_and_a_lost_answer_are_repeated() {
    let agent = TestAgent::start(system());
    let losses = Losses {
        requests: &[1],
        answers: &[1, 2],
    };
    let network = Network::before(agent.address, losses);
    let mut client = connect(network.address, &community(false, None));
    let answer = client.get(&[oid(DESCR)]).unwrap();
    assert_eq!(answer[0].value, Value::Octets(b"a switch".to_vec()));
    assert_eq!(network.requests(), 4);
}

#[test]
fn an_agent_that_is_not_there_is_lost_after_all_attempts() {
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut client = connect(nobody.local_addr().unwrap(), &community(false, None));
    let error = client.get(&[oid(DESCR)]).unwrap_err();
    assert!(
        matches!(error, SnmpError::Lost { attempts: 4, .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().starts_with("office-1 (127.0.0.1:"),
        "{error}"
    );
}

#[test]
fn a_set_is_done_with_the_write_community() {
    let agent = TestAgent::start(system());
    let mut client = connect(agent.address, &community(false, Some("private")));
    let change = [
        integer("1.3.6.1.4.1.99999.1.1", 3),
        integer("1.3.6.1.4.1.99999.1.2", 4),
    ];
    client.set(&change).unwrap();
    assert_eq!(agent.value("1.3.6.1.4.1.99999.1.2"), Some(Raw::Integer(4)));
}

#[test]
fn without_a_write_community_nothing_is_sent() {
    let agent = TestAgent::start(system());
    let network = Network::before(agent.address, Losses::default());
    let mut client = connect(network.address, &community(false, None));
    let error = client
        .set(&[integer("1.3.6.1.4.1.99999.1.1", 3)])
        .unwrap_err();
    assert!(matches!(error, SnmpError::NoWriteRight { .. }), "{error:?}");
    assert_eq!(network.requests(), 0);
}

#[test]
fn what_is_written_can_be_read_with_the_same_community() {
    let agent = TestAgent::start(system());
    let credentials = SnmpCredentials::Community {
        v1: false,
        read: secret("unheard-of"),
        write: Some(secret("private")),
    };
    let system = oid("1.3.6.1.2.1.1.1");
    let mut client = connect(agent.address, &credentials);
    assert!(client.get(&[oid(DESCR)]).unwrap_err().is_lost());
    assert_eq!(client.get_as_writer(&[oid(DESCR)]).unwrap().len(), 1);
    assert_eq!(client.walk_as_writer(&system).unwrap().len(), 1);
    let mut reader_alone = connect(agent.address, &community(false, None));
    assert_eq!(reader_alone.walk_as_writer(&system).unwrap().len(), 1);
}

#[test]
fn a_refused_set_names_the_status_and_the_instance() {
    let agent = TestAgent::start(system());
    let locked = format!("{READ_ONLY}.1");
    let change = [integer("1.3.6.1.4.1.99999.1.1", 3), integer(&locked, 4)];
    let refusals = [
        (
            false,
            "private",
            ErrorStatus::NotWritable,
            Some(oid(&locked)),
        ),
        (true, "private", ErrorStatus::NoSuchName, Some(oid(&locked))),
        (
            false,
            "public",
            ErrorStatus::NoAccess,
            Some(change[0].oid.clone()),
        ),
    ];
    for (v1, write, expected, at) in refusals {
        let mut client = connect(agent.address, &community(v1, Some(write)));
        let error = client.set(&change).unwrap_err();
        let SnmpError::Refused {
            status, oid, write, ..
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!((status, oid, write), (expected, at, true));
        assert_eq!(agent.value("1.3.6.1.4.1.99999.1.1"), None, "all or nothing");
    }
}

#[test]
fn a_set_whose_answers_are_lost_is_lost_though_it_was_done() {
    let agent = TestAgent::start(system());
    let losses = Losses {
        answers: &[1, 2],
        ..Losses::default()
    };
    let network = Network::before(agent.address, losses);
    let mut client = connect(network.address, &community(false, Some("private")));
    let error = client
        .set(&[integer("1.3.6.1.4.1.99999.1.1", 3)])
        .unwrap_err();
    assert!(
        matches!(error, SnmpError::Lost { attempts: 2, .. }),
        "{error:?}"
    );
    assert_eq!(agent.value("1.3.6.1.4.1.99999.1.1"), Some(Raw::Integer(3)));
    assert_eq!(
        client.get(&[oid("1.3.6.1.4.1.99999.1.1")]).unwrap()[0].value,
        Value::Integer(3)
    );
}

#[test]
fn a_repetition_that_is_refused_because_the_first_worked_is_lost_not_refused() {
    let agent = TestAgent::start(system());
    let losses = Losses {
        answers: &[1],
        ..Losses::default()
    };
    let network = Network::before(agent.address, losses);
    let mut client = connect(network.address, &community(false, Some("private")));
    let row = format!("{CREATED_ONCE}.1");
    let error = client.set(&[integer(&row, 4)]).unwrap_err();
    assert!(error.is_lost(), "{error:?}");
    assert_eq!(agent.value(&row), Some(Raw::Integer(4)));
    let error = client.set(&[integer(&row, 4)]).unwrap_err();
    assert_eq!(error.refusal(), Some(ErrorStatus::InconsistentValue));
}

const AUTH: &str = "auth password";
const PRIV: &str = "priv password";

#[test]
fn v3_reads_and_writes_at_every_security_level() {
    use AuthProtocol::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
    use PrivProtocol::{Aes128, Aes192, Aes256, Des};
    let agent = TestAgent::start_v3(system());
    for (name, auth, privacy) in [
        ("nobody", None, None),
        ("md5", Some(Md5), None),
        ("md5-des", Some(Md5), Some(Des)),
        ("sha1-aes128", Some(Sha1), Some(Aes128)),
        ("sha224-aes256", Some(Sha224), Some(Aes256)),
        ("sha256-aes192", Some(Sha256), Some(Aes192)),
        ("sha384", Some(Sha384), None),
        ("sha512-aes256", Some(Sha512), Some(Aes256)),
    ] {
        let credentials = user(name, auth.map(|p| (p, AUTH)), privacy.map(|p| (p, PRIV)));
        let mut client =
            log_in(agent.address, &credentials).unwrap_or_else(|error| panic!("{name}: {error}"));
        let change = [integer("1.3.6.1.4.1.99999.1.1", 3)];
        client
            .set(&change)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let read_back = client.get(&[change[0].oid.clone()]).unwrap();
        assert_eq!(read_back, change, "{name}");
        assert_eq!(
            client.walk(&oid("1.3.6.1.2.1.1")).unwrap().len(),
            2,
            "{name}"
        );
    }
}

#[test]
fn an_agent_that_makes_long_keys_like_cisco_is_understood() {
    let agent = TestAgent::start_v3(system());
    let credentials = user(
        "sha1-aes256-cisco",
        Some((AuthProtocol::Sha1, AUTH)),
        Some((PrivProtocol::Aes256, PRIV)),
    );
    let mut client = log_in(agent.address, &credentials).unwrap();
    assert_eq!(
        client.get(&[oid(UP_TIME)]).unwrap()[0].value,
        Value::TimeTicks(4711)
    );
}

#[test]
fn wrong_v3_credentials_are_rejected_in_words() {
    use AuthProtocol::Sha1;
    use PrivProtocol::Aes128;
    let agent = TestAgent::start_v3(system());
    let wrong = "something else";
    for (credentials, what) in [
        (
            user("stranger", Some((Sha1, AUTH)), None),
            "it knows no such user",
        ),
        (
            user("sha1-aes128", Some((Sha1, wrong)), Some((Aes128, PRIV))),
            "wrong `auth` password or protocol",
        ),
        (
            user("sha1-aes128", Some((Sha1, AUTH)), Some((Aes128, wrong))),
            "wrong `priv` password or protocol",
        ),
        (
            user("nobody", Some((Sha1, AUTH)), None),
            "the user has no such security level",
        ),
        (user("sha1-aes128", Some((Sha1, "short")), None), "password"),
    ] {
        let outcome = log_in(agent.address, &credentials);
        let error = outcome.err().expect("the login must fail");
        assert!(matches!(error, SnmpError::Rejected { .. }), "{error:?}");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn a_v3_agent_that_is_not_there_is_lost_not_rejected() {
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap().to_string();
    let credentials = user("halfspan", Some((AuthProtocol::Sha1, AUTH)), None);
    let outcome = Client::connect("office-1", &address, &credentials, BRISK);
    assert!(outcome.err().is_some_and(|error| error.is_lost()));
}

#[test]
fn a_v3_login_bears_losses() {
    let agent = TestAgent::start_v3(system());
    let losses = Losses {
        requests: &[1, 5],
        answers: &[1, 3],
    };
    let network = Network::before(agent.address, losses);
    let credentials = user("md5", Some((AuthProtocol::Md5, AUTH)), None);
    let mut client = log_in(network.address, &credentials).unwrap();
    assert_eq!(
        client.get(&[oid(UP_TIME)]).unwrap()[0].value,
        Value::TimeTicks(4711)
    );
}

#[test]
fn an_agent_is_reached_over_ipv6() {
    let agent = TestAgent::start_at("[::1]:0", system(), false);
    let mut client = connect(agent.address, &community(false, None));
    assert_eq!(
        client.get(&[oid(UP_TIME)]).unwrap()[0].value,
        Value::TimeTicks(4711)
    );
}

#[test]
fn an_address_may_have_a_port() {
    for (address, host, port) in [
        ("10.78.0.2", "10.78.0.2", 161),
        ("10.78.0.2:1161", "10.78.0.2", 1161),
        ("switch.lan", "switch.lan", 161),
        ("switch.lan:1161", "switch.lan", 1161),
        ("fe80::1%eth0", "fe80::1%eth0", 161),
        ("::1", "::1", 161),
        ("[::1]", "::1", 161),
        ("[::1]:1161", "::1", 1161),
    ] {
        assert_eq!(split_port(address), (host, port), "{address}");
    }
    assert!(resolve("10.78.0.2:port").is_err());
}
