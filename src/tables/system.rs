//! What kind of device it is and since when it runs: the system group of SNMPv2-MIB (RFC 3418).

use crate::snmp::{Oid, Snmp, SnmpError, Value};

const SYS_DESCR: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];
const SYS_OBJECT_ID: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 2, 0];
const SYS_UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];
const SYS_NAME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 5, 0];

/// What a device says of itself. What it does not say is empty or `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// `sysDescr`
    pub descr: String,
    /// `sysObjectID`: vendor and model.
    pub object_id: Option<Oid>,
    /// `sysName`
    pub name: String,
    /// `sysUpTime`
    pub up: Option<UpTime>,
}

/// `sysUpTime`: hundredths of a second since the agent started. It starts over after 497 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpTime(pub u32);

impl UpTime {
    /// Tells whether the device was restarted after `earlier` was read: the time went back, and not because it was full.
    #[must_use]
    pub fn restarted_since(self, earlier: UpTime) -> bool {
        const HOUR: u32 = 60 * 60 * 100;
        let started_over = earlier.0 > u32::MAX - HOUR && self.0 < HOUR;
        self.0 < earlier.0 && !started_over
    }
}

/// Reads what the device says of itself.
///
/// # Errors
/// [`SnmpError`], if it could not be asked.
pub fn read(snmp: &mut dyn Snmp) -> Result<System, SnmpError> {
    let answer = snmp.get(&[SYS_DESCR, SYS_OBJECT_ID, SYS_NAME, SYS_UP_TIME].map(Oid::from))?;
    let mut values = answer.into_iter().map(|binding| binding.value);
    let mut next = || values.next().unwrap_or(Value::Null);
    let text = |value: Value| value.as_text().unwrap_or_default().trim().to_owned();
    Ok(System {
        descr: text(next()),
        object_id: if let Value::ObjectId(oid) = next() {
            Some(oid)
        } else {
            None
        },
        name: text(next()),
        up: ticks(&next()),
    })
}

/// Reads how long the agent has been running; `None` where it does not say.
///
/// # Errors
/// [`SnmpError`], if it could not be asked.
pub fn up_time(snmp: &mut dyn Snmp) -> Result<Option<UpTime>, SnmpError> {
    let answer = snmp.get(&[Oid::from(SYS_UP_TIME)])?;
    Ok(answer.first().and_then(|binding| ticks(&binding.value)))
}

fn ticks(value: &Value) -> Option<UpTime> {
    if let Value::TimeTicks(ticks) = value {
        Some(UpTime(*ticks))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::fake::FakeAgent;

    #[test]
    fn a_device_says_what_it_is() {
        let model: Oid = "1.3.6.1.4.1.4526.100.4.19".parse().unwrap();
        let mut agent = FakeAgent::default()
            .with("1.3.6.1.2.1.1.1.0", "GS724T\0")
            .with("1.3.6.1.2.1.1.2.0", Value::ObjectId(model.clone()))
            .with("1.3.6.1.2.1.1.3.0", Value::TimeTicks(4711));
        let expected = System {
            descr: "GS724T".to_owned(),
            object_id: Some(model),
            name: String::new(),
            up: Some(UpTime(4711)),
        };
        assert_eq!(read(&mut agent).unwrap(), expected);
        assert_eq!(up_time(&mut agent).unwrap(), expected.up);
    }

    #[test]
    fn a_restart_is_seen_by_the_time_going_back() {
        assert!(UpTime(100).restarted_since(UpTime(5_000)));
        assert!(!UpTime(5_000).restarted_since(UpTime(100)));
        assert!(!UpTime(100).restarted_since(UpTime(100)));
    }

    #[test]
    fn a_full_counter_is_no_restart() {
        assert!(!UpTime(300).restarted_since(UpTime(u32::MAX - 200)));
        assert!(UpTime(600 * 60 * 100).restarted_since(UpTime(u32::MAX - 200)));
    }
}
