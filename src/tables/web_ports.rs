//! The ports of a switch that is not asked over SNMP, as its web interface lists them.

use serde_json::{Map, Value as Json};

use crate::http::{Http, HttpError, Purpose};
use crate::port::{Link, PanelPort, PortId, PortTable, SwitchPort};
use crate::profile::http::{PortsAt, Scope, columns};

use super::label::{self, Names};

/// The most ports that are believed; the largest chassis have some hundred.
const MOST: usize = 4096;

/// Reads the ports where the profile says that they stand.
///
/// # Errors
/// [`HttpError`], [`HttpError::Nonsense`] where there is none.
pub fn read(http: &mut dyn Http, described: &PortsAt) -> Result<PortTable, HttpError> {
    let answer = http.send(&described.read, &Scope::default(), Purpose::Read)?;
    let place = answer.body.pointer(&described.at);
    let ports = match &described.count {
        None => place.map(|place| listed(place, described)),
        Some(count) => {
            let count = answer.body.pointer(count).and_then(Json::as_u64);
            let lists = place.and_then(Json::as_object).map(columns);
            let rows = lists.zip(count).map(|(rows, count)| numbered(rows, count));
            rows.map(|rows| listed(&Json::Object(rows), described))
        }
    };
    match ports {
        Some(ports) if !ports.is_empty() => Ok(PortTable::new(labelled(ports))),
        Some(_) | None => Err(HttpError::Nonsense {
            agent: http.agent().to_owned(),
            request: format!("{} {}", described.read.method.word(), described.read.path),
            what: "there is no port in it".to_owned(),
        }),
    }
}

/// Names the first `count` rows by their place. Lists may be longer than there are ports.
fn numbered(rows: Vec<Json>, count: u64) -> Map<String, Json> {
    let rows = (1..=count).zip(rows).take(MOST);
    rows.map(|(place, row)| (place.to_string(), row)).collect()
}

/// Takes the ports out of a list or map, in the order of their numbers.
fn listed(place: &Json, described: &PortsAt) -> Vec<SwitchPort> {
    let told = |at: &Option<String>, port: &Json| match port.pointer(at.as_deref()?)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    let named: Vec<(String, &Json)> = match place {
        Json::Object(members) if described.name.is_none() => {
            let members = members.iter();
            members.map(|(name, port)| (name.clone(), port)).collect()
        }
        Json::Object(members) => {
            let named = |port| Some((told(&described.name, port)?, port));
            members.values().filter_map(named).collect()
        }
        Json::Array(items) => {
            let named = |port| Some((told(&described.name, port)?, port));
            items.iter().filter_map(named).collect()
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
    };
    let is_port = |name: &str| {
        let Some((before, after)) = described.named.as_deref().and_then(|n| n.split_once("{n}"))
        else {
            return true;
        };
        let number = name
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        number.is_some_and(|n| !n.is_empty() && n.bytes().all(|octet| octet.is_ascii_digit()))
    };
    let mut ports: Vec<SwitchPort> = named
        .into_iter()
        .filter(|(name, _)| is_port(name))
        .take(MOST)
        .map(|(name, port)| SwitchPort {
            id: PortId(0),
            label: PanelPort(String::new()),
            alias: told(&described.alias, port).unwrap_or_default(),
            if_index: None,
            bridge_port: None,
            link: match (&described.up, &described.down) {
                (Some(up), _) if up.shows(port) => Link::Up,
                (_, Some(down)) if down.shows(port) => Link::Down,
                (Some(_), None) => Link::Down,
                (None, Some(_)) => Link::Up,
                (Some(_), Some(_)) | (None, None) => Link::Unknown,
            },
            if_name: name,
        })
        .collect();
    ports.sort_by_key(|port| (numbers(&port.if_name), port.if_name.clone()));
    ports
}

/// The numbers in a name: `1/1/10` comes after `1/1/9`.
fn numbers(name: &str) -> Vec<u64> {
    let digits = name.split(|letter: char| !letter.is_ascii_digit());
    digits.filter_map(|number| number.parse().ok()).collect()
}

fn labelled(mut ports: Vec<SwitchPort>) -> Vec<SwitchPort> {
    let labels = {
        let names: Vec<Names<'_>> = ports
            .iter()
            .zip(1..)
            .map(|(port, index)| Names {
                if_name: &port.if_name,
                descr: "",
                index,
            })
            .collect();
        label::labels(&names)
    };
    for (port, label) in ports.iter_mut().zip(labels) {
        port.label = PanelPort(label);
    }
    ports
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::profile::http::Sign;

    fn described(named: &str) -> PortsAt {
        let read = serde_json::from_value(json!({"method": "GET", "path": "/ports"})).unwrap();
        PortsAt {
            read,
            at: String::new(),
            name: Some("/name".to_owned()),
            named: Some(named.to_owned()),
            up: Some(Sign {
                at: "/running".to_owned(),
                is: Some(json!("true")),
            }),
            down: None,
            count: None,
            alias: Some("/comment".to_owned()),
        }
    }

    #[test]
    fn ports_are_put_in_order_and_what_is_no_port_is_left_out() {
        let list = json!([
            {"name": "ether10", "running": "true", "comment": "2.14-B"},
            {"name": "ether9", "running": "false"},
            {"name": "bridge1", "running": "true"},
            {"mtu": 1500}
        ]);
        let ports = labelled(listed(&list, &described("ether{n}")));
        let shown: Vec<_> = ports
            .iter()
            .map(|port| (&*port.label.0, &*port.if_name, port.link, &*port.alias))
            .collect();
        assert_eq!(
            shown,
            [
                ("9", "ether9", Link::Down, ""),
                ("10", "ether10", Link::Up, "2.14-B")
            ]
        );
    }
}
