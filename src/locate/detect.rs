//! Finding the profile of a switch whose configuration names none: by what it says about itself, and, where that
//! leaves more than one, by what it answers. Reads only.

use super::pages;
use super::switches;
use crate::config::{Agent, DirectAddress, Switch};
use crate::error::{Exit, Failure};
use crate::mirror::{Fit, Grade, fit_entries, fit_objects};
use crate::profile::http::Http;
use crate::profile::{self, Page, Profile, Shape, Told};
use crate::snmp::{Client, SnmpError};
use crate::tables::system::{self, System};

/// A word of a switch, or a list of names, is told no longer than this, in characters.
const TOLD: usize = 120;

/// The profile that was found, and how.
pub(super) struct Choice {
    pub(super) profile: Profile,
    /// What was read and asked that led to it, in one sentence.
    pub(super) why: String,
}

/// A profile that was held against the switch.
struct Tried {
    profile: Profile,
    /// What the switch answered, or why it could not be asked.
    fit: Result<Fit, String>,
}

impl Tried {
    fn grade(&self) -> Grade {
        self.fit.as_ref().map_or(Grade::Unfit, Fit::grade)
    }

    /// What goes first among those of the same grade: the fewest questions left open, then the most answers.
    fn order(&self) -> (std::cmp::Reverse<usize>, usize) {
        let count = |list: fn(&Fit) -> &Vec<String>| self.fit.as_ref().map_or(0, |f| list(f).len());
        (
            std::cmp::Reverse(count(|fit| &fit.open)),
            count(|fit| &fit.answered),
        )
    }

    /// Says what speaks for it.
    fn for_it(&self) -> String {
        match &self.fit {
            Ok(fit) if fit.capable == Some(true) => "the switch says that it has them".to_owned(),
            Ok(fit) if !fit.answered.is_empty() => {
                format!("asked, it answers {}", listed(&fit.answered))
            }
            Ok(_) | Err(_) => "asked, its tables are empty, which speaks neither way".to_owned(),
        }
    }

    /// Says what speaks against it.
    fn against(&self) -> String {
        let name = &self.profile.name;
        match &self.fit {
            Err(why) => format!("{name} ({why})"),
            Ok(fit) if fit.capable == Some(false) => {
                format!("{name} (the switch says that it cannot)")
            }
            Ok(fit) if !fit.missing.is_empty() => {
                format!("{name} (does not answer {})", listed(&fit.missing))
            }
            Ok(_) => format!("{name} (answers less)"),
        }
    }
}

/// Finds the profile of a switch.
///
/// # Errors
/// The switch cannot be asked, nothing fits, or several do and nothing tells them apart.
pub(super) fn choose(switch: &Switch) -> Result<Choice, Failure> {
    if let Some(direct) = &switch.direct {
        return by_address(&direct.address);
    }
    match &switch.agent {
        Some(agent) if agent.credential.has_snmp() => by_snmp(switch, agent),
        Some(agent) => by_http(switch, agent),
        None => Err(Failure::new(Exit::Usage, "the switch has no address")
            .hint("add `address:` and `credentials:`, or write `profile: manual`")),
    }
}

/// The kind of address tells what is there.
fn by_address(address: &DirectAddress) -> Result<Choice, Failure> {
    let (shape, why) = if *address == DirectAddress::ThisMachine {
        (Shape::TcFilters, "the address is this machine's bridge")
    } else {
        let why = "the address is a database of Open vSwitch";
        (Shape::OvsdbMirror, why)
    };
    let mut known = profile::built_in().iter();
    let profile = known.find(|profile| profile.shape == shape).cloned();
    let why = why.to_owned();
    profile
        .map(|profile| Choice { profile, why })
        .ok_or_else(|| Failure::new(Exit::Usage, "there is no profile for this address"))
}

/// Web pages that are shown without a login tell which families to think of; those are asked for their entries.
fn by_http(switch: &Switch, agent: &Agent) -> Result<Choice, Failure> {
    let read = pages::read(switch)?;
    let hold = |profile: Profile| {
        let described = profile.http.as_ref();
        let fit = described.map_or_else(
            || Err("is not told over HTTP".to_owned()),
            |described| fit_over_http(switch, agent, described),
        );
        Tried { profile, fit }
    };
    let mut tried: Vec<Tried> = profile::showing(&read).into_iter().map(hold).collect();
    let Some(place) = best(&tried) else {
        return Err(no_web_interface_fits(switch, &read, &tried));
    };
    let chosen = tried.remove(place);
    let why = format!(
        "its web pages point to it; {}{}",
        chosen.for_it(),
        not(&tried)
    );
    let profile = chosen.profile;
    Ok(Choice { profile, why })
}

fn by_snmp(switch: &Switch, agent: &Agent) -> Result<Choice, Failure> {
    let mut client = switches::connect(&switch.name, agent)?;
    let told = told(&mut client)?;
    let mut tried = Vec::new();
    for profile in profile::matching(&told) {
        tried.push(hold(profile, switch, agent, &mut client)?);
    }
    if !tried.iter().any(|one| one.grade() == Grade::Fits) {
        for profile in profile::told_by_probe() {
            let one = hold(profile, switch, agent, &mut client)?;
            // An empty table of a standard MIB is no sign of it.
            if one.grade() == Grade::Fits {
                tried.push(one);
            }
        }
    }
    // What a switch says of itself over SNMP may not tell that it is driven by its web interface.
    if best(&tried).is_none() && agent.credential.has_http() {
        for profile in profile::showing(&pages::read(switch)?) {
            if tried.iter().all(|one| one.profile.name != profile.name) {
                tried.push(hold(profile, switch, agent, &mut client)?);
            }
        }
    }
    let Some(place) = best(&tried) else {
        let others = others_that_answer(&tried, &mut client)?;
        return Err(nothing_fits(switch, &told, &tried, &others));
    };
    let may_fit: Vec<&Tried> = tried
        .iter()
        .filter(|one| one.grade() > Grade::Unfit)
        .collect();
    if may_fit.len() > 1 && may_fit.iter().all(|one| one.grade() == Grade::Open) {
        return Err(ambiguous(switch, &told, &may_fit));
    }
    let chosen = tried.remove(place);
    let pointed = if told_points(&told, &chosen.profile) {
        format!("{} points to it; ", words(&told))
    } else {
        format!("{} points to no profile that fits; ", words(&told))
    };
    let why = format!("{pointed}{}{}", chosen.for_it(), not(&tried));
    let profile = chosen.profile;
    Ok(Choice { profile, why })
}

/// Reads what a switch says about itself.
pub(super) fn told(client: &mut Client) -> Result<Told, SnmpError> {
    Ok(told_by(&system::read(client)?))
}

/// Returns what of it points to a profile.
pub(super) fn told_by(system: &System) -> Told {
    Told {
        sys_object_id: system.object_id.clone().unwrap_or_default(),
        sys_descr: system.descr.clone(),
    }
}

fn told_points(told: &Told, profile: &Profile) -> bool {
    profile
        .identify
        .matches(&told.sys_object_id, &told.sys_descr)
}

/// Holds a profile against the switch: asks for the objects or entries that it needs.
fn hold(
    profile: Profile,
    switch: &Switch,
    agent: &Agent,
    client: &mut Client,
) -> Result<Tried, Failure> {
    let fit = match &profile.http {
        None => Ok(fit_objects(&profile, client)?),
        Some(_) if !agent.credential.has_http() => {
            Err("needs `http:` in the credential".to_owned())
        }
        Some(described) => fit_over_http(switch, agent, described),
    };
    Ok(Tried { profile, fit })
}

fn fit_over_http(switch: &Switch, agent: &Agent, described: &Http) -> Result<Fit, String> {
    let asked = switches::connect_http(&switch.name, agent, described)
        .and_then(|mut web| Ok(fit_entries(described, &mut web)?));
    asked.map_err(|failure| failure.error.to_string())
}

/// Says what speaks against those that were not taken.
fn not(tried: &[Tried]) -> String {
    let not: Vec<String> = tried.iter().map(Tried::against).collect();
    if not.is_empty() {
        String::new()
    } else {
        format!("; not {}", not.join(", "))
    }
}

/// Returns the place of the one to take. What was pointed to first goes first among equals.
fn best(tried: &[Tried]) -> Option<usize> {
    let usable = tried
        .iter()
        .enumerate()
        .filter(|(_, one)| one.grade() > Grade::Unfit);
    usable
        .max_by(|(a, x), (b, y)| {
            let by_fit = (x.grade(), x.order()).cmp(&(y.grade(), y.order()));
            by_fit.then(b.cmp(a))
        })
        .map(|(place, _)| place)
}

/// Asks for the objects of all other families, and returns those of which the switch has some.
fn others_that_answer(tried: &[Tried], client: &mut Client) -> Result<Vec<Tried>, Failure> {
    let mut found = Vec::new();
    for profile in profile::built_in() {
        let is_tried = tried.iter().any(|one| one.profile.name == profile.name);
        if is_tried || profile.objects.is_empty() {
            continue;
        }
        let fit = fit_objects(profile, client)?;
        if !fit.answered.is_empty() {
            let profile = profile.clone();
            let fit = Ok(fit);
            found.push(Tried { profile, fit });
        }
    }
    Ok(found)
}

fn words(told: &Told) -> String {
    let descr = shortened(&told.sys_descr);
    format!("sysObjectID {} (`{descr}`)", told.sys_object_id)
}

fn listed(names: &[String]) -> String {
    shortened(&names.join(", "))
}

fn shortened(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    match text.char_indices().nth(TOLD) {
        Some((end, _)) => format!("{} …", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn start(switch: &Switch) -> String {
    let name = &switch.name;
    format!("halfspan profile new {name}.yaml --switch {name}")
}

fn no_web_interface_fits(switch: &Switch, read: &[Page], tried: &[Tried]) -> Failure {
    let there = read.iter().filter(|page| page.status != 404);
    let there: Vec<String> = there
        .map(|page| format!("GET {} {}", page.path, page.status))
        .collect();
    let what = format!(
        "no built-in profile fits the web interface of `{}`: it answers {}, which points to {}",
        switch.name,
        if there.is_empty() {
            "none of the pages that are known".to_owned()
        } else {
            listed(&there)
        },
        if tried.is_empty() {
            "none".to_owned()
        } else {
            let against: Vec<String> = tried.iter().map(Tried::against).collect();
            against.join(", ")
        }
    );
    Failure::new(Exit::Usage, what).hint(
        "check address and login; start a profile: halfspan profile new FILE --shape document",
    )
}

fn nothing_fits(switch: &Switch, told: &Told, tried: &[Tried], others: &[Tried]) -> Failure {
    let not: Vec<String> = tried.iter().map(Tried::against).collect();
    let not = if not.is_empty() {
        "points to none".to_owned()
    } else {
        format!("points to {}", not.join(", "))
    };
    let answered = |one: &Tried| {
        let names = one.fit.as_ref().map(|fit| listed(&fit.answered));
        format!("{} of {}", names.unwrap_or_default(), one.profile.name)
    };
    let answers: Vec<String> = others.iter().map(answered).collect();
    let answers = if answers.is_empty() {
        "it answers none of the mirror objects of the others".to_owned()
    } else {
        format!("of the others it answers {}", answers.join("; "))
    };
    let what = format!(
        "no built-in profile fits `{}`: {} {not}; {answers}",
        switch.name,
        words(told)
    );
    let like = others.iter().find(|one| one.grade() == Grade::Fits);
    let hint = match like {
        Some(one) => format!(
            "try one that may fit: halfspan profile try {} --switch {}; or start your own: {}",
            one.profile.name,
            switch.name,
            start(switch)
        ),
        None => format!("start one from it: {}", start(switch)),
    };
    Failure::new(Exit::Usage, what).hint(hint)
}

fn ambiguous(switch: &Switch, told: &Told, open: &[&Tried]) -> Failure {
    let names: Vec<&str> = open.iter().map(|one| one.profile.name.as_str()).collect();
    let what = format!(
        "several profiles may fit `{}`: {} points to {}, and the tables of all are empty",
        switch.name,
        words(told),
        names.join(", ")
    );
    Failure::new(Exit::Usage, what)
        .hint("make any mirror by hand and ask again, or write the `profile:` that fits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::lab::{Lab, Profile as Family, Spec};

    /// Starts a lab and finds the profile of its switch, as with `profile: auto`: its name and why, or nothing and the
    /// error.
    fn found(family: Family, change: impl FnOnce(&mut Spec)) -> (String, String) {
        let mut spec = Spec {
            ports: family.most_ports().min(12),
            profile: family,
            ..Spec::default()
        };
        change(&mut spec);
        let lab = Lab::start(spec.on_free_ports()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("halfspan.yaml");
        let named = format!("profile: {}\n", family.name());
        let text = lab.config_yaml();
        assert!(text.contains(&named), "{text}");
        std::fs::write(&file, text.replace(&named, "profile: auto\n")).unwrap();
        let config = Config::read(&file).unwrap();
        let before = lab.web_state();
        let choice = choose(config.switches.values().next().unwrap());
        assert_eq!(lab.web_state(), before);
        // A web interface counts questions that it refuses, too.
        let written = lab.write_attempts();
        assert!(
            written
                .iter()
                .all(|attempt| attempt.oid.is_empty() && !attempt.accepted)
        );
        match choice {
            Ok(choice) => (choice.profile.name, choice.why),
            Err(failure) => (String::new(), failure.error.to_string()),
        }
    }

    /// Families that show nothing before somebody has made a mirror, and whose `sysObjectID` is also another's.
    const SILENT: [&str; 3] = ["comware-lswqos", "eltex-mes24xx", "hpe-officeconnect-ros"];

    #[test]
    fn every_family_that_the_lab_plays_is_recognised_by_what_it_answers() {
        let left = std::sync::Mutex::new(Family::every());
        let wrong = std::sync::Mutex::new(Vec::new());
        let next = || left.lock().unwrap().pop();
        let check = |family: Family| {
            let name = family.name();
            let (chosen, why) = found(family, |_| ());
            let right = if SILENT.contains(&name) {
                chosen.is_empty() && why.contains(name)
            } else {
                chosen == name
            };
            if !right {
                let result = format!("{name}: {chosen}: {why}");
                wrong.lock().unwrap().push(result);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(family) = next() {
                        check(family);
                    }
                });
            }
        });
        let wrong = wrong.into_inner().unwrap();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn a_switch_without_snmp_is_recognised_by_its_web_interface() {
        for family in crate::lab::Family::ALL.map(Family::Web) {
            let (chosen, why) = found(family, |spec| spec.agent.web_only = true);
            assert_eq!(chosen, family.name(), "{why}");
        }
    }

    #[test]
    fn two_candidates_for_one_switch_are_told_apart_by_what_they_need() {
        let radlan = Family::by_name("radlan-ros").unwrap();
        let (chosen, why) = found(radlan, |_| ());
        assert_eq!(chosen, "radlan-ros");
        assert!(why.contains("asked, it answers rlPortCopyMode"), "{why}");
        assert!(why.contains("not marvell-span"), "{why}");
    }
}
