//! From the pages of a switch's web interface to the profiles that may fit it, for a switch without SNMP.
//!
//! Pages are asked for without a login and change nothing. Where an unknown page is answered in the same way as a page of
//! a family, its status proves nothing; then only what stands in it counts.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Profile, built_in};

/// A page that no switch has: what a switch answers to everything shows in it.
const NOWHERE: &str = "/halfspan-asks-for-nothing";

/// A page that such a switch answers in its own way.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebSign {
    /// Path and query; asked for by GET, without a login.
    pub path: String,
    /// The statuses that it is answered with.
    pub status: Vec<u16>,
    /// What stands in the answer.
    pub text: Option<String>,
}

/// A page as a switch has answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The port that the family of the page is usually asked at, where that is not 443.
    pub port: Option<u16>,
    /// Path and query.
    pub path: String,
    /// The HTTP status.
    pub status: u16,
    /// The beginning of the answer.
    pub text: String,
}

/// Returns what to ask a switch for that nothing is known of: port and path, each once.
#[must_use]
pub fn pages_to_ask() -> Vec<(Option<u16>, String)> {
    let mut pages = vec![(None, NOWHERE.to_owned())];
    for profile in built_in() {
        let port = profile.http.as_ref().and_then(|http| http.port);
        let signs = profile.identify.web.iter();
        let of_profile = signs.map(|sign| sign.path.clone());
        let control = port.map(|_| NOWHERE.to_owned());
        for path in control.into_iter().chain(of_profile) {
            if !pages.contains(&(port, path.clone())) {
                pages.push((port, path));
            }
        }
    }
    pages
}

/// Returns the built-in profiles whose signs the pages show: those with a text of their own, or else all.
#[must_use]
pub fn showing(pages: &[Page]) -> Vec<Profile> {
    let mut found: Vec<(bool, Profile)> = built_in()
        .into_iter()
        .filter_map(|profile| {
            let port = profile.http.as_ref().and_then(|http| http.port);
            let signs = profile.identify.web.iter();
            let mut shown = signs.filter(|sign| shows(sign, port, pages));
            let by_text = shown.next()?.text.is_some();
            Some((by_text, profile))
        })
        .collect();
    // A text says more than that a page wants a login.
    if found.iter().any(|(by_text, _)| *by_text) {
        found.retain(|(by_text, _)| *by_text);
    }
    found.into_iter().map(|(_, profile)| profile).collect()
}

fn shows(sign: &WebSign, port: Option<u16>, pages: &[Page]) -> bool {
    let at = |path: &str| {
        let same = |page: &&Page| page.port == port && page.path == path;
        pages.iter().find(same)
    };
    let Some(page) = at(&sign.path).filter(|page| sign.status.contains(&page.status)) else {
        return false;
    };
    match &sign.text {
        Some(text) => page.text.contains(text.as_str()),
        None => at(NOWHERE).is_some_and(|nowhere| nowhere.status != page.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, status: u16, text: &str) -> Page {
        Page {
            port: None,
            path: path.to_owned(),
            status,
            text: text.to_owned(),
        }
    }

    fn names(pages: &[Page]) -> Vec<String> {
        showing(pages).into_iter().map(|one| one.name).collect()
    }

    #[test]
    fn a_page_that_needs_a_login_is_a_sign_where_unknown_pages_are_not_there() {
        let asked = |status| [page(NOWHERE, status, ""), page("/command-api", 401, "")];
        assert_eq!(names(&asked(404)), ["arista-eos"]);
        assert_eq!(names(&asked(401)), Vec::<String>::new());
    }

    #[test]
    fn a_text_is_a_sign_whatever_unknown_pages_are_answered_with() {
        let login = "<script>var logonInfo = new Array(0,0,0);</script>";
        let pages = [page(NOWHERE, 200, login), page("/", 200, login)];
        assert_eq!(names(&pages), ["tplink-easysmart"]);
    }

    #[test]
    fn every_page_is_asked_for_once_and_each_port_has_its_page_that_is_not_there() {
        let mut pages = pages_to_ask();
        let ports: Vec<Option<u16>> = pages.iter().map(|(port, _)| *port).collect();
        for port in ports {
            assert!(pages.contains(&(port, NOWHERE.to_owned())));
        }
        let all = pages.len();
        pages.sort();
        pages.dedup();
        assert_eq!(pages.len(), all);
    }
}
