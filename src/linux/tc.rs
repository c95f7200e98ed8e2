//! The hooks of an interface and the filters on them: `tc qdisc` and `tc filter`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tool::{self, ToolError};

/// What a filter's action carries when halfspan has set it: `halfspan` in ASCII, written as tc writes cookies.
pub const COOKIE: &str = "68616c667370616e";

/// On which way through an interface a filter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// What the interface receives.
    Ingress,
    /// What the interface sends.
    Egress,
}

impl Hook {
    /// The word for it on tc's command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Hook::Ingress => "ingress",
            Hook::Egress => "egress",
        }
    }
}

/// What matches every frame. The first is what drivers of switch chips can offload; not every kernel has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classifier {
    /// `matchall`
    Matchall,
    /// `u32` without a condition
    U32,
}

impl Classifier {
    fn words(self) -> &'static str {
        match self {
            Classifier::Matchall => "matchall",
            Classifier::U32 => "u32 match u32 0 0",
        }
    }
}

/// A filter as tc shows it, without counters.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Its place in the order: the lowest is asked first.
    pub pref: u32,
    /// The interfaces that its actions copy frames to.
    pub mirrors_to: Vec<String>,
    /// Whether halfspan has set it.
    pub is_ours: bool,
}

/// Reads which interfaces have hooks: the qdisc's kind, `clsact` or `ingress`, by the interface's name.
///
/// # Errors
/// [`ToolError`]
pub fn hooks() -> Result<BTreeMap<String, String>, ToolError> {
    let printed = tool::run("tc", &["-j", "qdisc", "show"], "")?;
    let shown: Vec<Value> = serde_json::from_slice(&printed).map_err(|error| odd(&error))?;
    let text = |row: &Value, key: &str| row.get(key)?.as_str().map(str::to_owned);
    let rows = shown
        .iter()
        .filter_map(|row| Some((text(row, "dev")?, text(row, "kind")?)));
    Ok(rows
        .filter(|(_, kind)| kind == "clsact" || kind == "ingress")
        .collect())
}

/// Reads the filters at each of these places, in one run of tc; each filter is what tc shows of it.
///
/// # Errors
/// [`ToolError`]
pub fn filters(places: &[(&str, Hook)]) -> Result<Vec<Vec<Value>>, ToolError> {
    let lines: String = places
        .iter()
        .map(|(dev, hook)| format!("filter show dev {dev} {}\n", hook.word()))
        .collect();
    let printed = tool::run("tc", &["-j", "-batch", "-"], &lines)?;
    let shown = parse_lists(&printed)?;
    if shown.len() != places.len() {
        return Err(ToolError::Odd {
            command: "tc -j -batch -".to_owned(),
            what: format!("{} answers to {} questions", shown.len(), places.len()),
        });
    }
    Ok(shown)
}

/// Carries out lines of tc in one run; the first that fails ends it.
///
/// # Errors
/// [`ToolError`]
pub fn change(lines: &[String]) -> Result<(), ToolError> {
    let input = lines.join("\n") + "\n";
    match tool::run("tc", &["-batch", "-"], &input) {
        Ok(_) => Ok(()),
        // "tc -batch -" would say nothing to a reader.
        Err(ToolError::Failed { said, .. }) => Err(ToolError::Failed {
            command: format!("tc {}", lines.join("; tc ")),
            said,
        }),
        Err(error) => Err(error),
    }
}

/// The line that gives an interface its hooks.
#[must_use]
pub fn add_hooks(dev: &str) -> String {
    format!("qdisc add dev {dev} clsact")
}

/// The line that takes them away, with every filter on them.
#[must_use]
pub fn remove_hooks(dev: &str) -> String {
    format!("qdisc del dev {dev} clsact")
}

/// The line that copies what `source` receives to `destination`. `continue`: the frame goes on to the filters after
/// it, then to the bridge, as if this one were not there.
#[must_use]
pub fn add_mirror(source: &str, destination: &str, pref: u32, by: Classifier) -> String {
    format!(
        "filter add dev {source} ingress pref {pref} protocol all {} action mirred egress mirror dev {destination} continue cookie {COOKIE}",
        by.words()
    )
}

/// The line that removes the filters with this `pref` from what an interface receives.
#[must_use]
pub fn remove_mirror(source: &str, pref: u32) -> String {
    format!("filter del dev {source} ingress pref {pref}")
}

/// Makes sense of one filter; `None` for the lines that tc prints about a filter's tables.
#[must_use]
pub fn read(shown: &Value) -> Option<Filter> {
    let actions = shown.get("options")?.get("actions")?.as_array()?;
    let text =
        |action: &Value, key: &str| action.get(key).and_then(Value::as_str).map(str::to_owned);
    let mirrors = actions.iter().filter(|action| {
        text(action, "kind").as_deref() == Some("mirred")
            && text(action, "mirred_action").as_deref() == Some("mirror")
    });
    Some(Filter {
        pref: shown.get("pref")?.as_u64()?.try_into().ok()?,
        mirrors_to: mirrors
            .filter_map(|action| text(action, "to_dev"))
            .collect(),
        is_ours: actions
            .iter()
            .any(|action| text(action, "cookie").as_deref() == Some(COOKIE)),
    })
}

fn odd(error: &serde_json::Error) -> ToolError {
    ToolError::Odd {
        command: "tc -j".to_owned(),
        what: error.to_string(),
    }
}

/// Reads the lists that tc prints, one after the other.
fn parse_lists(printed: &[u8]) -> Result<Vec<Vec<Value>>, ToolError> {
    serde_json::Deserializer::from_slice(printed)
        .into_iter()
        .collect::<Result<_, _>>()
        .map_err(|error| odd(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by iproute2 6.1.0 on Linux 6.18 for two interfaces, the second without a filter.
    const FILTERS: &[u8] = br#"[{"protocol":"all","pref":3,"kind":"u32","chain":0},{"protocol":"all","pref":3,"kind":"u32","chain":0,"options":{"fh":"800:","ht_divisor":1}},{"protocol":"all","pref":3,"kind":"u32","chain":0,"options":{"fh":"800::800","order":2048,"key_ht":"800","bkt":"0","not_in_hw":true,"match":{"value":"0","mask":"0","offmask":"","off":0},"actions":[{"order":1,"kind":"mirred","mirred_action":"mirror","direction":"egress","to_dev":"port2","control_action":{"type":"continue"},"index":1,"ref":1,"bind":1,"cookie":"68616c667370616e"}]}}]
[]
"#;

    #[test]
    fn a_filter_of_ours_is_known_by_its_cookie() {
        let lists = parse_lists(FILTERS).unwrap();
        assert_eq!(lists.len(), 2);
        let read: Vec<Filter> = lists[0].iter().filter_map(read).collect();
        assert_eq!(
            read,
            [Filter {
                pref: 3,
                mirrors_to: vec!["port2".to_owned()],
                is_ours: true,
            }]
        );
    }

    #[test]
    fn a_filter_without_the_cookie_is_somebody_elses() {
        let text = String::from_utf8(FILTERS.to_vec()).unwrap();
        let lists = parse_lists(text.replace("68616c667370616e", "00").as_bytes()).unwrap();
        assert!(
            lists[0]
                .iter()
                .filter_map(read)
                .all(|filter| !filter.is_ours)
        );
    }

    #[test]
    fn half_an_answer_is_an_error() {
        assert!(parse_lists(&FILTERS[..40]).is_err());
    }

    #[test]
    fn the_lines_are_what_a_person_would_type() {
        assert_eq!(
            add_mirror("lan1", "mir0", 7, Classifier::U32),
            "filter add dev lan1 ingress pref 7 protocol all u32 match u32 0 0 action mirred egress mirror dev mir0 continue cookie 68616c667370616e"
        );
        assert_eq!(
            remove_mirror("lan1", 7),
            "filter del dev lan1 ingress pref 7"
        );
    }
}
