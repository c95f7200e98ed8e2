//! The report of a run, for people: what was found, how sure and why, where to walk, how the switch was left.

use std::fmt::{Display, Write};
use std::time::Duration;

use super::style::{ERROR, GOOD, LABEL, STRONG, Style, Styled, WARNING};
use super::text::{clean, count, percent, span};
use crate::locate::{CandidateReport, ErrorReport, NameReport, Outcome, PatchReport, Report};
use crate::shell;

/// Returns the report as text, one fact a line.
#[must_use]
pub fn locate(report: &Report) -> String {
    let mut page = Page(String::new());
    page.headline(report);
    page.place(report);
    page.device(report);
    page.plan(&report.plan);
    if !report.plan.is_empty() {
        return page.0;
    }
    page.evidence(report);
    page.shortlist(&report.candidates);
    page.next(report);
    page.error(report.error.as_ref());
    page.switch(report);
    for warning in &report.warnings {
        page.styled(WARNING, "warning", &clean(warning));
    }
    page.0
}

/// Says in one sentence how the run ended.
pub(super) fn headline(report: &Report) -> String {
    let who = who(report);
    let port = match (&report.switch, &report.port) {
        (Some(switch), Some(port)) => format!("{switch} port {}", clean(&port.label)),
        (Some(switch), None) => switch.clone(),
        (None, _) => "an unknown port".to_owned(),
    };
    match report.outcome {
        _ if !report.plan.is_empty() => format!("the plan for {who}; nothing was written"),
        Outcome::Located => format!("{who} is at {port}"),
        Outcome::NotSeen => format!("{who} was not seen on any mirrored port"),
        Outcome::Undecided => format!("{who} could not be told to one port in the time given"),
        Outcome::BeyondRouter => format!("{who} is beyond a router at {port}"),
        Outcome::AccessPoint => format!("{who} is behind a wireless access point at {port}"),
        Outcome::VirtualHost => format!("{who} is a virtual machine on the host at {port}"),
        Outcome::SeveralPlaces => format!("{who} is heard from several ports"),
        Outcome::Refused => format!("{who} was not looked for: a safety rule forbids it"),
        Outcome::Failed => format!("the search for {who} broke off"),
    }
}

struct Page(String);

impl Page {
    /// Adds a line with a label; a line without text is left out.
    fn line(&mut self, label: &str, text: &str) {
        self.styled(LABEL, label, text);
    }

    fn styled(&mut self, style: Style, label: &str, text: &str) {
        if !text.is_empty() {
            let label = Styled(style, format_args!("{label:<8}"));
            self.write(format_args!("  {label} {text}\n"));
        }
    }

    fn write(&mut self, text: impl Display) {
        write!(self.0, "{text}").expect("writing to a String does not fail");
    }

    fn headline(&mut self, report: &Report) {
        let style = match report.outcome {
            Outcome::Located => GOOD,
            Outcome::Refused | Outcome::Failed => ERROR,
            Outcome::NotSeen
            | Outcome::Undecided
            | Outcome::BeyondRouter
            | Outcome::AccessPoint
            | Outcome::VirtualHost
            | Outcome::SeveralPlaces => STRONG,
        };
        self.write(format_args!("{}\n", Styled(style, headline(report))));
    }

    fn plan(&mut self, plan: &[String]) {
        for (place, step) in plan.iter().enumerate() {
            self.line(&format!("{}.", place + 1), &clean(step));
        }
    }

    fn place(&mut self, report: &Report) {
        let Some(port) = &report.port else { return };
        match &report.patch {
            Some(patch) => self.patch(patch),
            None => self.line("outlet", "not known"),
        }
        let name = port.if_name.as_deref().filter(|name| *name != port.label);
        let alias = port.alias.as_deref().filter(|alias| !alias.is_empty());
        let alias = alias.map(|alias| format!("described as \"{}\"", clean(alias)));
        let names = [name.map(|name| clean(name).into_owned()), alias];
        self.line("port", &joined(names.into_iter().flatten(), "  "));
        if report.path.len() > 1 {
            let hops = report.path.iter();
            let hops = hops.map(|hop| format!("{} port {}", hop.switch, clean(&hop.port)));
            self.line("path", &joined(hops, " > "));
        }
        if let Some(behind) = &report.behind {
            self.line("behind", &clean(behind));
        }
        let others = report.other_macs_on_port.iter();
        self.line("others", &joined(others.map(ToString::to_string), " "));
    }

    fn patch(&mut self, patch: &PatchReport) {
        let around = [
            ("panel", &patch.panel),
            ("position", &patch.position),
            ("room", &patch.room),
        ];
        let around = around.into_iter().filter(|(_, text)| !text.is_empty());
        let around = joined(
            around.map(|(word, text)| format!("{word} {}", clean(text))),
            ", ",
        );
        let outlet = match patch.outlet.as_str() {
            "" => "not in the patch list".to_owned(),
            outlet => Styled(STRONG, clean(outlet)).to_string(),
        };
        if around.is_empty() {
            self.line("outlet", &outlet);
        } else {
            self.line("outlet", &format!("{outlet}  ({around})"));
        }
        self.line("note", &clean(&patch.note));
        for (heading, text) in &patch.extra {
            self.line(&clean(heading), &clean(text));
        }
    }

    fn device(&mut self, report: &Report) {
        let suspect = &report.suspect;
        let first = suspect.names.first();
        let parts = [
            first.map(|name| clean(&name.name).into_owned()),
            first.and_then(|name| Some(clean(name.group.as_deref()?).into_owned())),
            suspect.mac.map(|mac| mac.to_string()),
            suspect
                .vendor
                .as_deref()
                .map(|name| clean(name).into_owned()),
        ];
        self.line("device", &joined(parts.into_iter().flatten(), "  "));
        for name in suspect.names.iter().skip(1) {
            self.line("", &format!("{}  ({})", clean(&name.name), name.source));
        }
        if let Some(kind) = &suspect.kind {
            self.line("likely", &clean(&kind.to_string()));
        }
        for name in &suspect.names {
            self.name_details(name);
        }
    }

    fn name_details(&mut self, name: &NameReport) {
        if let Some(user) = &name.user {
            self.line("user", &clean(user));
        }
        if let Some(mac) = name.claimed_mac {
            let text = format!("the machine itself says that its MAC is {mac}");
            self.styled(WARNING, "warning", &text);
        }
    }

    fn evidence(&mut self, report: &Report) {
        if let (Some(confidence), Some(_)) = (report.confidence, &report.port) {
            let proof = match report.confirmation {
                Some(proof) if proof.confirmed => format!(
                    "confirmed by switching the port's mirror off and on {}",
                    count(usize::try_from(proof.cycles).unwrap_or(usize::MAX), "time")
                ),
                Some(_) | None => {
                    "not confirmed by switching the port's mirror off and on".to_owned()
                }
            };
            self.line("sure", &format!("{}, {proof}", percent(confidence)));
        }
        match &report.port {
            Some(port) => self.line("why", &with_and_without(report, &port.label)),
            None if report.probes.is_empty() => {}
            None => self.line("looked", &looked(report)),
        }
    }

    fn shortlist(&mut self, candidates: &[CandidateReport]) {
        let place = |candidate: &CandidateReport| {
            format!("{} port {}", candidate.switch, clean(&candidate.port))
        };
        let width = candidates
            .iter()
            .map(|one| place(one).chars().count())
            .max();
        let width = width.unwrap_or(0);
        for (rank, candidate) in candidates.iter().enumerate() {
            let label = if rank == 0 { "ports" } else { "" };
            let place = place(candidate);
            let text = format!("{place:<width$}  {:>9}", percent(candidate.belief));
            self.line(label, &text);
        }
    }

    fn next(&mut self, report: &Report) {
        for (rank, advice) in advice(report).iter().enumerate() {
            self.line(if rank == 0 { "next" } else { "" }, advice);
        }
    }

    fn error(&mut self, error: Option<&ErrorReport>) {
        let Some(error) = error else { return };
        self.styled(ERROR, "error", &error.message);
        for cause in &error.causes {
            self.line("cause", cause);
        }
        self.line("hint", error.hint.as_deref().unwrap_or_default());
    }

    fn switch(&mut self, report: &Report) {
        let writes = usize::try_from(report.mirror.writes).unwrap_or(usize::MAX);
        match (report.mirror.restored, writes) {
            (false, _) => {
                let which = report.switch.as_deref();
                let which = which.map(|name| format!(" --switch {name}"));
                let command = format!("halfspan restore{}", which.unwrap_or_default());
                self.styled(
                    ERROR,
                    "switch",
                    &format!("NOT as it was before; run: {command}"),
                );
            }
            (true, 0) => self.line("switch", "nothing was written to it"),
            (true, _) => {
                let text = format!("mirror put back as it was ({})", count(writes, "write"));
                self.line("switch", &text);
            }
        }
        let elapsed = Duration::try_from_secs_f64(report.elapsed_seconds);
        self.line("took", &span(elapsed.unwrap_or_default()));
    }
}

/// Names the suspect by what it was looked for.
fn who(report: &Report) -> String {
    let suspect = &report.suspect;
    match (suspect.ip, suspect.mac, &suspect.filter) {
        (_, _, Some(filter)) => format!("the sender of `{}`", clean(filter)),
        (Some(ip), _, None) => ip.to_string(),
        (None, Some(mac), None) => mac.to_string(),
        (None, None, None) => "the suspect".to_owned(),
    }
}

/// Says how often the suspect was heard with the port mirrored and without.
fn with_and_without(report: &Report, label: &str) -> String {
    let tally = |mirrored: bool| {
        let probes = report.probes.iter();
        let windows: Vec<bool> = probes
            .filter(|probe| {
                report.switch.as_ref() == Some(&probe.switch)
                    && probe.sources.iter().any(|source| source == label) == mirrored
            })
            .map(|probe| probe.sightings > 0)
            .collect();
        let heard = windows.iter().filter(|heard| **heard).count();
        (heard, windows.len())
    };
    match (tally(true), tally(false)) {
        ((_, 0), _) => String::new(),
        ((heard, windows), (0, 0)) => {
            format!(
                "heard in {heard} of {} with this port mirrored",
                count(windows, "window")
            )
        }
        ((heard, windows), (stray, others)) => format!(
            "heard in {heard} of {} with this port mirrored, in {stray} of {others} without it",
            count(windows, "window")
        ),
    }
}

/// Says how much was tried in vain.
fn looked(report: &Report) -> String {
    let mut ports: Vec<(&str, &str)> = Vec::new();
    for probe in &report.probes {
        let sources = probe.sources.iter();
        ports.extend(sources.map(|source| (probe.switch.as_str(), source.as_str())));
    }
    ports.sort_unstable();
    ports.dedup();
    let seconds: f64 = report.probes.iter().map(|probe| probe.seconds).sum();
    format!(
        "{} in {}, listened for {}",
        count(ports.len(), "port"),
        count(report.probes.len(), "window"),
        span(Duration::try_from_secs_f64(seconds).unwrap_or_default())
    )
}

/// Says what to try, likeliest first.
fn advice(report: &Report) -> Vec<String> {
    let lines: &[&str] = match report.outcome {
        Outcome::Located => return the_last_metres(report),
        Outcome::BeyondRouter => return beyond_the_router(report),
        Outcome::Refused | Outcome::Failed => &[],
        Outcome::NotSeen => &[
            "see that it is switched on, then let it talk: leave out --passive",
            "if it is on another switch: --switch NAME, or add the switch to halfspan.yaml",
            "if it talks seldom: --max-time 600",
        ],
        Outcome::Undecided => &[
            "give it more time: --max-time 600",
            "or try the ports alone: --candidates with the list above",
        ],
        Outcome::AccessPoint => &["ask the access point, or its controller, for its clients"],
        Outcome::VirtualHost => &["ask the host which of its machines has the address"],
        Outcome::SeveralPlaces => &[
            "two machines may share the address: locate each one by --mac",
            "the same MAC at two ports is a loop, a moved machine or a forged address",
        ],
    };
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Says how to find the machine among others behind the port.
fn the_last_metres(report: &Report) -> Vec<String> {
    let (Some(switch), Some(port), Some(mac)) = (&report.switch, &report.port, report.suspect.mac)
    else {
        return Vec::new();
    };
    let watch = format!(
        "which of them it is shows while somebody pulls plugs there: halfspan watch --mac {mac} --switch {switch} --port {}",
        clean(&port.label)
    );
    let has_others = !report.other_macs_on_port.is_empty();
    has_others.then_some(watch).into_iter().collect()
}

/// Says how to go on at the other side of a router.
fn beyond_the_router(report: &Report) -> Vec<String> {
    let mut names = report.suspect.names.iter();
    // What it says itself is the best guess at what its frames carry over there.
    let own = names.find_map(|name| name.claimed_mac);
    let suspect = match (own, report.suspect.ip, &report.suspect.filter) {
        (Some(mac), ..) => format!("--mac {mac}"),
        (None, _, Some(filter)) => format!("--filter {}", shell::quoted(&clean(filter))),
        (None, Some(ip), None) => format!("--ip {ip}"),
        (None, None, None) => "--mac MAC".to_owned(),
    };
    let ask = "ask that router whose MAC the address has: its ARP or neighbour table knows the machines next to it";
    let over_there = format!(
        "then look on the switch at the router's other side: halfspan locate {suspect} --switch NAME"
    );
    vec![ask.to_owned(), over_there]
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

#[cfg(test)]
pub(super) mod tests;
