//! What every described switch does as RFC 2579 and its own text say.

use super::super::testing::{active_sources, hardware, set};
use super::*;
use crate::lab::control::Direction;
use crate::lab::spec::Directions;

/// Every description that no own agent plays, with its name.
fn all() -> Vec<(&'static str, &'static Model)> {
    let read = |(name, text): &(&'static str, &'static str)| {
        let model = Model::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let model: &'static Model = Box::leak(Box::new(model));
        (*name, model)
    };
    let every = crate::lab::models::ALL.iter().map(read);
    every
        .filter(|(_, model)| model.played_by.is_none())
        .collect()
}

fn described(text: &str) -> (Arc<Hardware>, Box<dyn Control>) {
    let model: &'static Model = Box::leak(Box::new(Model::parse("test", text).unwrap()));
    let hardware = hardware(Directions::Any, None);
    let control: Box<dyn Control> = Box::new(Modelled::new(model, Arc::clone(&hardware)));
    (hardware, control)
}

fn text(text: &str) -> Value {
    Value::OctetString(text.as_bytes().to_vec().into())
}

#[test]
fn every_description_is_in_the_program_and_starts_with_nothing_mirrored() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/lab/models");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, crate::lab::models::ALL.len());
    for (name, model) in all() {
        let control = Modelled::new(model, hardware(Directions::Any, None));
        assert_eq!(active_sources(&control), [], "{name}");
    }
}

#[test]
fn every_writable_object_refuses_another_type_and_an_unknown_instance() {
    for (name, model) in all() {
        let hardware = hardware(Directions::Any, None);
        let mut control: Box<dyn Control> = Box::new(Modelled::new(model, Arc::clone(&hardware)));
        for (oid, value) in control.objects(0) {
            if control.access(&oid) != Access::Write {
                let refused = set(&mut control, &hardware, &[(&oid, value)]);
                assert_eq!(refused, Err(SetTestError::NotWritable), "{name} {oid:?}");
                continue;
            }
            let other = Value::TimeTicks(1);
            let refused = set(&mut control, &hardware, &[(&oid, other)]);
            assert_eq!(refused, Err(SetTestError::WrongType), "{name} {oid:?}");
            let mut unknown = oid.clone();
            unknown.push(7);
            let refused = set(&mut control, &hardware, &[(&unknown, value)]);
            // What is wrong with the value may be said first (RFC 3416 §4.2.5).
            assert!(refused.is_err(), "{name} {oid:?}");
        }
    }
}

const SPAN: &str = r#"
facts: a table of sessions and one of sources
sys_descr: test
sys_object_id: 1.3.6.1.4.1.99999
numbers: bridge
sessions: 2
tables:
  - entry: 1.3.6.1.4.1.99999.1
    index: session
    rows: made
    columns:
      2: { name: to, is: destination, required: true }
      3: { name: only before, range: [1, 9], start: 1, while_waiting: true }
      4: { name: status, is: status, status: row_status }
  - entry: 1.3.6.1.4.1.99999.2
    index: session.source
    rows: made
    columns:
      2: { name: way, values: [1, 2, 3], start: 3, is: direction, codes: { rx: 1, tx: 2, both: 3 } }
      3: { name: status, is: status, status: row_status }
rules: { destination_is_no_source: always, members_need_session: true, must_be_up: true }
"#;

fn column(table: u32, column: u32, index: &[u32]) -> Arcs {
    [&[1, 3, 6, 1, 4, 1, 99999, table, column], index].concat()
}

#[test]
fn a_row_goes_through_the_states_of_rfc_2579() {
    let (hardware, mut control) = described(SPAN);
    let status = column(1, 4, &[1]);
    let to = column(1, 2, &[1]);
    let number = Value::Integer;
    let mut put = |oid: &[u32], value: i32| set(&mut control, &hardware, &[(oid, number(value))]);
    let refused = Err(SetTestError::InconsistentValue);
    assert_eq!(put(&status, 1), refused, "active before it is there");
    assert_eq!(
        put(&status, 4),
        refused,
        "createAndGo without a destination"
    );
    assert_eq!(put(&status, 5), Ok(()));
    assert_eq!(put(&status, 5), refused, "made twice");
    assert_eq!(put(&status, 1), refused, "active while not ready");
    assert_eq!(put(&status, 7), Err(SetTestError::WrongValue));
    assert_eq!(put(&to, 9), Err(SetTestError::WrongValue), "no such port");
    assert_eq!(put(&to, 7), Ok(()));
    assert_eq!(put(&column(1, 3, &[1]), 5), Ok(()));
    assert_eq!(put(&status, 1), Ok(()));
    assert_eq!(put(&column(1, 3, &[1]), 6), refused, "in use");
    assert_eq!(put(&status, 6), Ok(()));
    assert_eq!(
        put(&status, 6),
        Ok(()),
        "destroying what is not there is fine"
    );
    assert_eq!(
        put(&column(1, 4, &[3]), 5),
        Err(SetTestError::NoCreation),
        "session 3 of 2"
    );
    assert_eq!(control.objects(0), BTreeMap::new());
}

#[test]
fn members_need_their_session_and_ports_that_are_up() {
    let (hardware, mut control) = described(SPAN);
    let number = Value::Integer;
    let member = |port| column(2, 3, &[1, port]);
    let mut put = |bindings: &[(&[u32], Value)]| set(&mut control, &hardware, bindings);
    let early = put(&[(&member(1), number(4))]);
    assert_eq!(early, Err(SetTestError::InconsistentName));
    let made = [
        (&column(1, 2, &[1])[..], number(7)),
        (&column(1, 4, &[1]), number(4)),
    ];
    assert_eq!(put(&made), Ok(()));
    let way = column(2, 2, &[1, 1]);
    assert_eq!(put(&[(&way, number(1)), (&member(1), number(4))]), Ok(()));
    let refused = Err(SetTestError::InconsistentValue);
    assert_eq!(
        put(&[(&member(7), number(4))]),
        refused,
        "it is the destination"
    );
    assert_eq!(put(&[(&member(8), number(4))]), refused, "port 8 is down");
    assert_eq!(
        put(&[(&member(9), number(4))]),
        Err(SetTestError::NoCreation)
    );
    assert_eq!(active_sources(&*control), [(1, Direction::Ingress)]);
}

#[test]
fn texts_and_masks_are_read_strictly_and_answered_in_the_switchs_own_form() {
    let (hardware, mut control) = described(
        r#"
facts: lists
sys_descr: test
sys_object_id: 1.3.6.1.4.1.99999
numbers: bridge
root: 1.3.6.1.4.1.99999.1
scalars:
  1: { name: names, kind: octets, size: [0, 20], is: sources, copies: rx, codec: { form: names, name: "1/0/{n}", ranges: true } }
  2: { name: low, kind: octets, size: [1, 8], codec: { form: low_first, first: 0, trims: true } }
  3: { name: words, kind: octets, codec: { form: words } }
  4: { name: fixed, kind: octets, size: [4, 4], codec: { form: high_first, answers: 4 } }
"#,
    );
    let scalar = |number| column(1, number, &[0]);
    let octets = |octets: &[u8]| Value::OctetString(octets.to_vec().into());
    let mut put = |number, value| set(&mut control, &hardware, &[(&scalar(number), value)]);
    assert_eq!(put(1, text("1/0/3, 1/0/1,1/0/2")), Ok(()));
    let wrong = Err(SetTestError::WrongValue);
    for bad in ["1/0/9", "1/0/x", "gi3", "1/0/3-1", ","] {
        assert_eq!(put(1, text(bad)), wrong, "{bad}");
    }
    assert_eq!(
        put(1, text("1/0/1,1/0/2,1/0/3,1/0/4")),
        Err(SetTestError::WrongLength)
    );
    assert_eq!(put(2, octets(&[0b0110, 0, 0])), Ok(()));
    assert_eq!(put(2, octets(&[1])), wrong, "there is no port 0");
    assert_eq!(put(3, octets(&[0, 0, 0, 1, 0, 0, 0, 5])), Ok(()));
    let short = Err(SetTestError::WrongLength);
    assert_eq!(put(3, octets(&[0, 0, 0, 2, 0, 0, 0, 5])), short);
    assert_eq!(put(4, octets(&[0x80])), short);
    assert_eq!(put(4, octets(&[0x80, 0, 0, 0])), Ok(()));
    let shown = control.objects(0);
    assert_eq!(shown.get(&scalar(1)), Some(&text("1/0/1-3")));
    assert_eq!(shown.get(&scalar(2)), Some(&octets(&[6])));
}
