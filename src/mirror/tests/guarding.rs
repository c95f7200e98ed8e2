//! Nothing outside the profile is written, and nothing too fast.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::mirror::binding::Objects;
use crate::mirror::guard::{Blocked, Guard};
use crate::snmp::{Value, VarBind};

use super::fake::FakeSwitch;
use super::smon::Smon;
use super::{TestClock, built_in};

fn write(oid: &str) -> VarBind {
    VarBind {
        oid: oid.parse().unwrap(),
        value: Value::Integer(1),
    }
}

#[test]
fn nothing_outside_the_profile_is_sent_not_even_beside_something_inside() {
    let base = "1.3.6.1.4.1.4526.10.1".parse().unwrap();
    let objects = Objects::bind(&built_in("netgear-fastpath"), Some(&base));
    let switch = FakeSwitch::new(Smon::new(&[]));
    let clock = Rc::new(TestClock::default());
    let mut guard = Guard::new(Box::new(switch.clone()).into(), clock, Duration::ZERO);
    let inside = write("1.3.6.1.4.1.4526.10.1.2.10.4.1.4.1");
    for outside in [
        "1.3.6.1.4.1.4526.10.1.3.1.0",          // agentSaveConfig
        "1.3.6.1.2.1.2.2.1.7.1",                // ifAdminStatus
        "1.3.6.1.4.1.4526.10.1.2.10.4.1.4",     // a column without an instance
        "1.3.6.1.4.1.4526.10.1.2.10.4.1.4.1.1", // an instance that cannot be
    ] {
        let result = guard.set(&objects, &[inside.clone(), write(outside)]);
        assert!(matches!(result, Err(Blocked::Outside(oid)) if oid == outside));
    }
    assert_eq!(switch.sets(), 0);
}

#[test]
fn writes_keep_their_distance() {
    let objects = Objects::bind(&built_in("smon-portcopy"), None);
    let clock = Rc::new(TestClock::default());
    let switch = Box::new(FakeSwitch::new(Smon::new(&[])));
    let spacing = Duration::from_millis(250);
    let mut guard = Guard::new(switch.into(), Rc::clone(&clock) as Rc<dyn Clock>, spacing);
    for _ in 0..3 {
        let row = write("1.3.6.1.2.1.16.22.1.3.1.1.5.49.60");
        assert!(matches!(guard.set(&objects, &[row]), Err(Blocked::Sent(_))));
    }
    assert_eq!(clock.now(), Moment(2 * spacing));
}
