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
    ("document", "a document is put over HTTP"),
    ("manual", "not at all: a person ticks the ports"),
];

/// Returns the file for a shape, or `None` if there is no such one. It passes the check as it is.
#[must_use]
pub fn draft(name: &str, shape: &str, told: Option<&Told>) -> Option<String> {
    let objects = objects(shape)?;
    let name: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let name = if name.is_empty() {
        "my-switch".to_owned()
    } else {
        name
    };
    let (about, identify) = match told {
        Some(told) => {
            let descr: String = told
                .sys_descr
                .chars()
                .filter(|c| !c.is_control() && *c != '"' && *c != '\\')
                .take(80)
                .collect();
            let identify = format!("identify:\n  sys_object_id: [{}]\n", told.sys_object_id);
            (descr, identify)
        }
        None => (
            "which switches this is for, in one line".to_owned(),
            "# identify:\n#   sys_object_id: [1.3.6.1.4.1.…]    # what sysObjectID begins with\n"
                .to_owned(),
        ),
    };
    Some(format!(
        r#"# Every key is explained in docs/profiles.md. Check this file with: halfspan profile check FILE
format: 1
name: {name}
about: "{about}"
shape: {shape}
confidence: mib                # or hardware, vendor-doc, code: where the facts are from
source: which MIB or document, and of what date

{identify}
numbering: if_index            # or bridge_port, position, from_zero, or a text such as "1/0/{{n}}"
# limits: {{ sessions: 1 }}      # sources: N, rows_per_request: N
destination_traffic: unknown   # or pass, block, knob: does the laptop's port still work while it mirrors?
# timing: {{ write_ms: 500, settle_ms: 500 }}
{objects}"#
    ))
}

fn objects(shape: &str) -> Option<&'static str> {
    Some(match shape {
        "bitmap" => {
            r#"
# OIDs that begin with a dot are below this one.
base: { literal: 1.3.6.1.4.1.0.0 }
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
base: { literal: 1.3.6.1.4.1.0.0 }
objects:
  - { name: mirrorState, oid: .1, role: enable, syntax: integer, codes: { on: 1, off: 2 } }
  - { name: mirrorTarget, oid: .2, role: destination, syntax: integer, codes: { none: 0 } }
  - { name: mirrorMode, oid: .3.1.2, role: direction, syntax: integer, index: source, codes: { off: 0, ingress: 1, egress: 2, both: 3 } }
"#
        }
        "session_rows" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }
objects:
  - { name: sessionDestination, oid: .1.1.2, role: destination, syntax: integer, index: session }
  - { name: sessionRowStatus, oid: .1.1.3, role: row_status, syntax: row_status, index: session }
  # create: create_and_wait, where the columns can be set only before the row is active.
  - { name: sourceDirection, oid: .2.1.3, role: direction, syntax: integer, index: session.source, codes: { ingress: 1, egress: 2, both: 3 } }
  - { name: sourceRowStatus, oid: .2.1.4, role: row_status, syntax: row_status, index: session.source }
"#
        }
        "document" => {
            r#"
http:
  # Without `login`, user and password (or the token) go with every request.
  # login:
  #   request: { method: POST, path: /login, encoding: form, body: { username: "{user}", password: "{password}" } }
  # Where the ports are listed; not needed where the credential has `snmp`.
  # ports: { read: { method: GET, path: /ports }, name: /name, up: { at: /link, is: up } }
  entries:
    - name: session
      for: session
      read: { method: GET, path: /mirrors }
      lie: members               # or items, with key_at: /id
      key: "{session}"
      value: { to: "{destination}", rx: ["{source}"] }
      direction: ingress
      create: [{ method: PUT, path: "/mirrors/{key}", body: "{entry}" }]
      replace: [{ method: PUT, path: "/mirrors/{key}", body: "{entry}" }]
      delete: [{ method: DELETE, path: "/mirrors/{key}" }]
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
base: { literal: 1.3.6.1.4.1.0.0 }
objects:
  - { name: mirrorTarget, oid: .1.1.2, role: destination, syntax: integer, index: session }
  # A text of numbers or, with `numbering: "1/0/{n}"`, of names; range: "-" where 4-7 is understood.
  - { name: mirrorSources, oid: .1.1.3, role: sources, direction: ingress, syntax: text, index: session, list: { form: names, separator: ",", range: "-" } }
  - { name: mirrorRowStatus, oid: .1.1.4, role: row_status, syntax: row_status, index: session, create: create_and_wait }
"#
        }
        "single_source" => {
            r#"
base: { literal: 1.3.6.1.4.1.0.0 }
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
        assert_eq!(draft("x", "cli_lines", None), None);
    }
}
