//! A whole `locate`: from an address to a report.
//!
//! The order of things is the contract's: everything is read and checked first, then asked, then written; the
//! switch is put back before names are looked up; and whatever happens, there is a report.

use std::path::Path;
use std::rc::Rc;

use super::beyond::Routers;
use super::candidates::{self, Roles, RolesError};
use super::desk::AtDesk;
use super::drive::{Evidence, Instruments, drive};
use super::error::LocateError;
use super::event::Event;
use super::findings::{self, Searched};
use super::naming;
use super::outcome::{ErrorReport, Hop, Outcome, Report, SuspectReport};
use super::record::Recorder;
use super::resolving::{self, Meant};
use super::safety;
use super::survey::{Survey, Wanted};
use super::switches::{self, Opened, Takeover};
use super::task::{Desk, Target, Task};
use super::waking;
use crate::clock::{Clock, LiveClock};
use crate::config::{Config, Switch};
use crate::error::{Exit, Failure};
use crate::mac::Mac;
use crate::mirror::Copies;
use crate::port::{PortSet, PortTable};
use crate::search::{Question, Verdict};
use crate::sniff::{self, Own, Suspect};
use crate::suspect::Surroundings;
use crate::tables::forwarding;

mod question;
#[cfg(test)]
mod tests;

/// How a run ended: the report, and why it broke off if it did.
#[derive(Debug)]
pub struct Ended {
    /// The document.
    pub report: Report,
    /// Why there is no answer, if the run was refused or failed.
    pub failure: Option<Failure>,
}

impl Ended {
    /// Returns the exit code that the contract gives to this end.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match (&self.failure, self.report.outcome) {
            (Some(failure), _) => failure.exit,
            (None, _) if !self.report.plan.is_empty() => Exit::Done,
            (None, Outcome::NotSeen | Outcome::Undecided) => Exit::NoAnswer,
            (None, Outcome::Refused) => Exit::Refused,
            (None, Outcome::Failed) => Exit::Device,
            (
                None,
                Outcome::Located
                | Outcome::SeveralPlaces
                | Outcome::AccessPoint
                | Outcome::BeyondRouter
                | Outcome::VirtualHost,
            ) => Exit::Done,
        }
    }
}

/// Finds a suspect. Never returns an error instead of a report, and never without having put the switches back
/// or having said that it could not.
pub fn locate(config: &Config, task: &Task, state: &Path, desk: &dyn Desk) -> Ended {
    let clock = LiveClock::start();
    let mut job = Job {
        config,
        task,
        state,
        desk,
        clock,
        routers: Routers::default(),
        report: Report::about(suspect_of(task)),
    };
    let failure = job.run().err();
    let mut report = job.report;
    report.elapsed_seconds = clock.now().0.as_secs_f64();
    if let Some(failure) = &failure {
        report.outcome = if failure.exit == Exit::Refused {
            Outcome::Refused
        } else {
            Outcome::Failed
        };
        report.error = Some(ErrorReport::from(failure));
        report.mirror.restored &= failure.exit != Exit::NotRestored;
    }
    Ended { report, failure }
}

/// Who is looked for, as far as the person says.
fn suspect_of(task: &Task) -> SuspectReport {
    let mut suspect = SuspectReport::default();
    match &task.target {
        Target::Ip(ip) => suspect.ip = Some(*ip),
        Target::Mac(mac) => suspect.mac = Some(*mac),
        Target::Filter(expression) => suspect.filter = Some(expression.clone()),
    }
    suspect
}

struct Job<'a> {
    config: &'a Config,
    task: &'a Task,
    /// Where journals and locks are.
    state: &'a Path,
    desk: &'a dyn Desk,
    clock: LiveClock,
    routers: Routers,
    report: Report,
}

/// A switch that is ready to be searched.
struct Ready<'a> {
    switch: &'a Switch,
    opened: Opened,
    survey: Survey,
    roles: Roles,
}

impl<'a> Job<'a> {
    fn run(&mut self) -> Result<(), Failure> {
        let chosen = switches::chosen(self.config, &self.task.switches)?;
        for switch in &chosen {
            self.desk.stop_if_interrupted()?;
            let dry_run = self.task.dry_run;
            switches::finish_interrupted_run(switch, self.state, dry_run, self.clock, self.desk)?;
        }
        let Meant { suspect, routers } =
            resolving::resolve(self.config, self.task, self.clock, self.desk)?;
        self.routers.configured = routers;
        self.desk.stop_if_interrupted()?;
        if let Suspect::Mac(mac) = &suspect {
            self.report.suspect.mac = Some(*mac);
        }
        let mut ready = self.survey_all(&chosen)?;
        // The switch that has learned the suspect on a candidate port goes first.
        ready.sort_by_key(|r| {
            !r.survey
                .table_says
                .is_some_and(|port| r.roles.candidates.contains(port))
        });
        let path: Vec<Hop> = ready.iter().filter_map(Ready::hop).collect();
        let mut left = ready.len();
        for one in ready {
            self.desk.stop_if_interrupted()?;
            left -= 1;
            self.search(one, &suspect, left == 0)?;
            if !matches!(self.report.outcome, Outcome::NotSeen) {
                break;
            }
        }
        self.report.path = path;
        if let (Some(switch), Some(port)) = (&self.report.switch, &self.report.port) {
            let last = Hop {
                switch: switch.clone(),
                port: port.label.clone(),
            };
            self.report.path.retain(|hop| hop.switch != last.switch);
            self.report.path.push(last);
        }
        self.remember();
        naming::name(self.config, self.task, &mut self.report);
        Ok(())
    }

    /// Reads every chosen switch. One that cannot be read, or has no port to be searched, stops the run only if no other is
    /// left; what is wrong with the command line or forbidden stops it at once.
    fn survey_all(&mut self, chosen: &[&'a Switch]) -> Result<Vec<Ready<'a>>, Failure> {
        let mut ready = Vec::new();
        let mut without_ports = None;
        for switch in chosen {
            let surveyed = self.survey(switch);
            // A switch that does not answer is asked for seconds.
            self.desk.stop_if_interrupted()?;
            match surveyed {
                Ok(one) => ready.push(one),
                Err(failure) if chosen.len() > 1 && can_be_left_out(&failure) => {
                    self.warn(format!("{} is left out: {}", switch.name, failure.error));
                    without_ports = Some(failure).filter(|failure| failure.exit != Exit::Device);
                }
                Err(failure) => return Err(failure),
            }
        }
        if ready.is_empty() {
            return Err(without_ports.unwrap_or_else(|| {
                Failure::new(Exit::Device, "none of the switches can be asked")
                    .hint("see `halfspan switch check NAME` for each")
            }));
        }
        Ok(ready)
    }

    fn survey(&mut self, switch: &'a Switch) -> Result<Ready<'a>, Failure> {
        let mut opened = switches::open(switch, self.config)?;
        let mac = self.report.suspect.mac.filter(|_| !self.task.no_tables);
        let wanted = Wanted {
            place_of: mac,
            uplinks: switch.uplinks.is_none(),
        };
        let survey = opened.survey(wanted, &mut |event| self.desk.show(event))?;
        let wishes = self.task.wishes(switch);
        let roles = candidates::roles(&switch.name, &survey.ports, &wishes, &survey.uplinks)?;
        self.tell_where_the_table_has_it(switch, &survey, &roles);
        if let Some(why) = opened.found() {
            let profile = &opened.profile.name;
            self.note(format!("{}: recognised as {profile}: {why}", switch.name));
        }
        Ok(Ready {
            switch,
            opened,
            survey,
            roles,
        })
    }

    fn tell_where_the_table_has_it(&mut self, switch: &Switch, survey: &Survey, roles: &Roles) {
        let Some(port) = survey.table_says else {
            return;
        };
        let label = survey.ports.label(port);
        let note = if roles.uplinks.contains(port) {
            format!(
                "{} has learned the suspect on its uplink {label}: it may be behind another switch",
                switch.name
            )
        } else {
            format!(
                "{} has learned the suspect on port {label}: that is where the search begins",
                switch.name
            )
        };
        self.note(note);
    }

    /// Searches one switch and puts it back. On the `last` one the privilege to capture is given up once the
    /// capture is open; before that it is still needed for the switches that follow.
    fn search(&mut self, ready: Ready<'_>, suspect: &Suspect, last: bool) -> Result<(), Failure> {
        let Ready {
            switch,
            opened,
            survey,
            roles,
        } = ready;
        let source = self.task.source(switch)?;
        self.desk.show(&Event::Panel {
            switch: &switch.name,
            ports: &survey.ports,
            candidates: &roles.candidates,
            destination: roles.destination,
            uplinks: &roles.uplinks,
        });
        let without_link = survey.ports.describe(&roles.down);
        if !roles.down.is_empty() {
            self.note(format!(
                "{}: left out because they have no link: {without_link}",
                switch.name
            ));
        }
        let profile = &opened.profile;
        self.note(format!(
            "{}: profile {}, {}{}",
            switch.name,
            profile.name,
            profile.confidence.word(),
            if profile.limits.sources == Some(1) {
                "; the switch mirrors one port at a time, so the ports are scanned one by one"
            } else {
                ""
            }
        ));
        let takeover = Takeover {
            ports: &survey.ports,
            roles: &roles,
            state: self.state,
            take_session: self.task.take_session,
            clock: Rc::new(self.clock),
        };
        if self.task.dry_run {
            self.report.outcome = Outcome::Undecided;
            self.tell_plan(switch, &takeover, opened)?;
            return Ok(self.desk.stop_if_interrupted()?);
        }
        let reach = opened.management_path(&source);
        let traffic = opened.profile.destination_traffic;
        let mut mirror = opened.take_over(&takeover, Box::new(AtDesk(self.desk)))?;
        let last_search = self.last_search(switch, &survey.ports);
        if let Some((port, when)) = last_search {
            self.note(format!(
                "{}: the search of {} found it on port {}",
                switch.name,
                when.strftime("%Y-%m-%d %H:%M UTC"),
                survey.ports.label(port)
            ));
        }
        let question = self.question(
            &survey,
            &roles,
            mirror.as_ref(),
            last_search.map(|(port, _)| port),
        );
        let mut sniffer = sniff::open(&source, suspect, self.clock, Own::of_this_machine())?;
        let mut stimulus = waking::open(self.config, self.task, suspect, &source, self.desk);
        if last {
            sniff::drop_privileges()?;
        }
        let destination = survey.ports.label(roles.destination);
        let opening = format!(
            "{} will mirror ports {} to port {destination} and be put back afterwards.",
            switch.name,
            survey.ports.describe(&roles.candidates)
        );
        safety::ask(
            &switch.name,
            destination,
            opening,
            reach,
            traffic,
            self.desk,
        )?;

        let mut recorder = self.recorder(switch, &survey, &question)?;
        let mut whereabouts = (mirror.limits().copies == Copies::Both)
            .then(|| whereabouts(switch, &survey.ports))
            .flatten();
        let mut evidence = Evidence::default();
        let outcome = drive(
            question,
            Instruments {
                mirror: mirror.as_mut(),
                borrowed: self.task.take_session,
                sniffer: sniffer.as_mut(),
                stimulus: stimulus.as_mut(),
                whereabouts: whereabouts
                    .as_mut()
                    .map(|ask| ask as &mut dyn FnMut(Mac) -> PortSet),
                clock: &self.clock,
                interrupted: &|| self.desk.interrupted(),
                observer: &mut |event| self.desk.show(event),
                recorder: recorder.as_mut(),
            },
            &mut evidence,
        );
        self.desk.show(&Event::Restoring {
            switch: &switch.name,
        });
        let restored = mirror.restore();
        findings::log(&mut self.report, switch, &survey, &evidence);
        if restored.is_ok() {
            self.desk.show(&Event::Restored {
                switch: &switch.name,
            });
        }
        self.report.mirror.restored = restored.is_ok();
        restored.map_err(switches::not_put_back)?;
        let verdict = outcome.map_err(|error| error.after_putting_back(&switch.name))?;
        if matches!(verdict, Verdict::Found { .. }) {
            self.learn_of_routers();
        }
        let searched = Searched {
            switch,
            survey: &survey,
            copies: mirror.limits().copies,
            target: &self.task.target,
            routers: &self.routers,
        };
        findings::take_in(&mut self.report, self.config, searched, &verdict, &evidence);
        if self.report.outcome == Outcome::NotSeen && !roles.down.is_empty() {
            self.warn(format!(
                "{}: ports {without_link} had no link when the run began and were not searched; if a machine was plugged in there since, run again",
                switch.name
            ));
        }
        Ok(())
    }

    /// Asks for what is not known yet of the routers around, once the switch does not wait for it any more.
    fn learn_of_routers(&mut self) {
        self.routers.around = Surroundings::read();
        if matches!(self.task.target, Target::Filter(_)) && self.routers.configured.is_empty() {
            self.routers.configured = resolving::routers(self.config);
        }
    }

    fn recorder(
        &self,
        switch: &Switch,
        survey: &Survey,
        question: &Question,
    ) -> Result<Option<Recorder>, LocateError> {
        let Some(path) = &self.task.record else {
            return Ok(None);
        };
        let mut recorder = Recorder::create(path)?;
        recorder.question(&switch.name, &survey.ports, question)?;
        Ok(Some(recorder))
    }

    fn tell_plan(
        &mut self,
        switch: &Switch,
        takeover: &Takeover<'_>,
        opened: Opened,
    ) -> Result<(), Failure> {
        let candidates = takeover.ports.describe(&takeover.roles.candidates);
        let destination = takeover.ports.label(takeover.roles.destination);
        let plan = &mut self.report.plan;
        plan.push(format!(
            "{}: mirror ports {candidates} to port {destination}, listen, then narrow them",
            switch.name
        ));
        plan.extend(
            opened
                .plan(takeover)?
                .into_iter()
                .map(|request| format!("{}: write {request}", switch.name)),
        );
        Ok(())
    }

    fn note(&mut self, sentence: String) {
        self.desk.show(&Event::Note(sentence));
    }

    fn warn(&mut self, sentence: String) {
        self.desk.show(&Event::Warning(sentence.clone()));
        self.report.warnings.push(sentence);
    }
}

impl Ready<'_> {
    /// The way to the suspect over this switch's uplink, if its table says so.
    fn hop(&self) -> Option<Hop> {
        let port = self
            .survey
            .table_says
            .filter(|port| !self.roles.candidates.contains(*port))?;
        Some(Hop {
            switch: self.switch.name.clone(),
            port: self.survey.ports.label(port).to_owned(),
        })
    }
}

/// Tells whether a failure is about one switch and says nothing about the others: it does not answer, or all its ports
/// lead to other switches or have no link.
fn can_be_left_out(failure: &Failure) -> bool {
    let roles = failure.error.downcast_ref();
    failure.exit == Exit::Device || matches!(roles, Some(RolesError::NoCandidates { .. }))
}

/// A way to ask `switch` where it has learned a machine; `None` where there is nobody to ask.
fn whereabouts<'a>(
    switch: &Switch,
    ports: &'a PortTable,
) -> Option<impl FnMut(Mac) -> PortSet + 'a> {
    let mut client = switches::connect(&switch.name, switch.agent.as_ref()?).ok()?;
    let databases = forwarding::databases(&mut client).ok()?;
    Some(move |mac| {
        // A switch that does not tell is like one that has not learned it.
        let places = forwarding::whereabouts(&mut client, ports, &databases, mac);
        places.map_or_else(|_| PortSet::new(), |places| places.ports)
    })
}
