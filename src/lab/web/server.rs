//! The door of the web interface: HTTP/1.1 over TCP, who may come in, and what becomes of an answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Ask, Csrf, Door, Family, Reply};
use crate::lab::world::{World, locked};

/// No request is longer.
const MOST_OCTETS: usize = 1024 * 1024;
/// The most logins at once; as on real switches, the oldest goes.
const MOST_LOGINS: usize = 8;

/// Who may come in, and how long.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Entrance {
    pub(in crate::lab) family: Family,
    pub(in crate::lab) user: String,
    pub(in crate::lab) password: String,
    /// Whether the user may change nothing.
    pub(in crate::lab) read_only: bool,
    /// How many requests a login is good for.
    pub(in crate::lab) login_lasts: Option<u32>,
}

/// A login: the cookie and the requests it is still good for.
type Logins = Arc<Mutex<Vec<(String, u32)>>>;

/// Answers on `listener` until the task is dropped.
pub(in crate::lab) async fn serve(
    listener: TcpListener,
    entrance: Entrance,
    world: Arc<Mutex<World>>,
) {
    let entrance = Arc::new(entrance);
    let logins = Logins::default();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let visitor = Visitor {
            entrance: Arc::clone(&entrance),
            logins: Arc::clone(&logins),
            world: Arc::clone(&world),
        };
        tokio::spawn(visitor.talk(stream));
    }
}

/// A request as it came.
struct Letter {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Visitor {
    entrance: Arc<Entrance>,
    logins: Logins,
    world: Arc<Mutex<World>>,
}

impl Visitor {
    async fn talk(self, mut stream: TcpStream) {
        let mut buffer = Vec::new();
        while let Some(letter) = read(&mut stream, &mut buffer).await {
            if self.is_closed() {
                return;
            }
            let (reply, lines) = self.answer(&letter);
            let latency = locked(&self.world).answers_after();
            tokio::time::sleep(latency).await;
            if self.is_closed() || stream.write_all(&written(&reply, &lines)).await.is_err() {
                return;
            }
        }
    }

    fn is_closed(&self) -> bool {
        let mut world = locked(&self.world);
        world.tick_now();
        world.is_unreachable()
    }

    fn answer(&self, letter: &Letter) -> (Reply, Vec<String>) {
        let (path, query) = letter
            .target
            .split_once('?')
            .unwrap_or((&letter.target, ""));
        let kind = letter
            .headers
            .get("content-type")
            .map_or("", String::as_str);
        let body = match kind {
            _ if letter.body.is_empty() => Json::Null,
            "application/x-www-form-urlencoded" => {
                let text = String::from_utf8_lossy(&letter.body);
                let members = pairs(&text)
                    .into_iter()
                    .map(|(name, value)| (name, Json::from(value)));
                Json::Object(members.collect::<Map<_, _>>())
            }
            "application/xml" if self.entrance.family.speaks() == kind => {
                Json::from(String::from_utf8_lossy(&letter.body).into_owned())
            }
            kind if kind == self.entrance.family.speaks() => {
                match serde_json::from_slice(&letter.body) {
                    Ok(body) => body,
                    Err(error) => return (refusal(400, &error.to_string()), Vec::new()),
                }
            }
            other => return (refusal(415, &format!("{other} is not taken")), Vec::new()),
        };
        if let Some(answered) = self.at_the_door(letter, path, &body) {
            return answered;
        }
        let path = path
            .trim_start_matches('/')
            .split('/')
            .map(decoded)
            .collect();
        let ask = Ask {
            method: &letter.method,
            path,
            query: pairs(query),
            body,
        };
        (self.inside(&ask), Vec::new())
    }

    /// Lets somebody in, or answers at the door.
    fn at_the_door(
        &self,
        letter: &Letter,
        path: &str,
        body: &Json,
    ) -> Option<(Reply, Vec<String>)> {
        let Entrance { user, password, .. } = &*self.entrance;
        let family = self.entrance.family;
        let stop = |status: u16, why: &str| Some((refusal(status, why), Vec::new()));
        let opens = matches!(family.door(), Door::Login(lobby) if [lobby.login, lobby.logout].contains(&path));
        if !opens && !family.guards(path) {
            return stop(404, "not found");
        }
        match family.door() {
            Door::Basic => {
                let wanted = format!("Basic {}", base64(format!("{user}:{password}").as_bytes()));
                if letter.headers.get("authorization") == Some(&wanted) {
                    return None;
                }
                Some((family.stranger(), Vec::new()))
            }
            Door::Key if letter.method == "GET" => stop(405, "Method Not Allowed"),
            Door::Key if body["key"] == **password => None,
            Door::Key => stop(401, "Valid API key is required"),
            Door::Login(lobby) if path == lobby.login && letter.method == "POST" => {
                if (lobby.asks)(body) != Some([user, password]) {
                    return Some(((lobby.refuses)("Login failed"), Vec::new()));
                }
                let mut logins = locked(&self.logins);
                if logins.len() == MOST_LOGINS {
                    logins.remove(0);
                }
                let token = format!("{:016x}", fastrand::u64(..));
                let lasts = self.entrance.login_lasts.unwrap_or(u32::MAX);
                logins.push((token.clone(), lasts));
                let mut lines = vec![format!(
                    "Set-Cookie: {}={token}; Path=/; HttpOnly",
                    lobby.cookie
                )];
                lines.extend(lobby.csrf.as_ref().map(|csrf| {
                    let value = repeated(&token);
                    match csrf.cookie {
                        Some(cookie) => format!("Set-Cookie: {cookie}=\"{value}\"; Path=/"),
                        None => format!("{}: {value}", csrf.header),
                    }
                }));
                Some((Reply::read((lobby.grants)(&token)), lines))
            }
            Door::Login(lobby) => {
                let shown = letter.headers.get("cookie").map_or("", String::as_str);
                let shown = shown.split("; ").find_map(|cookie| {
                    let (name, token) = cookie.split_once('=')?;
                    (name == lobby.cookie).then_some(token)
                });
                let mut logins = locked(&self.logins);
                let known = logins.iter().position(|(token, _)| Some(&**token) == shown);
                let repeats = |csrf: &Csrf| {
                    let header = letter.headers.get(csrf.header);
                    header == shown.map(repeated).as_ref()
                };
                let known = known.filter(|_| lobby.csrf.as_ref().is_none_or(repeats));
                let Some(place) = known else {
                    return Some(((lobby.refuses)("Authorization Required"), Vec::new()));
                };
                if path == lobby.logout {
                    logins.remove(place);
                    return Some((Reply::read(Json::Null), Vec::new()));
                }
                let (_, left) = logins.get_mut(place)?;
                if *left == 0 {
                    logins.remove(place);
                    return Some(((lobby.refuses)("Session timed out"), Vec::new()));
                }
                *left = left.saturating_sub(1);
                None
            }
        }
    }

    /// Answers a request on a copy of the switch's configuration, which takes its place where the request is accepted.
    fn inside(&self, ask: &Ask<'_>) -> Reply {
        let mut world = locked(&self.world);
        let now = world.tick_now();
        let mut draft = world.control().copy();
        let Some(api) = draft.web() else {
            return refusal(404, "there is no web interface");
        };
        let before = api.dump();
        let reply = api.answer(ask);
        let changes = api.dump() != before;
        if reply.wrote && self.entrance.read_only {
            world.note_attempt(&[], false);
            return refusal(403, "the user may only read");
        }
        if reply.wrote {
            let accepted = reply.status < 400;
            world.note_attempt(&[], accepted);
            if !accepted {
                return reply;
            }
            if !world.fits_the_hardware(&*draft) {
                return refusal(400, "no mirror resource is left");
            }
            if changes {
                world.commit(draft, now);
            } else {
                world.keep(draft);
            }
        }
        reply
    }
}

/// What has to be repeated in a header of who shows a token.
fn repeated(token: &str) -> String {
    token.chars().rev().collect()
}

fn refusal(status: u16, why: &str) -> Reply {
    Reply {
        status,
        body: json!({"message": why}),
        wrote: false,
    }
}

/// Reads one request; `None` at the end, and for what is none.
async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Letter> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = buffer.split_off(end + 4);
            break String::from_utf8(std::mem::replace(buffer, rest)).ok()?;
        }
        more(stream, buffer).await?;
    };
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(Some(0), |text| text.parse().ok())?;
    if length > MOST_OCTETS {
        return None;
    }
    while buffer.len() < length {
        more(stream, buffer).await?;
    }
    let rest = buffer.split_off(length);
    let body = std::mem::replace(buffer, rest);
    Some(Letter {
        method,
        target,
        headers,
        body,
    })
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    if buffer.len() > MOST_OCTETS {
        return None;
    }
    let got = stream.read_buf(buffer).await.ok()?;
    (got > 0).then_some(())
}

fn written(reply: &Reply, lines: &[String]) -> Vec<u8> {
    let (kind, body) = match &reply.body {
        Json::Null => ("application/json", String::new()),
        Json::String(page) => ("text/html", page.clone()),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            ("application/json", reply.body.to_string())
        }
    };
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let head = format!(
        "HTTP/1.1 {} Answer\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n{lines}\r\n",
        reply.status,
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// Reads a query or a form.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// Undoes percent encoding (RFC 3986 §2.1).
fn decoded(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        let mut ahead = rest.clone();
        let digits = [ahead.next(), ahead.next()].map(|digit| digit.map_or(' ', char::from));
        let value = digits.map(|digit| digit.to_digit(16));
        match (octet, value) {
            (b'%', [Some(high), Some(low)]) => {
                octets.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                rest = ahead;
            }
            (b'+', _) => octets.push(b' '),
            _ => octets.push(octet),
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

/// Base 64 (RFC 4648 §4), which is how user and password come.
fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in octets.chunks(3) {
        let octet = |place: usize| u32::from(three.get(place).copied().unwrap_or(0));
        let bits = (octet(0) << 16) | (octet(1) << 8) | octet(2);
        for place in 0..4usize {
            let shift = 18 - 6 * u32::try_from(place).unwrap_or(0);
            let index = usize::try_from((bits >> shift) & 63).unwrap_or(0);
            let letter = LETTERS.get(index).copied().map_or('=', char::from);
            text.push(if place > three.len() { '=' } else { letter });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_as_in_the_rfc() {
        for (plain, text) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), text);
        }
    }

    #[test]
    fn escapes_are_undone_and_what_is_none_stays() {
        assert_eq!(decoded("1%2F1%2f3+a%zz%4"), "1/1/3 a%zz%4");
    }
}
