//! The client against a server that does what switches do.

use super::testbed::{Certificate, PASSWORD, Server, answer, client};
use super::{Access, Client, Http, HttpError, Identity, Purpose, Timing, Trust};
use crate::error::Failure;
use crate::profile::http::{Request, Scope};
use crate::secret::Secret;

/// A profile's section that asks with user and password.
const BASIC: &str = r#"{"entries": [], "refused_at": ["/error/message"]}"#;
/// One that logs in and shows a token.
const LOGIN: &str = r#"{
    "entries": [],
    "headers": {"X-Auth-Token": "{token}"},
    "login": {
        "request": {"method": "POST", "path": "/login", "body": {"user": "{user}", "password": "{password}"}},
        "take": {"token": "{token}"},
        "expired": {"at": "/code", "is": "logged-out"}
    }
}"#;

fn get() -> Request {
    serde_json::from_str(r#"{"method": "GET", "path": "/mirrors"}"#).unwrap()
}

fn read(server: &Server, trust: Trust, described: &str) -> Result<serde_json::Value, HttpError> {
    let mut client = server.client(trust, described);
    let answer = client.send(&get(), &Scope::default(), Purpose::Read);
    answer.map(|answer| answer.body)
}

/// What a person reads of a failure, without the port; no secret may be in it.
fn told(error: HttpError, server: &Server) -> String {
    let text = Failure::from(error).to_string();
    assert!(!text.contains(PASSWORD), "{text}");
    text.replace(&server.address.to_string(), "ADDRESS")
}

/// A server that gives out tokens `t1`, `t2`, … each good for two requests.
fn forgetful() -> Server {
    let mut given = 0;
    let mut left = 0;
    Server::start(None, move |request| {
        if request.starts_with("POST /login") {
            assert!(request.contains(PASSWORD));
            (given, left) = (given + 1, 2);
            return answer(200, "", &format!(r#"{{"token": "t{given}"}}"#));
        }
        let known = request
            .to_lowercase()
            .contains(&format!("x-auth-token: t{given}"));
        if !known || left == 0 {
            return answer(401, "", r#"{"message": "no session"}"#);
        }
        left -= 1;
        answer(200, "", "[]")
    })
}

#[test]
fn one_device_is_called_the_same_however_its_address_is_written() {
    let device = |host: &str, trust: Trust, port: Option<u16>| {
        let described = serde_json::from_str(BASIC).unwrap();
        let access = Access {
            identity: Identity::Token(Secret::new("x".to_owned())),
            trust,
            port,
            given: std::collections::BTreeMap::new(),
        };
        let client = Client::connect(
            "office-1",
            host,
            None,
            &access,
            &described,
            Timing::default(),
        );
        client.unwrap().device()
    };
    for port in [None, Some(80)] {
        for host in ["127.0.0.1", "localhost"] {
            let found = device(host, Trust::Plain, port);
            let v6 = host == "localhost" && found == "office-1 (http://[::1])";
            assert!(found == "office-1 (http://127.0.0.1)" || v6, "{found}");
        }
    }
    assert_eq!(
        device("192.0.2.1", Trust::Anybody, Some(443)),
        "office-1 (https://192.0.2.1)"
    );
    assert_eq!(
        device("2001:db8::1", Trust::Anybody, Some(8443)),
        "office-1 (https://[2001:db8::1]:8443)"
    );
}

#[test]
fn a_login_that_runs_out_in_mid_run_is_renewed_and_the_request_repeated() {
    let server = forgetful();
    let mut client = server.client(Trust::Plain, LOGIN);
    for _ in 0..5 {
        client
            .send(&get(), &Scope::default(), Purpose::Write)
            .unwrap();
    }
    let logins = server
        .seen()
        .iter()
        .filter(|seen| *seen == "POST /login")
        .count();
    assert_eq!(logins, 3, "{:?}", server.seen());
}

#[test]
fn a_sign_in_a_successful_answer_tells_that_the_login_has_run_out() {
    let mut asked = 0;
    let server = Server::start(None, move |request| {
        if request.starts_with("POST /login") {
            return answer(200, "", r#"{"token": "t"}"#);
        }
        asked += 1;
        let text = if asked == 2 {
            r#"{"code": "logged-out"}"#
        } else {
            r#"{"code": "ok"}"#
        };
        answer(200, "", text)
    });
    let mut client = server.client(Trust::Plain, LOGIN);
    for _ in 0..3 {
        let answer = client
            .send(&get(), &Scope::default(), Purpose::Read)
            .unwrap();
        assert_eq!(answer.body["code"], "ok");
    }
}

#[test]
fn a_page_that_asks_for_a_login_is_no_data_even_right_after_one() {
    let server = Server::start(None, |request| {
        if request.starts_with("POST /login") {
            return answer(200, "", r#"{"token": "t"}"#);
        }
        answer(200, "", r#"{"code": "logged-out"}"#)
    });
    let mut client = server.client(Trust::Plain, LOGIN);
    for requests in [2, 5] {
        let answer = client.send(&get(), &Scope::default(), Purpose::Read);
        let error = answer.unwrap_err();
        assert!(matches!(error, HttpError::Login { .. }), "{error:?}");
        assert_eq!(server.seen().len(), requests, "{:?}", server.seen());
    }
}

#[test]
fn a_login_is_renewed_once_and_then_the_refusal_is_believed() {
    let server = Server::start(None, |request| {
        if request.starts_with("POST /login") {
            return answer(200, "", r#"{"token": "token-0815"}"#);
        }
        answer(
            403,
            "",
            r#"{"error": {"message": "role operator may not"}}"#,
        )
    });
    let mut client = server.client(Trust::Plain, LOGIN);
    client
        .send(&get(), &Scope::default(), Purpose::Write)
        .unwrap_err();
    let error = client
        .send(&get(), &Scope::default(), Purpose::Write)
        .unwrap_err();
    assert_eq!(server.seen().len(), 5, "{:?}", server.seen());
    insta::assert_snapshot!(told(error, &server), @r"
    error: office-1 (http://ADDRESS) does not allow `GET /mirrors` (403): role operator may not
    hint:  the user has no right to change the mirror: use another one
    ");
}

#[test]
fn a_wrong_password_is_said_whether_at_the_login_or_with_the_request() {
    let refuse = |_: &str| answer(401, "", "");
    for described in [BASIC, LOGIN] {
        let server = Server::start(None, refuse);
        let error = read(&server, Trust::Plain, described).unwrap_err();
        assert!(server.seen().len() == 1, "{:?}", server.seen());
        let text = told(error, &server);
        assert_eq!(
            text,
            "error: office-1 (http://ADDRESS) does not accept the login (401)\n\
             hint:  check `user` and `password`, or `token`, of the credential's `http`"
        );
    }
}

#[test]
fn the_pinned_certificate_is_believed_and_no_other() {
    let certificate = Certificate::new();
    let server = Server::start(Some(&certificate), |_| answer(200, "", "[1]"));
    let pinned = Trust::Fingerprint(certificate.digest());
    assert_eq!(
        read(&server, pinned, BASIC).unwrap(),
        serde_json::json!([1])
    );
    let other = Certificate::new().digest();
    let error = read(&server, Trust::Fingerprint(other), BASIC).unwrap_err();
    let found: String = certificate
        .digest()
        .iter()
        .map(|o| format!("{o:02x}"))
        .collect();
    let text = told(error, &server).replace(&found, "FOUND");
    assert_eq!(
        text,
        "error: office-1 (https://ADDRESS) shows another certificate than the pinned one: sha256:FOUND\n\
         hint:  compare it on the switch's console; if it is the switch's own, write `fingerprint: sha256:FOUND`"
    );
    assert_eq!(server.seen().len(), 1, "nothing was sent to the stranger");
}

#[test]
fn an_authority_of_ones_own_is_believed_and_an_unknown_one_is_not() {
    let certificate = Certificate::new();
    let server = Server::start(Some(&certificate), |_| answer(200, "", "[]"));
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.pem");
    std::fs::write(&own, &certificate.authority).unwrap();
    read(&server, Trust::Authority(own), BASIC).unwrap();
    let foreign = folder.path().join("foreign.pem");
    std::fs::write(&foreign, Certificate::new().authority).unwrap();
    for trust in [Trust::Authority(foreign), Trust::System] {
        let error = read(&server, trust, BASIC).unwrap_err();
        assert!(matches!(error, HttpError::Tls { .. }), "{error:?}");
        assert!(told(error, &server).contains("give `ca` or `fingerprint`"));
    }
    read(&server, Trust::Anybody, BASIC).unwrap();
}

#[test]
fn an_answer_that_is_cut_short_is_lost_and_asked_for_once_more() {
    let server = Server::start(None, |_| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n[1, 2".to_vec())
    });
    let error = read(&server, Trust::Plain, BASIC).unwrap_err();
    assert!(error.is_lost(), "{error:?}");
    assert_eq!(server.seen().len(), 2);
    let text = told(error, &server);
    assert!(
        text.contains("did not answer `GET /mirrors`: it was cut short after 5 octets"),
        "{text}"
    );
}

#[test]
fn a_write_whose_answer_is_lost_is_not_repeated() {
    let server = Server::start(None, |_| None);
    let mut client = server.client(Trust::Plain, BASIC);
    let error = client
        .send(&get(), &Scope::default(), Purpose::Write)
        .unwrap_err();
    assert!(error.is_lost(), "{error:?}");
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn what_is_not_json_or_too_long_or_an_error_inside_is_said_with_its_place() {
    let page = Server::start(None, |_| answer(200, "", "<html>Login</html>"));
    insta::assert_snapshot!(told(read(&page, Trust::Plain, BASIC).unwrap_err(), &page), @r"
    error: office-1 (http://ADDRESS) answered `GET /mirrors` with what makes no sense: it is not JSON (line 1, column 1): <html>Login</html>
    hint:  the profile does not fit this switch or firmware
    ");
    let inside = Server::start(None, |_| {
        answer(
            200,
            "",
            &format!(r#"{{"error": {{"message": "CLI command 3 failed for {PASSWORD}"}}}}"#),
        )
    });
    insta::assert_snapshot!(told(read(&inside, Trust::Plain, BASIC).unwrap_err(), &inside), @r"
    error: office-1 (http://ADDRESS) refused `GET /mirrors` (200): CLI command 3 failed for …
    hint:  the port may be down, be the destination, or belong to another session: see `halfspan switch check`
    ");
    let long = Server::start(None, |_| answer(200, "", &" ".repeat(9 * 1024 * 1024)));
    let error = read(&long, Trust::Plain, BASIC).unwrap_err();
    assert!(
        error.to_string().contains("longer than 8388608 octets"),
        "{error}"
    );
}

#[test]
fn nobody_listening_is_unreachable_and_nothing_there_to_read_is_an_answer() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let mut nobody = client(address, Trust::Plain, BASIC);
    let error = nobody
        .send(&get(), &Scope::default(), Purpose::Read)
        .unwrap_err();
    assert!(matches!(error, HttpError::Unreachable { .. }), "{error:?}");
    let empty = Server::start(None, |_| answer(404, "", "no such thing"));
    assert!(read(&empty, Trust::Plain, BASIC).unwrap().is_null());
}

#[test]
fn a_login_that_answers_well_and_grants_nothing_is_no_login() {
    let described = r#"{
        "entries": [],
        "login": {
            "request": {"method": "POST", "path": "/logon", "answer": "script", "body": {"password": "{password}"}},
            "granted": {"at": "/logonInfo/0", "is": 0}
        }
    }"#;
    for (code, granted) in [(0, true), (1, false)] {
        let server = Server::start(None, move |request| {
            let page = format!("<script>var logonInfo = new Array({code},0,0);</script>");
            let body = if request.starts_with("POST") {
                page.as_str()
            } else {
                "[]"
            };
            answer(200, "", body)
        });
        let read = read(&server, Trust::Plain, described);
        assert_eq!(read.is_ok(), granted, "{read:?}");
    }
}

#[test]
fn a_token_in_a_cookie_is_shown_without_its_quotes() {
    let described = r#"{
        "entries": [],
        "headers": {"X-CSRFTOKEN": "{token}"},
        "login": {
            "request": {"method": "POST", "path": "/logincheck", "answer": "text", "encoding": "form", "body": {"secretkey": "{password}"}},
            "token_in": {"cookie": "ccsrftoken"}
        }
    }"#;
    let server = Server::start(None, |request| {
        if request.starts_with("POST") {
            return answer(
                200,
                "Set-Cookie: other=1\r\nSet-Cookie: ccsrftoken=\"abc\"; Path=/\r\n",
                "1",
            );
        }
        let shown = request.to_lowercase().contains("x-csrftoken: abc\r\n");
        answer(if shown { 200 } else { 401 }, "", "[]")
    });
    read(&server, Trust::Plain, described).unwrap();
}

#[test]
fn an_error_among_answers_of_success_is_a_refusal_in_the_switchs_words() {
    let described = r#"{"entries": [], "refused_texts": ["<xnm:error"]}"#;
    let server = Server::start(None, |_| {
        answer(
            200,
            "",
            "--part\r\n\r\n<ok/>\r\n--part\r\n<xnm:error xmlns=\"x\"><message>commit failed</message></xnm:error>",
        )
    });
    let error = read(&server, Trust::Plain, described).unwrap_err();
    let told = told(error, &server);
    assert!(told.contains("refused `GET /mirrors` (200)"), "{told}");
    assert!(told.contains("commit failed"), "{told}");
}
