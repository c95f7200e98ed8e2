//! Asking a database server and waiting for its answer.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::frame::{Broken, Frames};
use super::{OvsdbError, Remote};
use crate::tls::{self, TlsError};

/// The database of a switch; OVN's have other names.
pub const OPEN_VSWITCH: &str = "Open_vSwitch";

/// A server that says nothing for so long is gone. It answers within milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages of the server's own that may come before an answer: it sends an `echo` every five seconds.
const MAX_OTHERS: usize = 1000;

/// A connection to a server.
pub struct Client {
    remote: String,
    stream: Box<dyn Stream>,
    frames: Frames,
    asked: u64,
}

trait Stream: Read + Write {}
impl Stream for UnixStream {}
impl Stream for TcpStream {}
impl Stream for tls::Stream {}

impl Client {
    /// Connects and makes sure that a switch's database is served there.
    ///
    /// # Errors
    /// [`OvsdbError`]
    pub fn connect(remote: &Remote) -> Result<Self, OvsdbError> {
        let failed = |source| OvsdbError::Connection {
            remote: remote.to_string(),
            doing: "reached",
            source,
        };
        let stream: Box<dyn Stream> = match remote {
            Remote::Unix(path) => {
                let stream = UnixStream::connect(path).map_err(failed)?;
                stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
                stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
                Box::new(stream)
            }
            Remote::Tcp(address) => Box::new(tcp(*address).map_err(failed)?),
            Remote::Tls { address, access } => {
                let plain = tcp(*address).map_err(failed)?;
                let stream = tls::connect(access, plain).map_err(|source| OvsdbError::Tls {
                    remote: remote.to_string(),
                    source: Box::new(source),
                })?;
                Box::new(stream)
            }
        };
        let mut client = Client {
            remote: remote.to_string(),
            stream,
            frames: Frames::default(),
            asked: 0,
        };
        client.look_for_the_database()?;
        Ok(client)
    }

    /// Where the server listens.
    #[must_use]
    pub fn remote(&self) -> &str {
        &self.remote
    }

    fn look_for_the_database(&mut self) -> Result<(), OvsdbError> {
        let answer = self.call("list_dbs", json!([]))?;
        let names: Vec<&str> = answer
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if names.contains(&OPEN_VSWITCH) {
            Ok(())
        } else {
            Err(OvsdbError::NoDatabase {
                remote: self.remote.clone(),
                found: names.join(", "),
            })
        }
    }

    /// Carries out operations as one transaction (RFC 7047 §4.1.3): all of them, or none. Returns a result for each.
    ///
    /// # Errors
    /// [`OvsdbError`]; on [`OvsdbError::Connection`] only reading can tell whether it was done.
    pub fn transact(&mut self, operations: &[Value]) -> Result<Vec<Value>, OvsdbError> {
        let mut params = vec![json!(OPEN_VSWITCH)];
        params.extend_from_slice(operations);
        let answer = self.call("transact", Value::Array(params))?;
        let Value::Array(results) = answer else {
            return Err(self.odd("the answer to a transaction is no list"));
        };
        // A transaction that fails as a whole has one result more than operations; one that is broken off has `null`s.
        let error = results.iter().find_map(|result| {
            let text = |key: &str| result.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("error")?, text("details")))
        });
        match error {
            Some((error, details)) => Err(OvsdbError::Refused { error, details }),
            None if results.len() == operations.len() => Ok(results),
            None => Err(self.odd("a transaction has the wrong number of results")),
        }
    }

    /// Sends a request and waits for its answer; what the server asks in the meantime is answered.
    fn call(&mut self, method: &str, params: Value) -> Result<Value, OvsdbError> {
        self.asked += 1;
        let id = json!(self.asked);
        self.send(&json!({"method": method, "params": params, "id": id}))?;
        for _ in 0..MAX_OTHERS {
            let mut message = self.receive()?;
            if message.get("method").is_some() {
                self.answer(&message)?;
            } else if message.get("id") == Some(&id) {
                let error = message.get("error").filter(|error| !error.is_null());
                if let Some(error) = error {
                    return Err(OvsdbError::Refused {
                        error: error
                            .as_str()
                            .map_or_else(|| error.to_string(), str::to_owned),
                        details: None,
                    });
                }
                return match message.get_mut("result") {
                    Some(result) => Ok(result.take()),
                    None => Err(self.odd("an answer without a result")),
                };
            }
        }
        Err(self.odd("it talks without answering"))
    }

    /// Answers the server's own question whether we are still there (RFC 7047 §4.1.11). Notifications need no answer.
    fn answer(&mut self, message: &Value) -> Result<(), OvsdbError> {
        if message.get("method") != Some(&json!("echo")) {
            return Ok(());
        }
        let params = message.get("params").cloned().unwrap_or(json!([]));
        let id = message.get("id").cloned().unwrap_or(Value::Null);
        self.send(&json!({"result": params, "error": null, "id": id}))
    }

    fn send(&mut self, message: &Value) -> Result<(), OvsdbError> {
        let octets = message.to_string();
        self.stream
            .write_all(octets.as_bytes())
            .map_err(|source| self.broken(source))
    }

    fn receive(&mut self) -> Result<Value, OvsdbError> {
        let mut piece = [0; 16 * 1024];
        loop {
            match self.frames.next() {
                Ok(Some(message)) => {
                    let value = serde_json::from_slice(&message);
                    return value.map_err(|error| self.odd(&error.to_string()));
                }
                Ok(None) => {}
                Err(Broken::NoObject) => return Err(self.odd("that is no JSON object")),
                Err(Broken::TooLong) => return Err(self.odd("a message without end")),
            }
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(self.broken(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.frames.push(piece.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    fn broken(&self, source: io::Error) -> OvsdbError {
        if tls::refused(&source) {
            return OvsdbError::Tls {
                remote: self.remote.clone(),
                source: Box::new(TlsError::Unwelcome(source)),
            };
        }
        OvsdbError::Connection {
            remote: self.remote.clone(),
            doing: "asked",
            source,
        }
    }

    fn odd(&self, what: &str) -> OvsdbError {
        OvsdbError::Protocol {
            remote: self.remote.clone(),
            what: what.to_owned(),
        }
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// A server that sends each of these texts when asked for the first, second, … time; returns what it was sent.
    fn server(answers: &[&str]) -> (Remote, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let remote = Remote::Tcp(listener.local_addr().unwrap());
        let answers: Vec<String> = answers.iter().map(|&text| text.to_owned()).collect();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut heard = Vec::new();
            let mut piece = [0; 4096];
            for answer in answers {
                let count = stream.read(&mut piece).unwrap();
                heard.extend_from_slice(&piece[..count]);
                stream.write_all(answer.as_bytes()).unwrap();
            }
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.read_to_end(&mut heard).ok();
            String::from_utf8(heard).unwrap()
        });
        (remote, serving)
    }

    const HELLO: &str = r#"{"id":1,"result":["_Server","Open_vSwitch"],"error":null}"#;

    /// The error that a transaction ends with when this is the answer.
    fn error_after_hello(answer: &str) -> OvsdbError {
        let (remote, serving) = server(&[HELLO, answer]);
        let mut client = Client::connect(&remote).unwrap();
        let result = client.transact(&[json!({"op": "comment", "comment": "x"})]);
        drop(client);
        serving.join().unwrap();
        result.unwrap_err()
    }

    #[test]
    fn an_echo_is_answered_before_the_answer_comes() {
        let between = r#"{"id":"echo","method":"echo","params":["still there?"]}{"id":null,"method":"update","params":[]}"#;
        let (remote, serving) = server(&[HELLO, between, r#"{"id":2,"result":[{}],"error":null}"#]);
        let mut client = Client::connect(&remote).unwrap();
        assert_eq!(
            client.transact(&[json!({"op": "comment"})]).unwrap(),
            [json!({})]
        );
        drop(client);
        let heard = serving.join().unwrap();
        let echo = r#"{"result":["still there?"],"error":null,"id":"echo"}"#;
        assert!(heard.contains(echo), "{heard}");
    }

    #[test]
    fn a_server_without_a_switch_is_named_by_what_it_has() {
        let (remote, serving) = server(&[r#"{"id":1,"result":["OVN_Northbound"],"error":null}"#]);
        let error = Client::connect(&remote).err().unwrap();
        serving.join().unwrap();
        assert!(error.to_string().contains("only OVN_Northbound"), "{error}");
    }

    #[test]
    fn a_refusal_says_what_the_server_says() {
        let overtaken = r#"{"id":2,"result":[{"error":"timed out","details":"\"wait\" timed out"},null],"error":null}"#;
        assert!(error_after_hello(overtaken).is_overtaken());
        let refused = r#"{"id":2,"result":[{},{"error":"constraint violation","details":"no such row"}],"error":null}"#;
        let error = error_after_hello(refused);
        assert_eq!(
            error.to_string(),
            "the database server refused: constraint violation (no such row)"
        );
        assert!(!error.is_overtaken());
    }

    #[test]
    fn odd_answers_are_errors_and_no_panic() {
        for answer in [
            "",
            "HTTP/1.0 400 Bad Request\r\n\r\n",
            r#"{"id":2,"result":{},"error":null}"#,
            r#"{"id":2,"result":[],"error":null}"#,
            r#"{"id":2,"error":null}"#,
            r#"{"id":2,"result":null,"error":"unknown database"}"#,
            r#"{"id":7,"result":[{}],"error":null}"#,
            "{nonsense}",
        ] {
            let error = error_after_hello(answer);
            assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn nobody_there_is_an_error_with_a_hint() {
        use crate::error::Diagnosis;
        let gone = Remote::Unix("/nonexistent/db.sock".into());
        let error = Client::connect(&gone).err().unwrap();
        assert!(error.to_string().contains("unix:/nonexistent/db.sock"));
        assert!(error.hint().unwrap().contains("ovsdb-server"));
    }
}
