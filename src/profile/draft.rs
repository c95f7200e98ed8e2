//! The beginning of a profile: a commented file to be filled in.

use super::Told;

/// The shapes that a profile can be started for: the word, and what it means.
pub const STARTERS: &[(&str, &str)] = &[
    ("bitmap", "a port bitmap names the sources"),
    (
        "port_flags",
        "every port has a row that says whether it is a source",
    ),
    (
        "session_rows",
        "a row for the session, one for each source and each destination",
    ),
    ("pair_rows", "a row for each pair of source and destination"),
    ("port_list", "a text names the sources"),
    ("single_source", "one source port at a time"),
    (
        "document",
        "over HTTP: a document for the mirror is put and deleted",
    ),
    ("cli_lines", "over HTTP: command lines are sent"),
    (
        "on_source",
        "over HTTP: each source has a setting that names the destination",
    ),
    (
        "on_destination",
        "over HTTP: the destination has a setting that names its source",
    ),
    ("manual", "not at all: a person ticks the ports"),
];

/// Stands in a comment at the end of a line that has to be looked at.
pub const MARK: &str = "# ?";

/// The lines of a profile that are marked as uncertain: the number of each, from 1, and what is to be looked at.
pub fn marked(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let (before, what) = line.split_once(MARK)?;
        // A line of comment alone speaks about the mark.
        (!before.trim_start().starts_with('#')).then_some((number, what.trim()))
    })
}

/// Returns the file for a shape, or `None` if there is no such one. It passes the check as it is.
#[must_use]
pub fn draft(name: &str, shape: &str, told: Option<&Told>) -> Option<String> {
    let how = objects(shape).or_else(|| over_http(shape))?;
    Some(head(name, shape, told) + how)
}

/// Writes a profile's name as it may stand in one.
pub(super) fn name(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.to_lowercase().chars().map(word).collect();
    if name.is_empty() {
        "my-switch".to_owned()
    } else {
        name
    }
}

/// Writes what a switch says about itself as a text that may stand between quotation marks.
pub(super) fn about(told: &Told) -> String {
    let may_stand = |c: &char| !c.is_control() && *c != '"' && *c != '\\';
    told.sys_descr.chars().filter(may_stand).take(80).collect()
}

/// Writes how to see that a switch is meant.
pub(super) fn identify(told: &Told) -> String {
    format!("identify:\n  sys_object_id: [{}]\n", told.sys_object_id)
}

/// Writes the part of a file that every shape has.
pub(super) fn head(given: &str, shape: &str, told: Option<&Told>) -> String {
    let (about, identify) = match told {
        Some(told) => (about(told), identify(told)),
        None => (
            "which switches this is for, in one line".to_owned(),
            "# identify:\n#   sys_object_id: [1.3.6.1.4.1.…]    # what sysObjectID begins with\n"
                .to_owned(),
        ),
    };
    let name = name(given);
    format!(
        r#"# Every key is explained in docs/profile-format.md. Check this file with: halfspan profile check FILE
# Lines that end in `{MARK} …` are to be looked at; take the mark away when they are right.
format: 1
name: {name}
about: "{about}"
shape: {shape}
confidence: mib                # or hardware, vendor-doc, code: where the facts are from
source: which MIB or document, and of what date   {MARK}

{identify}
numbering: if_index            # or bridge_port, position, from_zero, if_name, or a text such as "1/0/{{n}}"
# limits: {{ sessions: 1 }}      # sources: N, rows_per_request: N
destination_traffic: unknown   # or pass, block, knob: does the destination port still carry ordinary traffic?
# timing: {{ write_ms: 500, settle_ms: 500 }}
"#
    )
}

fn objects(shape: &str) -> Option<&'static str> {
    Some(match shape {
        "bitmap" => {
            r#"
# OIDs that begin with a dot are below this one.
base: { literal: 1.3.6.1.4.1.0.0 }   # ? the node of the mirror in the MIB
objects:
  # In the order in which they are written. In a table of sessions, each gets `index: session`.
  - { name: mirrorState, oid: .1, role: enable, syntax: integer, codes: { on: 1, off: 2 } }
  - { name: mirrorTarget, oid: .2, role: destination, syntax: integer }
  # order: low_first, where bit 0 of an octet is the lowest port; first_port: 0, where the first bit is port 0;
  # trim: true, where zero octets at the end are cut off; octets: N, where the length is fixed.
  - { name: mirrorRx, oid: .3, role: sources, direction: ingress, syntax: octets, bitmap: { order: high_first, first_port: 1 } }
  # Declare what saves the configuration: it is then never written.
  # - { name: saveConfig, oid: .9, role: save, syntax: integer }
"#
        }
        "port_flags" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }   # ? the node of the mirror in the MIB
objects:
  - { name: mirrorState, oid: .1, role: enable, syntax: integer, codes: { on: 1, off: 2 } }
  - { name: mirrorTarget, oid: .2, role: destination, syntax: integer, codes: { none: 0 } }
  - { name: mirrorMode, oid: .3.1.2, role: direction, syntax: integer, index: source, codes: { off: 0, ingress: 1, egress: 2, both: 3 } }
"#
        }
        "session_rows" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }   # ? the node of the mirror in the MIB
objects:
  - { name: sessionDestination, oid: .1.1.2, role: destination, syntax: integer, index: session }
  - { name: sessionRowStatus, oid: .1.1.3, role: row_status, syntax: row_status, index: session }
  # create: create_and_wait, where the columns can be set only before the row is active.
  - { name: sourceDirection, oid: .2.1.3, role: direction, syntax: integer, index: session.source, codes: { ingress: 1, egress: 2, both: 3 } }
  - { name: sourceRowStatus, oid: .2.1.4, role: row_status, syntax: row_status, index: session.source }
"#
        }
        "pair_rows" => {
            r#"
objects:
  - name: portCopyDirection
    oid: 1.3.6.1.2.1.16.22.1.3.1.1.4
    role: direction
    syntax: integer
    index: source.destination
    codes: { ingress: 1, egress: 2, both: 3 }
    with: [portCopyStatus]
  # Where it is no RowStatus: syntax: integer, codes: { create: 1, remove: 2 }
  - { name: portCopyStatus, oid: 1.3.6.1.2.1.16.22.1.3.1.1.5, role: row_status, syntax: row_status, index: source.destination }
"#
        }
        "port_list" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }   # ? the node of the mirror in the MIB
objects:
  - { name: mirrorTarget, oid: .1.1.2, role: destination, syntax: integer, index: session }
  # A text of numbers or, with `numbering: "1/0/{n}"`, of names; range: "-" where 4-7 is understood.
  - { name: mirrorSources, oid: .1.1.3, role: sources, direction: ingress, syntax: text, index: session, list: { form: names, separator: ",", range: "-" } }
  - { name: mirrorRowStatus, oid: .1.1.4, role: row_status, syntax: row_status, index: session, create: create_and_wait }
"#
        }
        "single_source" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }   # ? the node of the mirror in the MIB
objects:
  - { name: mirrorDirection, oid: .3, role: direction, syntax: integer, codes: { ingress: 1, egress: 2, both: 3 } }
  - { name: mirrorTarget, oid: .2, role: destination, syntax: integer, codes: { none: 0 } }
  - { name: mirrorSource, oid: .1, role: sources, syntax: integer, codes: { none: 0 } }
"#
        }
        "manual" => {
            r#"
ports: 24
instructions: where the switch's web page has its mirror settings
"#
        }
        _ => return None,
    })
}

/// The part of a file for a shape whose switches are told over HTTP.
fn over_http(shape: &str) -> Option<&'static str> {
    Some(match shape {
        "document" => {
            r#"
http:
  # A login that answers with a cookie; where it answers with a token: take: { token: "{token}" }, and headers.
  # Without `login`, user and password (or the token) go with every request.
  login:
    request: { method: POST, path: /login, encoding: form, body: { username: "{user}", password: "{password}" } }   # ?
  # Where the ports are listed; only used where the credential has no `snmp`.
  ports: { read: { method: GET, path: /ports }, at: /items, name: /name, up: { at: /up, is: true } }   # ?
  entries:
    - name: session
      for: session                                    # one for the session; `source`: one for each source port
      read: { method: GET, path: /mirrors }   # ?
      lie: members                                    # of a map, by their key; `items` of a list have key_at: /id
      key: "{session}"
      # Filled, it is what is sent as {entry}; laid over an answer, it finds the ports.
      value: { enabled: true, to: "{destination}", rx: ["{source}"] }   # ?
      direction: ingress                              # what the ports of the list are copied of
      active: { at: /enabled, is: true }   # ? what shows that a session copies
      create: [{ method: PUT, path: "/mirrors/{key}", body: "{entry}" }]   # ?
      replace: [{ method: PUT, path: "/mirrors/{key}", body: "{entry}" }]   # ?
      delete: [{ method: DELETE, path: "/mirrors/{key}" }]   # ?
"#
        }
        "cli_lines" => {
            r#"
http:
  refused_at: [/error]   # ? where an answer with status 200 says that a command was refused
  send: { method: POST, path: /cli, body: { cmds: [configure, "{commands}"] } }   # ?
  entries:
    # A line of the configuration is an entry; its key is all there is to it.
    - name: destination
      for: session
      read: { method: POST, path: /cli, body: { cmds: [show running-config] } }   # ?
      at: /result/0   # ?
      lie: lines                                      # of a text; `members` of a map, `leaves` of a tree
      key: "monitor session {session} destination interface {destination}"   # ?
      add: ["{key}"]
      remove: ["no {key}"]
    - name: source
      for: source
      read: { method: POST, path: /cli, body: { cmds: [show running-config] } }   # ?
      at: /result/0   # ?
      lie: lines
      key: "monitor session {session} source interface {source} {direction}"   # ?
      directions: { ingress: rx, egress: tx, both: both }   # ?
      add: ["{key}"]
      remove: ["no {key}"]
"#
        }
        "on_source" => {
            r#"
http:
  ports: { read: { method: GET, path: /ports }, name: /name, up: { at: /up, is: true } }   # ?
  entries:
    # Every port has a setting that is always there: `idle` is what it is like while nothing is mirrored.
    - name: port
      for: source
      read: { method: GET, path: /ports }   # ?
      lie: items
      key_at: /name
      keep: [name, mirror_to]                         # what is kept and put back
      never_sent: [name]                              # what only says which port it is
      value: { name: "{source}", mirror_to: "{destination}" }   # ?
      idle: { mirror_to: "" }   # ?
      direction: ingress   # ? what is copied
      replace: [{ method: PATCH, path: "/ports/{key:url}", body: "{entry}" }]   # ?
"#
        }
        "on_destination" => {
            r#"
limits: { sources: 1 }   # ? one source at a time: the ports are scanned one by one
http:
  no_port: ""   # ? the word that stands for no port
  ports: { read: { method: GET, path: /ports }, name: /name, up: { at: /up, is: true } }   # ?
  entries:
    # The destination has a setting that names its source, and is always there.
    - name: port
      for: destination                                # our port alone; those of others stay as they are
      read: { method: GET, path: /ports }   # ?
      lie: items
      key_at: /name
      key: "{destination}"
      keep: [mirror_from]
      value: { mirror_from: "{source}" }   # ?
      idle: { mirror_from: "" }   # ?
      direction: both   # ? what is copied
      replace: [{ method: PATCH, path: "/ports/{key:url}", body: "{entry}" }]   # ?
"#
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_start_passes_the_check() {
        for (shape, _) in STARTERS {
            let told = Told {
                sys_object_id: "1.3.6.1.4.1.9.1.5".parse().unwrap(),
                sys_descr: "A \"switch\": of\nsorts \\ # here".to_owned(),
            };
            for told in [None, Some(&told)] {
                let text = draft("My switch.2", shape, told).unwrap();
                let profile =
                    super::super::parse(&text, "draft").unwrap_or_else(|e| panic!("{e}\n{text}"));
                assert_eq!(profile.name, "my-switch-2");
            }
        }
        assert_eq!(draft("x", "no-such-shape", None), None);
    }
}
