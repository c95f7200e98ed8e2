//! The HTTP client of one switch: [`Http`] spoken over TCP and TLS.
//!
//! What the answers mean belongs to `mirror`; here an answer is bounded in size and time, a login that has run out is
//! renewed once and the request repeated, and every failure becomes an [`HttpError`].

use std::error::Error as _;
use std::sync::PoisonError;
use std::time::Duration;

use reqwest::{StatusCode, header};
use serde_json::Value as Json;
use tokio::runtime::Runtime;

use crate::profile::http::{
    AnswerAs, Encoding, Http as Described, Login, Method, Request, Scope, Sign, TokenIn, fill_text,
};
use crate::tls::{self, Stranger};

use super::login::{Says, Session};
use super::script::variables;
use super::text::{as_xml, form, lines, plain, short, without_tags, words};
use super::{Access, Answer, Http, HttpError, Purpose, Trust};

/// No answer is longer: the whole configuration of a large switch takes some hundred KiB.
const MOST_OCTETS: usize = 8 * 1024 * 1024;
/// How much of a page is looked at to see whose it is.
const MOST_LOOKED_AT: usize = 64 * 1024;

/// How long is waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// For the connection.
    pub connect: Duration,
    /// For a whole answer to a request that only reads; it is asked for twice.
    pub read: Duration,
    /// For a whole answer to one that changes something. Switches that commit a configuration take seconds.
    pub write: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            connect: Duration::from_secs(4),
            read: Duration::from_secs(10),
            write: Duration::from_secs(30),
        }
    }
}

/// A client for one switch.
pub struct Client {
    line: Line,
    runtime: Runtime,
}

/// Everything but the runtime.
struct Line {
    name: String,
    agent: String,
    root: String,
    client: reqwest::Client,
    session: Session,
    login: Option<Login>,
    headers: Vec<(String, String)>,
    refused_at: Vec<String>,
    refused_texts: Vec<String>,
    timing: Timing,
    stranger: Stranger,
}

impl Client {
    /// Makes a client; nothing is sent yet. `name` is what messages call the switch, `host` a name or address, `port`
    /// the port to ask where neither the credential nor the profile names one.
    ///
    /// # Errors
    /// [`HttpError::Setup`]
    pub fn connect(
        name: &str,
        host: &str,
        port: Option<u16>,
        access: &Access,
        described: &Described,
        timing: Timing,
    ) -> Result<Client, HttpError> {
        let scheme = if access.trust == Trust::Plain {
            "http"
        } else {
            "https"
        };
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        let port = access.port.or(described.port).or(port);
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let root = format!("{scheme}://{host}{port}");
        let agent = format!("{name} ({root})");
        let setup = |what: String| HttpError::Setup {
            agent: agent.clone(),
            what,
        };
        let stranger = Stranger::default();
        let client = make(access, timing, &stranger).map_err(setup)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| setup(error.to_string()))?;
        let line = Line {
            name: name.to_owned(),
            session: Session::new(access, described),
            login: described.login.clone(),
            headers: described.headers.clone().into_iter().collect(),
            refused_at: described.refused_at.clone(),
            refused_texts: described.refused_texts.clone(),
            timing,
            stranger,
            client,
            agent,
            root,
        };
        Ok(Client { line, runtime })
    }
}

impl Client {
    /// Asks for a page without showing a login: its status, and the beginning of what stands in it.
    ///
    /// # Errors
    /// [`HttpError`]: there is no answer.
    pub fn look(&mut self, path: &str) -> Result<(u16, String), HttpError> {
        self.runtime.block_on(self.line.look(path))
    }
}

impl Http for Client {
    fn agent(&self) -> &str {
        &self.line.agent
    }

    fn device(&self) -> String {
        let by_address = || {
            let mut url = reqwest::Url::parse(&self.line.root).ok()?;
            let found = url.socket_addrs(|| None).ok()?;
            url.set_ip_host(found.first()?.ip()).ok()?;
            Some(url.as_str().trim_end_matches('/').to_owned())
        };
        let address = by_address().unwrap_or_else(|| self.line.root.clone());
        format!("{} ({address})", self.line.name)
    }

    fn send(
        &mut self,
        request: &Request,
        scope: &Scope,
        purpose: Purpose,
    ) -> Result<Answer, HttpError> {
        self.runtime
            .block_on(self.line.send(request, scope, purpose))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let Some(logout) = self
            .line
            .login
            .as_ref()
            .and_then(|login| login.logout.clone())
        else {
            return;
        };
        if self.line.session.open {
            let Client { line, runtime } = self;
            let scope = Scope::default();
            let bye = line.exchange(&logout, &scope, Purpose::Read, true);
            // A session that cannot be ended runs out by itself.
            let _ended = runtime.block_on(bye);
        }
    }
}

/// Makes the library's client.
fn make(access: &Access, timing: Timing, stranger: &Stranger) -> Result<reqwest::Client, String> {
    // Whoever was first has installed the same one.
    let _known = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .cookie_store(true)
        .connect_timeout(timing.connect)
        .user_agent(concat!("halfspan/", env!("CARGO_PKG_VERSION")));
    let builder = match &access.trust {
        Trust::System | Trust::Plain => builder,
        Trust::Anybody => builder.tls_danger_accept_invalid_certs(true),
        Trust::Authority(file) => {
            let bad = |what: String| format!("the certificate file {}: {what}", file.display());
            let pem = std::fs::read(file).map_err(|error| bad(error.to_string()))?;
            let authorities =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| bad(chain(&error)))?;
            if authorities.is_empty() {
                return Err(bad("it holds no certificate".to_owned()));
            }
            builder.tls_certs_only(authorities)
        }
        Trust::Fingerprint(digest) => {
            let config = tls::believing(*digest, stranger).map_err(|error| error.to_string())?;
            builder.tls_backend_preconfigured(config)
        }
    };
    builder.build().map_err(|error| chain(&error))
}

/// An answer as it came.
struct Raw {
    status: StatusCode,
    headers: header::HeaderMap,
    octets: Vec<u8>,
}

impl Raw {
    /// Returns the token where a login has put it.
    fn token(&self, place: &TokenIn) -> Option<String> {
        let texts = |name: &header::HeaderName| {
            let values = self.headers.get_all(name).into_iter();
            values.filter_map(|value| value.to_str().ok())
        };
        match place {
            TokenIn::Header(name) => {
                let name = header::HeaderName::try_from(name.as_str()).ok()?;
                texts(&name).next().map(str::to_owned)
            }
            TokenIn::Cookie(name) => texts(&header::SET_COOKIE).find_map(|cookie| {
                let (found, value) = cookie.split(';').next()?.split_once('=')?;
                let value = value.trim().trim_matches('"');
                (found.trim() == name && !value.is_empty()).then(|| value.to_owned())
            }),
        }
    }
}

impl Line {
    async fn send(
        &mut self,
        request: &Request,
        scope: &Scope,
        purpose: Purpose,
    ) -> Result<Answer, HttpError> {
        let mut renewed = false;
        let mut lost = false;
        loop {
            let fresh = self.enter().await?;
            let raw = match self.exchange(request, scope, purpose, false).await {
                Err(error) if error.is_lost() && purpose == Purpose::Read && !lost => {
                    lost = true;
                    continue;
                }
                raw => raw?,
            };
            let sign = self.login.as_ref().and_then(|login| login.expired.as_ref());
            let may_renew = self.login.is_some() && self.session.has_password();
            let is_refused = [401, 403].contains(&raw.status.as_u16());
            let shows_login = sign.is_some_and(|sign| self.shows(request, &raw, sign));
            if may_renew && !renewed && !fresh && (is_refused || shows_login) {
                tracing::debug!(agent = %self.agent, "the login has run out and is renewed");
                renewed = true;
                self.session.closed();
                continue;
            }
            let answer = self.judge(request, &raw, purpose)?;
            // A page that asks for a login is no data, however fresh the login is.
            if shows_login {
                return Err(HttpError::Login {
                    agent: self.agent.clone(),
                    status: answer.status,
                });
            }
            return Ok(answer);
        }
    }

    /// Logs in, where that is to be done; tells whether it was.
    async fn enter(&mut self) -> Result<bool, HttpError> {
        let Some(login) = self.login.clone() else {
            return Ok(false);
        };
        if self.session.open || !self.session.has_password() {
            return Ok(false);
        }
        let raw = self
            .exchange(&login.request, &Scope::default(), Purpose::Write, true)
            .await?;
        let refused = [400, 401, 403].contains(&raw.status.as_u16());
        let no_login = |status: u16| HttpError::Login {
            agent: self.agent.clone(),
            status,
        };
        if refused {
            return Err(no_login(raw.status.as_u16()));
        }
        let answer = match self.judge(&login.request, &raw, Purpose::Write) {
            Err(HttpError::Refused { status: 200, .. }) => return Err(no_login(200)),
            answer => answer?,
        };
        let granted = login.granted.as_ref();
        if granted.is_some_and(|sign| !sign.shows(&answer.body)) {
            return Err(no_login(answer.status));
        }
        let take = login.take.as_ref();
        let taken = take.and_then(|take| take.read(&answer.body).texts.remove("token"));
        let placed = login.token_in.as_ref().and_then(|place| raw.token(place));
        let token = taken.or(placed);
        if token.is_none() && (login.take.is_some() || login.token_in.is_some()) {
            return Err(no_login(answer.status));
        }
        self.session.opened(token);
        Ok(true)
    }

    async fn look(&self, path: &str) -> Result<(u16, String), HttpError> {
        let request = Request {
            method: Method::Get,
            path: path.to_owned(),
            ..Request::default()
        };
        let built = self.client.get(format!("{}{path}", self.root));
        let answer = built.timeout(self.timing.read).send().await;
        let mut answer = answer.map_err(|error| self.failed(&request, &error))?;
        let status = answer.status().as_u16();
        let mut octets = Vec::new();
        while octets.len() < MOST_LOOKED_AT {
            match answer.chunk().await {
                Ok(Some(chunk)) => octets.extend_from_slice(&chunk),
                // What came is enough to look at.
                Ok(None) | Err(_) => break,
            }
        }
        octets.truncate(MOST_LOOKED_AT);
        Ok((status, String::from_utf8_lossy(&octets).into_owned()))
    }

    /// Sends one request and reads the whole answer.
    async fn exchange(
        &self,
        request: &Request,
        scope: &Scope,
        purpose: Purpose,
        logs_in: bool,
    ) -> Result<Raw, HttpError> {
        let scope = self.session.unlock(scope);
        let incomplete = |what: String| HttpError::Incomplete {
            agent: self.agent.clone(),
            request: shown(request),
            what,
        };
        let path = fill_text(&request.path, &scope).map_err(|gap| incomplete(gap.to_string()))?;
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let wait = match purpose {
            Purpose::Read => self.timing.read,
            Purpose::Write => self.timing.write,
        };
        let mut built = self
            .client
            .request(method, format!("{}{path}", self.root))
            .timeout(wait)
            .header(
                header::ACCEPT,
                match request.answer {
                    AnswerAs::Json => "application/json",
                    AnswerAs::Script | AnswerAs::Text => "*/*",
                },
            );
        if let Some(body) = &request.body {
            let scope = match request.encoding {
                Encoding::Xml => as_xml(scope.clone()),
                Encoding::Json | Encoding::Form => scope.clone(),
            };
            let body = body
                .fill(&scope)
                .map_err(|gap| incomplete(gap.to_string()))?;
            let (kind, text) = match request.encoding {
                Encoding::Json => ("application/json", body.to_string()),
                Encoding::Form => ("application/x-www-form-urlencoded", form(&body)),
                Encoding::Xml => ("application/xml", lines(&body)),
            };
            built = built.header(header::CONTENT_TYPE, kind).body(text);
        }
        let mut headers = header::HeaderMap::new();
        for (name, text) in &self.headers {
            let Ok(text) = fill_text(text, &scope) else {
                continue;
            };
            let name = header::HeaderName::try_from(name.as_str());
            let value = header::HeaderValue::try_from(text);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(incomplete("a header cannot be sent".to_owned()));
            };
            headers.insert(name, value);
        }
        built = built.headers(headers);
        built = match self.session.says(self.login.is_some() || logs_in) {
            Says::Nothing => built,
            Says::Basic(user, password) => built.basic_auth(user, Some(password)),
            Says::Bearer(token) => built.bearer_auth(token),
        };
        let answer = built.send().await;
        let mut answer = answer.map_err(|error| self.failed(request, &error))?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let mut octets = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if octets.len() + chunk.len() > MOST_OCTETS => {
                    let what = format!("the answer is longer than {MOST_OCTETS} octets");
                    return Err(self.nonsense(request, what));
                }
                Ok(Some(chunk)) => octets.extend_from_slice(&chunk),
                Ok(None) => {
                    return Ok(Raw {
                        status,
                        headers,
                        octets,
                    });
                }
                Err(error) if error.is_timeout() => return Err(self.failed(request, &error)),
                Err(error) => {
                    let got = octets.len();
                    let what = format!("it was cut short after {got} octets ({})", chain(&error));
                    return Err(self.lost(request, what));
                }
            }
        }
    }

    fn lost(&self, request: &Request, what: String) -> HttpError {
        HttpError::Lost {
            agent: self.agent.clone(),
            request: shown(request),
            what,
        }
    }

    fn nonsense(&self, request: &Request, what: String) -> HttpError {
        HttpError::Nonsense {
            agent: self.agent.clone(),
            request: shown(request),
            what,
        }
    }

    /// Says why there is no answer.
    fn failed(&self, request: &Request, error: &reqwest::Error) -> HttpError {
        let agent = self.agent.clone();
        let stranger = self
            .stranger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(digest) = stranger {
            let found = digest.iter().map(|octet| format!("{octet:02x}")).collect();
            return HttpError::Fingerprint { agent, found };
        }
        let what = chain(error);
        if is_tls(error) {
            return HttpError::Tls { agent, what };
        }
        if error.is_connect() {
            return HttpError::Unreachable { agent, what };
        }
        if error.is_timeout() {
            return self.lost(request, "no whole answer in time".to_owned());
        }
        self.lost(request, what)
    }

    /// Says what an answer means.
    fn judge(&self, request: &Request, raw: &Raw, purpose: Purpose) -> Result<Answer, HttpError> {
        let status = raw.status.as_u16();
        let agent = self.agent.clone();
        let message = || self.session.redact(&words(&raw.octets));
        match status {
            401 => Err(HttpError::Login { agent, status }),
            403 => Err(HttpError::Denied {
                agent,
                request: shown(request),
                status,
                message: message(),
            }),
            404 if purpose == Purpose::Read => Ok(Answer {
                status,
                body: Json::Null,
            }),
            200..=299 => {
                if let Some(message) = self.refusal_in(&raw.octets) {
                    return Err(HttpError::Refused {
                        agent,
                        request: shown(request),
                        status,
                        message,
                    });
                }
                let body = self.document(request, &raw.octets)?;
                let refusal = self.refused_at.iter().find_map(|at| body.pointer(at));
                match refusal.filter(|what| !what.is_null() && what.as_str() != Some("")) {
                    None => Ok(Answer { status, body }),
                    Some(what) => Err(HttpError::Refused {
                        agent,
                        request: shown(request),
                        status,
                        message: self.session.redact(&short(&plain(what))),
                    }),
                }
            }
            _ => Err(HttpError::Refused {
                agent,
                request: shown(request),
                status,
                message: message(),
            }),
        }
    }

    /// What the switch says where a text that tells of a refusal stands in its answer.
    fn refusal_in(&self, octets: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(octets);
        let mut places = self.refused_texts.iter();
        let at = places.find_map(|mark| text.find(mark.as_str()))?;
        let message = without_tags(text.get(at..)?);
        Some(self.session.redact(&short(&message)))
    }

    /// Tells whether an answer shows a sign.
    fn shows(&self, request: &Request, raw: &Raw, sign: &Sign) -> bool {
        let document = self.document(request, &raw.octets);
        document.is_ok_and(|document| sign.shows(&document))
    }

    fn document(&self, request: &Request, octets: &[u8]) -> Result<Json, HttpError> {
        if octets.trim_ascii().is_empty() {
            return Ok(Json::Null);
        }
        match request.answer {
            AnswerAs::Json => {}
            AnswerAs::Script => return Ok(variables(&String::from_utf8_lossy(octets))),
            AnswerAs::Text => return Ok(Json::from(String::from_utf8_lossy(octets).into_owned())),
        }
        serde_json::from_slice(octets).map_err(|error| {
            let begin = self
                .session
                .redact(&short(&String::from_utf8_lossy(octets)));
            let place = format!("line {}, column {}", error.line(), error.column());
            self.nonsense(request, format!("it is not JSON ({place}): {begin}"))
        })
    }
}

/// Method and path, as in the profile: gaps that may hold secrets stay gaps.
fn shown(request: &Request) -> String {
    format!("{} {}", request.method.word(), request.path)
}

/// The whole chain of reasons: the first of them never says what happened.
fn chain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    texts.dedup();
    match texts.as_slice() {
        [] => error.to_string(),
        texts => texts.join(": "),
    }
}

/// Tells whether TLS is the reason.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if holds_tls(error) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Looks into an I/O error, which does not name what it holds as its source.
fn holds_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    let inside = io.and_then(std::io::Error::get_ref);
    error.is::<rustls::Error>() || inside.is_some_and(|inside| holds_tls(inside))
}
