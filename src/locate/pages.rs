//! What a switch without SNMP shows of itself to somebody who has not logged in.

use std::collections::BTreeMap;

use super::switches;
use crate::config::Switch;
use crate::error::Failure;
use crate::http::{Client, Timing};
use crate::profile::http::Http;
use crate::profile::{self, Page};

/// Asks for the pages that tell families apart. Nothing but their paths is sent.
///
/// # Errors
/// None of them is answered; a secret that cannot be had.
pub(super) fn read(switch: &Switch) -> Result<Vec<Page>, Failure> {
    let Some(agent) = &switch.agent else {
        return Ok(Vec::new());
    };
    let access = agent.credential.http()?;
    let named = switches::web_port(agent);
    let mut by_port: BTreeMap<Option<u16>, Vec<(Option<u16>, String)>> = BTreeMap::new();
    for (usual, path) in profile::pages_to_ask() {
        let port = access.port.or(named).or(usual);
        by_port.entry(port).or_default().push((usual, path));
    }
    let mut pages = Vec::new();
    let mut trouble = None;
    for (port, asked) in by_port {
        let described = Http {
            port,
            ..Http::default()
        };
        let mut client = Client::connect(
            &switch.name,
            &agent.address.host,
            None,
            &access,
            &described,
            Timing::default(),
        )?;
        for (usual, path) in asked {
            match client.look(&path) {
                Ok((status, text)) => pages.push(Page {
                    port: usual,
                    path,
                    status,
                    text,
                }),
                // Where one is not answered, the others of that port are not either.
                Err(error) => {
                    trouble = trouble.or(Some(error));
                    break;
                }
            }
        }
    }
    match trouble {
        Some(error) if pages.is_empty() => Err(error.into()),
        Some(_) | None => Ok(pages),
    }
}
