//! The agents, asked by a real SNMP client.

use super::*;
use crate::snmp::{AuthProtocol, PrivProtocol};
use async_snmp::UsmConfig;

const IF_NAME: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
const BASE_PORT_IF_INDEX: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];
const DOT1D_FDB_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2];
const DOT1Q_FDB_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2, 1];

fn mac_arcs(mac: Mac) -> Vec<u32> {
    mac.0.map(u32::from).to_vec()
}

#[test]
fn every_object_is_walked_once_and_in_order() {
    for profile in Profile::ALL {
        let lab = Lab::start(Spec { profile, ..small() }).unwrap();
        let manager = Manager::reader(&lab);
        let all = manager.walk(&[1, 3, 6, 1, 2]);
        assert!(all.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(all.len() > 300, "{}", all.len());
        let own = manager.walk(&[1, 3, 6, 1, 4, 1]);
        assert_eq!(own.is_empty(), profile == Profile::SmonPortcopy);
        assert!(!manager.walk(&[1, 0, 8802]).is_empty());
    }
}

#[test]
fn ports_have_several_numbers_and_other_interfaces_are_listed_too() {
    let lab = Lab::start(small()).unwrap();
    let manager = Manager::reader(&lab);
    let names = manager.walk(IF_NAME);
    assert_eq!(names.len(), 8 + 3);
    let port_3 = [IF_NAME, &[51]].concat();
    assert_eq!(manager.get(&port_3), Ok(Value::OctetString("port3".into())));
    let base_port = [BASE_PORT_IF_INDEX, &[3]].concat();
    assert_eq!(manager.get(&base_port), Ok(Value::Integer(51)));
    let truth = lab.truth().port.unwrap();
    assert_eq!((truth.if_index, &*truth.if_name), (51, "port3"));
}

#[test]
fn the_forwarding_tables_say_where_the_suspect_is() {
    let lab = Lab::start(small()).unwrap();
    let manager = Manager::reader(&lab);
    let suspect = mac_arcs(lab.truth().mac);
    let in_dot1d = [DOT1D_FDB_PORT, &suspect].concat();
    assert_eq!(manager.get(&in_dot1d), Ok(Value::Integer(3)));
    let in_dot1q = [DOT1Q_FDB_PORT, &suspect].concat();
    assert_eq!(manager.get(&in_dot1q), Ok(Value::Integer(3)));
    // 6 machines, router, 3 servers, laptop and the switch itself.
    assert_eq!(manager.walk(DOT1D_FDB_PORT).len(), 12);
    let unknown = [DOT1D_FDB_PORT, &[1, 2, 3]].concat();
    assert_eq!(manager.get(&unknown), Ok(Value::NoSuchInstance));
}

#[test]
fn forwarding_tables_can_be_empty_or_wrong() {
    let answers = |answers| {
        let mut spec = small();
        spec.bridge.answers = answers;
        let lab = Lab::start(spec).unwrap();
        let suspect = [DOT1D_FDB_PORT, &mac_arcs(lab.truth().mac)].concat();
        let manager = Manager::reader(&lab);
        (manager.walk(DOT1D_FDB_PORT).len(), manager.get(&suspect))
    };
    assert_eq!(answers(Forwarding::Nothing), (0, Ok(Value::NoSuchInstance)));
    let wrong = answers(Forwarding::Wrong(BridgePort(5)));
    assert_eq!(wrong, (12, Ok(Value::Integer(5))));
}

#[test]
fn addresses_are_learned_and_age_out() {
    let mut spec = small();
    spec.bridge.warm = false;
    spec.bridge.ageing = Duration::from_millis(300);
    spec.background.chats = 0.0;
    spec.background.broadcasts = 0.0;
    spec.suspect.talk = Talk::Steady { rate: 200.0 };
    let suspect_row = |lab: &Lab| [DOT1D_FDB_PORT, &mac_arcs(lab.truth().mac)].concat();

    let lab = Lab::start(spec.clone()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let learned = Manager::reader(&lab).get(&suspect_row(&lab));
    assert_eq!(learned, Ok(Value::Integer(3)));

    spec.suspect.talk = Talk::Silent;
    spec.bridge.warm = true;
    let lab = Lab::start(spec).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    let aged = Manager::reader(&lab).get(&suspect_row(&lab));
    assert_eq!(aged, Ok(Value::NoSuchInstance));
}

#[test]
fn the_neighbour_is_at_the_uplink() {
    let lab = Lab::start(small()).unwrap();
    let remote_names = [1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 9];
    let names = Manager::reader(&lab).walk(&remote_names);
    let uplink = [&remote_names[..], &[0, 107, 1]].concat();
    assert_eq!(names, [(uplink, Value::OctetString("core-1".into()))]);
}

#[test]
fn the_router_knows_the_suspects_mac() {
    let lab = Lab::start(small()).unwrap();
    let truth = lab.truth();
    let manager = Manager::new(lab.addresses().router, Auth::v2c("public"));
    let ip = truth.ip.octets().map(u32::from);
    let media = [&[1, 3, 6, 1, 2, 1, 4, 22, 1, 2, 1][..], &ip].concat();
    let mac = Value::OctetString(truth.mac.0.to_vec().into());
    assert_eq!(manager.get(&media), Ok(mac.clone()));
    let physical = [&[1, 3, 6, 1, 2, 1, 4, 35, 1, 4, 1, 1, 4][..], &ip].concat();
    assert_eq!(manager.get(&physical), Ok(mac));
}

#[test]
fn a_wrong_community_is_met_with_silence_and_the_reading_one_cannot_write() {
    let lab = Lab::start(small()).unwrap();
    let switch = lab.addresses().switch;
    let stranger = Manager::new(switch, Auth::v2c("secret"));
    assert_eq!(stranger.get(SYS_NAME), Err(Failed::Silence));
    let row = vec![(row(STATUS, 1, 8), CREATE_AND_GO)];
    let refused = Manager::reader(&lab).set(&row);
    assert_eq!(refused, Err(Failed::Refused(ErrorStatus::NoAccess, 1)));
    let old = Manager::new(switch, Auth::v1("public")).set(&row);
    assert_eq!(old, Err(Failed::Refused(ErrorStatus::NoSuchName, 1)));
    assert!(lab.sessions_shown().is_empty());
    assert!(lab.write_attempts().is_empty());
}

#[test]
fn each_refusal_says_why_and_where() {
    let lab = Lab::start(small()).unwrap();
    let manager = Manager::writer(&lab);
    let refused = |bindings: &[(Vec<u32>, Value)]| match manager.set(bindings) {
        Err(Failed::Refused(status, index)) => (status, index),
        other => panic!("{other:?}"),
    };
    let go = |source| (row(STATUS, source, 8), CREATE_AND_GO);
    manager.set(&[go(1)]).unwrap();
    let again = refused(&[go(2), go(1)]);
    assert_eq!(again, (ErrorStatus::InconsistentValue, 2));
    assert_eq!(lab.sessions_shown()[0].sources.len(), 1, "all or nothing");
    let text = (row(STATUS, 2, 8), Value::OctetString("4".into()));
    assert_eq!(refused(&[text]), (ErrorStatus::WrongType, 1));
    let number = (row(STATUS, 2, 8), Value::Integer(9));
    assert_eq!(refused(&[number]), (ErrorStatus::WrongValue, 1));
    assert_eq!(refused(&[go(99)]), (ErrorStatus::NoCreation, 1));
    assert_eq!(refused(&[go(8)]), (ErrorStatus::NoCreation, 1));
    let source = (row(STATUS, 2, 1), CREATE_AND_GO);
    assert_eq!(refused(&[source]), (ErrorStatus::InconsistentName, 1));
    let other_destination = (row(STATUS, 2, 6), CREATE_AND_GO);
    let refused_status = refused(&[other_destination]).0;
    assert_eq!(refused_status, ErrorStatus::ResourceUnavailable);
    let name = (SYS_NAME.to_vec(), Value::OctetString("x".into()));
    assert_eq!(refused(&[name]), (ErrorStatus::NotWritable, 1));
    let no_row = (row(DIRECTION, 2, 8), Value::Integer(1));
    assert_eq!(refused(&[no_row]), (ErrorStatus::CommitFailed, 1));
    let old = Manager::new(lab.addresses().switch, Auth::v1("private"));
    let refused = old.set(&[go(1)]);
    assert_eq!(refused, Err(Failed::Refused(ErrorStatus::BadValue, 1)));
}

#[test]
fn a_request_whose_answer_would_be_too_long_changes_nothing() {
    let spec = Spec {
        ports: 120,
        down: 0.0,
        ..Spec::default()
    };
    let lab = Lab::start(spec.on_free_ports()).unwrap();
    let rows: Vec<(Vec<u32>, Value)> = (1..100)
        .map(|port| (row(STATUS, port, 120), CREATE_AND_GO))
        .collect();
    let refused = Manager::writer(&lab).set(&rows);
    assert!(refused.is_err(), "{refused:?}");
    assert!(lab.sessions_shown().is_empty());
}

#[test]
fn users_of_every_level_are_served_and_a_wrong_password_is_not() {
    let auth = Some((AuthProtocol::Sha256, "authpassword".to_owned()));
    let privacy = Some((PrivProtocol::Aes128, "privpassword".to_owned()));
    let user = |name: &str, auth, privacy, writes| User {
        name: name.to_owned(),
        auth,
        privacy,
        writes,
    };
    let mut spec = small();
    spec.agent.users = vec![
        user("anybody", None, None, false),
        user("admin", auth, privacy, true),
    ];
    let lab = Lab::start(spec).unwrap();
    let switch = lab.addresses().switch;
    let create = vec![(row(STATUS, 1, 8), CREATE_AND_GO)];

    let anybody = Manager::new(switch, UsmConfig::new("anybody"));
    assert_eq!(
        anybody.get(SYS_NAME),
        Ok(Value::OctetString("office-1".into()))
    );
    let refused = anybody.set(&create);
    assert_eq!(refused, Err(Failed::Refused(ErrorStatus::NoAccess, 1)));

    let sha = async_snmp::AuthProtocol::Sha256;
    let aes = async_snmp::PrivProtocol::Aes128;
    let admin = |password| {
        UsmConfig::new("admin")
            .auth_priv(sha, password, aes, "privpassword")
            .unwrap()
    };
    assert_eq!(
        Manager::new(switch, admin("authpassword")).set(&create),
        Ok(())
    );
    let wrong = Manager::new(switch, admin("wrongpassword")).get(SYS_NAME);
    assert!(wrong.is_err(), "{wrong:?}");
    let without_privacy = UsmConfig::new("admin").auth(sha, "authpassword").unwrap();
    let refused = Manager::new(switch, without_privacy).get(SYS_NAME);
    assert!(
        matches!(
            refused,
            Err(Failed::Refused(ErrorStatus::AuthorizationError, _))
        ),
        "{refused:?}"
    );
}

#[test]
#[ignore = "needs net-snmp's tools"]
fn net_snmps_tools_understand_the_agent() {
    let lab = Lab::start(small()).unwrap();
    let switch = lab.addresses().switch.to_string();
    let run = |tool: &str, community: &str, arguments: &[&str]| {
        let output = std::process::Command::new(tool)
            .args(["-v2c", "-On", "-Oq", "-c", community, &switch])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let created = run(
        "snmpset",
        "private",
        &[
            ".1.3.6.1.2.1.16.22.1.3.1.1.4.51.56",
            "i",
            "1",
            ".1.3.6.1.2.1.16.22.1.3.1.1.5.51.56",
            "i",
            "4",
        ],
    );
    assert!(created.contains(".1.3.6.1.2.1.16.22.1.3.1.1.5.51.56 4"));
    let rows = run("snmpwalk", "public", &[".1.3.6.1.2.1.16.22.1.3"]);
    assert_eq!(
        rows,
        ".1.3.6.1.2.1.16.22.1.3.1.1.3.51.56 0\n\
         .1.3.6.1.2.1.16.22.1.3.1.1.4.51.56 1\n\
         .1.3.6.1.2.1.16.22.1.3.1.1.5.51.56 1\n"
    );
    let refused = run(
        "snmpset",
        "public",
        &[".1.3.6.1.2.1.16.22.1.3.1.1.5.51.56", "i", "6"],
    );
    assert!(refused.contains("noAccess"), "{refused}");
    let everything = run("snmpwalk", "public", &[".1"]);
    assert!(everything.lines().count() > 400);
    assert!(everything.contains("core-1"));
}
