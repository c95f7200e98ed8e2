//! What is known of a login: the secrets, and what the switch gave for them.

use std::collections::BTreeMap;

use crate::profile::http::{Http as Described, Scope, gaps_of};

use super::{Access, Identity};

/// The secrets of one switch, and what it gave for them.
pub(super) struct Session {
    identity: Identity,
    given: BTreeMap<String, String>,
    /// What a login has brought.
    token: Option<String>,
    /// Whether a login is in force.
    pub(super) open: bool,
    /// Whether a token that the credential gives is put by the profile itself.
    placed: bool,
}

/// How a request says who sends it, apart from cookies and the profile's own headers.
pub(super) enum Says<'a> {
    Nothing,
    Basic(&'a str, &'a str),
    Bearer(&'a str),
}

impl Session {
    pub(super) fn new(access: &Access, described: &Described) -> Session {
        let reads = described.entries.iter().map(|entry| &entry.read);
        let ports = described.ports.iter().map(|ports| &ports.read);
        let has_token = |text: &str| gaps_of(text).contains(&"token");
        let placed = described.headers.values().any(|text| has_token(text))
            || described.writes().chain(reads).chain(ports).any(|request| {
                let body = request.body.as_ref().map(|body| body.gaps());
                has_token(&request.path) || body.is_some_and(|gaps| gaps.contains(&"token"))
            });
        Session {
            identity: access.identity.clone(),
            given: access.given.clone(),
            token: None,
            open: false,
            placed,
        }
    }

    /// Notes what a login has brought.
    pub(super) fn opened(&mut self, token: Option<String>) {
        self.token = token;
        self.open = true;
    }

    /// Forgets the login.
    pub(super) fn closed(&mut self) {
        self.token = None;
        self.open = false;
    }

    /// Tells whether there is a password to log in with.
    pub(super) fn has_password(&self) -> bool {
        matches!(self.identity, Identity::Password { .. })
    }

    fn token(&self) -> Option<&str> {
        match (&self.token, &self.identity) {
            (Some(token), _) => Some(token),
            (None, Identity::Token(token)) => Some(token.reveal()),
            (None, Identity::Password { .. }) => None,
        }
    }

    /// Adds the secrets to what fills a request's gaps.
    pub(super) fn unlock(&self, scope: &Scope) -> Scope {
        let mut scope = scope.clone();
        scope.texts.extend(self.given.clone());
        if let Some(token) = self.token() {
            scope = scope.with("token", token);
        }
        if let Identity::Password { user, password } = &self.identity {
            scope = scope.with("user", user).with("password", password.reveal());
        }
        scope
    }

    /// Returns how a request says who sends it.
    pub(super) fn says(&self, logs_in: bool) -> Says<'_> {
        match &self.identity {
            Identity::Password { user, password } if !logs_in => {
                Says::Basic(user, password.reveal())
            }
            Identity::Token(token) if !self.placed => Says::Bearer(token.reveal()),
            Identity::Password { .. } | Identity::Token(_) => Says::Nothing,
        }
    }

    /// Takes secrets out of what a switch says, which may repeat the request.
    pub(super) fn redact(&self, text: &str) -> String {
        let password = match &self.identity {
            Identity::Password { password, .. } => Some(password.reveal()),
            Identity::Token(token) => Some(token.reveal()),
        };
        let secrets = password.into_iter().chain(self.token.as_deref());
        secrets.fold(text.to_owned(), |text, secret| {
            if secret.is_empty() {
                text
            } else {
                text.replace(secret, "…")
            }
        })
    }
}
