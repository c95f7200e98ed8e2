//! Junos: the REST API, which takes the elements of the XML protocol and answers with theirs.
//!
//! The configuration is shown as the `set` commands that would make it. A change is one request of several elements:
//! lock, load, commit, unlock; the first one that fails ends it, and what was not committed is thrown away. An analyzer is
//! committed only with an input and an output; its interfaces are logical ones, of unit 0.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Api, Ask, FOREIGN_NAME, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// The most analyzers of the platform.
const MOST: usize = 4;
/// Asks for the part of the configuration with the analyzers.
const READ: &str = "<get-configuration format=\"set\"><configuration><forwarding-options/></configuration></get-configuration>";
const LOAD: [&str; 2] = [
    "<lock-configuration/><load-configuration action=\"set\" format=\"text\"><configuration-set>",
    "</configuration-set></load-configuration><commit-configuration/><unlock-configuration/>",
];

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Analyzer {
    ingress: Vec<u32>,
    egress: Vec<u32>,
    output: Option<u32>,
}

type Analyzers = BTreeMap<String, Analyzer>;

/// The switch.
#[derive(Clone)]
pub(super) struct Junos {
    ports: Ports,
    analyzers: Analyzers,
}

impl Junos {
    pub(super) fn new(ports: Ports) -> Self {
        Junos {
            ports,
            analyzers: Analyzers::new(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, analyzer) in &self.analyzers {
            let begin = format!("set forwarding-options analyzer {name}");
            let unit = |port: &u32| format!("{}.0", self.ports.name(*port));
            for port in &analyzer.ingress {
                lines.push(format!("{begin} input ingress interface {}", unit(port)));
            }
            for port in &analyzer.egress {
                lines.push(format!("{begin} input egress interface {}", unit(port)));
            }
            if let Some(port) = &analyzer.output {
                lines.push(format!("{begin} output interface {}", unit(port)));
            }
        }
        lines
    }

    fn unit(&self, name: &str) -> Result<u32, String> {
        let port = name
            .strip_suffix(".0")
            .and_then(|name| self.ports.number(name));
        port.ok_or_else(|| format!("invalid interface {name}"))
    }

    /// Carries out one command on a candidate.
    fn command(&self, line: &str, candidate: &mut Analyzers) -> Result<(), String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (verb, name, rest) = match words.as_slice() {
            [
                verb @ ("set" | "delete"),
                "forwarding-options",
                "analyzer",
                name,
                rest @ ..,
            ] => (*verb, *name, rest),
            _ => return Err(format!("syntax error: {line}")),
        };
        match (verb, rest) {
            ("delete", []) => match candidate.remove(name) {
                Some(_) => return Ok(()),
                None => return Err("warning: statement not found".to_owned()),
            },
            ("set", []) => return Err(format!("syntax error: {line}")),
            _ => {}
        }
        let analyzer = candidate.entry(name.to_owned()).or_default();
        match (verb, rest) {
            ("set", ["output", "interface", port]) => analyzer.output = Some(self.unit(port)?),
            (_, ["input", way @ ("ingress" | "egress"), "interface", port]) => {
                let port = self.unit(port)?;
                let list = match *way {
                    "ingress" => &mut analyzer.ingress,
                    _ => &mut analyzer.egress,
                };
                let before = list.len();
                list.retain(|other| *other != port);
                match verb {
                    "set" => list.push(port),
                    _ if list.len() == before => {
                        return Err("warning: statement not found".to_owned());
                    }
                    _ => {}
                }
                list.sort_unstable();
            }
            _ => return Err(format!("syntax error: {line}")),
        }
        Ok(())
    }

    fn commit(&mut self, candidate: Analyzers) -> Result<(), String> {
        if candidate.len() > MOST {
            return Err("more analyzers than the platform has".to_owned());
        }
        let outputs: Vec<u32> = candidate.values().filter_map(|one| one.output).collect();
        for (name, analyzer) in &candidate {
            let no_input = analyzer.ingress.is_empty() && analyzer.egress.is_empty();
            if analyzer.output.is_none() || no_input {
                return Err(format!(
                    "analyzer {name}: input and output must be configured"
                ));
            }
            let mut inputs = analyzer.ingress.iter().chain(&analyzer.egress);
            if inputs.any(|port| outputs.contains(port)) {
                return Err(format!("analyzer {name}: an output interface is an input"));
            }
        }
        self.analyzers = candidate;
        Ok(())
    }

    fn load(&mut self, commands: &str) -> Reply {
        let mut candidate = self.analyzers.clone();
        let lines = commands.lines().filter(|line| !line.trim().is_empty());
        let loaded = lines
            .into_iter()
            .try_for_each(|line| self.command(line, &mut candidate));
        if let Err(why) = loaded {
            let why = error(&why);
            return parts(
                &[
                    "",
                    &format!(
                        "<load-configuration-results>{why}<load-error-count>1</load-error-count></load-configuration-results>"
                    ),
                ],
                false,
            );
        }
        let loaded = "<load-configuration-results><load-success/></load-configuration-results>";
        match self.commit(candidate) {
            Ok(()) => parts(
                &[
                    "",
                    loaded,
                    "<commit-results><routing-engine><name>fpc0</name><commit-success/></routing-engine></commit-results>",
                    "",
                ],
                true,
            ),
            Err(why) => parts(&["", loaded, &error(&why)], false),
        }
    }
}

fn error(why: &str) -> String {
    format!(
        "<xnm:error xmlns=\"http://xml.juniper.net/xnm/1.1/xnm\"><message>{why}</message></xnm:error>"
    )
}

/// The answers to several elements, one part each.
fn parts(answers: &[&str], wrote: bool) -> Reply {
    let part = |answer: &&str| {
        format!("--nwlrbbmqbh\r\nContent-Type: application/xml; charset=utf-8\r\n\r\n{answer}\r\n")
    };
    let parts: String = answers.iter().map(part).collect();
    let body = json!(format!("{parts}--nwlrbbmqbh--\r\n"));
    Reply {
        status: 200,
        body,
        wrote,
    }
}

impl Api for Junos {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let text = ask.body.as_str().unwrap_or_default();
        if ask.method != "POST" || ask.path != ["rpc"] {
            return Reply::read(json!("<html>404 Not Found</html>")).status(404);
        }
        if text == READ {
            let lines = self.lines().join("\n");
            let page = format!("<configuration-set>\n{lines}\n</configuration-set>\n");
            return Reply::read(json!(page));
        }
        let [begin, end] = LOAD;
        let commands = text
            .strip_prefix(begin)
            .and_then(|rest| rest.strip_suffix(end));
        let stops = ask
            .query
            .get("stop-on-error")
            .is_some_and(|value| value == "1");
        match commands.filter(|_| stops) {
            Some(commands) => self.load(commands),
            None => Reply::refused(400, json!(error("syntax error"))),
        }
    }

    fn dump(&self) -> Json {
        json!(self.lines())
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |analyzer: &Analyzer| {
            let mut sources: BTreeMap<u32, Direction> = BTreeMap::new();
            sources.extend(
                analyzer
                    .ingress
                    .iter()
                    .map(|port| (*port, Direction::Ingress)),
            );
            for port in &analyzer.egress {
                let known = sources.insert(*port, Direction::Egress);
                if known.is_some() {
                    sources.insert(*port, Direction::Both);
                }
            }
            session(analyzer.output, sources, true)
        };
        self.analyzers.values().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let analyzer = Analyzer {
            ingress: vec![source],
            egress: vec![source],
            output: Some(destination),
        };
        self.analyzers.insert(FOREIGN_NAME.to_owned(), analyzer);
    }

    fn cut(&mut self, most: usize) {
        for analyzer in self.analyzers.values_mut() {
            analyzer.ingress.truncate(most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
