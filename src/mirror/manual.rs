//! A switch that only a person can set: they are told which ports to tick, and say when it is done.

use std::io;
use std::rc::Rc;

use crate::clock::Clock;
use crate::port::{Link, PanelPort, PortId, PortSet, PortTable, SwitchPort};
use crate::profile::Profile;

use super::cost::Cost;
use super::open;
use super::rules::{Rules, port_words};
use super::{Mirror, MirrorError, MirrorLimits, Written};

/// The person at the switch's web page.
pub trait Operator {
    /// Shows what is to be done and returns once they say that it is done.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotConnected`], if nobody is there to hear it, [`io::ErrorKind::Interrupted`] after Ctrl-C, else the
    /// terminal's, or that they give up.
    fn tell_and_wait(&mut self, what: &str) -> io::Result<()>;
}

/// What is asked of [`ManualMirror::open`].
pub struct ManualRequest<'a> {
    /// The switch's name in the configuration.
    pub switch: &'a str,
    /// A profile of the shape `manual`.
    pub profile: &'a Profile,
    /// Its ports; [`numbered_ports`] where it cannot be asked.
    pub ports: &'a PortTable,
    /// The port that the sniffer is plugged into.
    pub destination: PortId,
    /// Ports that are never mirrored: uplinks and `never`.
    pub forbidden: &'a PortSet,
    /// Tells the time.
    pub clock: Rc<dyn Clock>,
}

/// A mirror that a person sets.
///
/// What they did cannot be read back: only frames prove it.
pub struct ManualMirror<'a> {
    switch: String,
    page: String,
    destination: PortId,
    rules: Rules,
    operator: Box<dyn Operator + 'a>,
    clock: Rc<dyn Clock>,
    limits: MirrorLimits,
    cost: Cost,
    /// What the person was last told to mirror; `None` before the first time.
    told: Option<PortSet>,
}

impl<'a> ManualMirror<'a> {
    /// Gets ready; the person is asked for nothing yet.
    #[must_use]
    pub fn open(request: &ManualRequest<'_>, operator: Box<dyn Operator + 'a>) -> Self {
        let ManualRequest {
            switch,
            profile,
            ports,
            destination,
            forbidden,
            ..
        } = *request;
        let page = profile.instructions.clone();
        ManualMirror {
            switch: switch.to_owned(),
            page: page.unwrap_or_else(|| "its mirror settings".to_owned()),
            destination,
            rules: Rules::new(switch, profile, ports, destination, forbidden),
            operator,
            clock: Rc::clone(&request.clock),
            limits: open::limits(profile),
            cost: Cost::guess(profile.timing.write, profile.timing.row),
            told: None,
        }
    }

    fn instruction(&self, wanted: &PortSet) -> String {
        let ports = self.rules.ports();
        let words = |set: &PortSet| port_words(ports, set);
        let whole = if wanted.is_empty() {
            "mirror nothing".to_owned()
        } else {
            let to = ports.label(self.destination);
            format!("mirror {} to port {to}, and no others", words(wanted))
        };
        let Some(told) = &self.told else {
            return format!(
                "On {}, open {}. Note what is set there now: it has to be put back at the end. Then {whole}.",
                self.switch, self.page
            );
        };
        let mut parts = Vec::new();
        for (verb, set) in [
            ("take out", told.without(wanted)),
            ("add", wanted.without(told)),
        ] {
            if !set.is_empty() {
                parts.push(format!("{verb} {}", words(&set)));
            }
        }
        format!("On {}: {} ({whole}).", self.switch, parts.join(", "))
    }
}

impl Mirror for ManualMirror<'_> {
    fn limits(&self) -> &MirrorLimits {
        &self.limits
    }

    fn set_sources(&mut self, wanted: &PortSet) -> Result<Written, MirrorError> {
        self.rules.check(wanted)?;
        if self.told.as_ref() == Some(wanted) {
            return Ok(Written::default());
        }
        let instruction = self.instruction(wanted);
        let started = self.clock.now();
        // From here on the person may have changed something, whatever they answer.
        let before = self.told.replace(wanted.clone());
        if let Err(source) = self.operator.tell_and_wait(&instruction) {
            if source.kind() == io::ErrorKind::NotConnected {
                self.told = before;
            }
            return Err(MirrorError::NoOperator {
                switch: self.switch.clone(),
                source,
            });
        }
        let took = self.clock.now().since(started);
        let changed = before.unwrap_or_default().distance(wanted);
        self.cost.note(changed, took);
        (self.limits.write_time, self.limits.row_time) = self.cost.fit();
        Ok(Written {
            writes: 1,
            took,
            ..Written::default()
        })
    }

    fn sources(&mut self) -> Result<PortSet, MirrorError> {
        Ok(self.told.clone().unwrap_or_default())
    }

    fn restore(&mut self) -> Result<(), MirrorError> {
        if self.told.is_none() {
            return Ok(());
        }
        let what = format!(
            "On {}: put the mirror back as you noted it at the start.",
            self.switch
        );
        let asked = self.operator.tell_and_wait(&what);
        asked.map_err(|source| MirrorError::LeftToPerson {
            switch: self.switch.clone(),
            source,
        })?;
        self.told = None;
        Ok(())
    }
}

/// Returns a table of ports labelled 1 to `count`, for a switch that cannot be asked.
#[must_use]
pub fn numbered_ports(count: u16) -> PortTable {
    let port = |n: u16| SwitchPort {
        id: PortId(n),
        label: PanelPort(n.to_string()),
        if_name: String::new(),
        alias: String::new(),
        if_index: None,
        bridge_port: None,
        link: Link::Unknown,
    };
    PortTable::new((1..=count).map(port).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::LiveClock;
    use crate::error::{Diagnosis, Exit};
    use std::cell::RefCell;
    use std::path::Path;

    struct Person {
        heard: Rc<RefCell<Vec<String>>>,
        fails: Option<io::ErrorKind>,
    }

    impl Operator for Person {
        fn tell_and_wait(&mut self, what: &str) -> io::Result<()> {
            self.heard.borrow_mut().push(what.to_owned());
            self.fails.map_or(Ok(()), |kind| Err(kind.into()))
        }
    }

    fn mirror(fails: Option<io::ErrorKind>) -> (ManualMirror<'static>, Rc<RefCell<Vec<String>>>) {
        let profile = crate::profile::load("manual", Path::new("/nonexistent")).unwrap();
        let heard = Rc::new(RefCell::new(Vec::new()));
        let request = ManualRequest {
            switch: "office-1",
            profile: &profile,
            ports: &numbered_ports(8),
            destination: PortId(8),
            forbidden: &PortSet::new(),
            clock: Rc::new(LiveClock::start()),
        };
        let person = Person {
            heard: Rc::clone(&heard),
            fails,
        };
        (ManualMirror::open(&request, Box::new(person)), heard)
    }

    fn set(ports: &[u16]) -> PortSet {
        ports.iter().copied().map(PortId).collect()
    }

    #[test]
    fn the_person_is_told_what_to_tick_and_what_changes() {
        let (mut mirror, heard) = mirror(None);
        mirror.set_sources(&set(&[1, 2, 3, 4])).unwrap();
        mirror.set_sources(&set(&[1, 2])).unwrap();
        mirror.set_sources(&set(&[1, 2])).unwrap();
        mirror.set_sources(&set(&[])).unwrap();
        mirror.restore().unwrap();
        mirror.restore().unwrap();
        insta::assert_snapshot!(heard.borrow().join("\n"), @r#"
        On office-1, open the switch's web page, usually "Port Mirroring", "Mirror" or "SPAN"; direction ingress (rx) where there is a choice. Note what is set there now: it has to be put back at the end. Then mirror ports 1-4 to port 8, and no others.
        On office-1: take out ports 3, 4 (mirror ports 1, 2 to port 8, and no others).
        On office-1: take out ports 1, 2 (mirror nothing).
        On office-1: put the mirror back as you noted it at the start.
        "#);
    }

    #[test]
    fn the_destination_is_never_asked_for() {
        let (mut mirror, heard) = mirror(None);
        assert!(matches!(
            mirror.set_sources(&set(&[8])),
            Err(MirrorError::Protected { .. })
        ));
        assert!(heard.borrow().is_empty());
    }

    #[test]
    fn after_giving_up_the_person_is_still_asked_to_put_back() {
        let (mut mirror, heard) = mirror(Some(io::ErrorKind::Interrupted));
        assert!(matches!(
            mirror.set_sources(&set(&[1])),
            Err(MirrorError::NoOperator { .. })
        ));
        let error = mirror.restore().unwrap_err();
        assert_eq!(error.exit(), Exit::NotRestored);
        assert_eq!(heard.borrow().len(), 2);
    }

    #[test]
    fn what_nobody_has_heard_need_not_be_put_back() {
        let (mut mirror, heard) = mirror(Some(io::ErrorKind::NotConnected));
        assert!(mirror.set_sources(&set(&[1])).is_err());
        mirror.restore().unwrap();
        assert_eq!(heard.borrow().len(), 1);
    }
}
