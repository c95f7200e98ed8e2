//! Why an address leads to no MAC.

use std::net::IpAddr;

use super::Trouble;
use crate::error::{Diagnosis, Exit};
use crate::tables::router::Router;

/// Why there is no MAC to look for.
#[derive(Debug, thiserror::Error)]
pub enum SuspectError {
    /// The address belongs to no single machine: multicast, broadcast, unspecified.
    #[error("{ip} is not the address of a machine on the network")]
    NotAMachine {
        /// The address.
        ip: IpAddr,
    },
    /// The address is this machine's own.
    #[error("{ip} is this machine's own address, on {interface}")]
    ThisMachine {
        /// The address.
        ip: IpAddr,
        /// The interface that has it.
        interface: String,
    },
    /// Nobody knows the MAC.
    #[error("nobody knows the MAC of {ip}: asked {}", asked(routers))]
    Unknown {
        /// The address.
        ip: IpAddr,
        /// The routers that answered, by their names in the configuration, with what they are connected to.
        routers: Vec<(String, Router)>,
        /// Whether one of them is connected to the address's subnet, and so should know.
        has_router: bool,
        /// The first thing that went wrong meanwhile.
        #[source]
        trouble: Option<Box<Trouble>>,
    },
}

fn asked(routers: &[(String, Router)]) -> String {
    let routers = routers.iter();
    let routers = routers.map(|(name, _)| format!(", router {name}"));
    format!("this machine{}", routers.collect::<String>())
}

impl Diagnosis for SuspectError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            SuspectError::NotAMachine { .. } => {
                "describe the frames instead, e.g. --filter \"udp port 14857\"".to_owned()
            }
            SuspectError::ThisMachine { .. } => {
                "use `halfspan owner` to find the program on this machine".to_owned()
            }
            SuspectError::Unknown {
                has_router: true, ..
            } => "check that it is switched on, or give its MAC with --mac".to_owned(),
            SuspectError::Unknown { ip, .. } => format!(
                "add the router of the subnet of {ip} to `routers:` in the configuration, give the MAC with --mac, \
                 or look for its packets with --filter \"src host {ip}\""
            ),
        };
        Some(hint)
    }

    fn exit(&self) -> Exit {
        match self {
            SuspectError::NotAMachine { .. } | SuspectError::ThisMachine { .. } => Exit::Usage,
            SuspectError::Unknown { .. } => Exit::NoAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Failure;
    use crate::snmp::SnmpError;

    fn unknown(has_router: bool, trouble: Option<Trouble>) -> Failure {
        Failure::from(SuspectError::Unknown {
            ip: "10.0.0.57".parse().unwrap(),
            routers: vec![("gw".to_owned(), Router::default())],
            has_router,
            trouble: trouble.map(Box::new),
        })
    }

    #[test]
    fn an_unknown_address_is_told_with_what_went_wrong_and_what_to_do() {
        let trouble = Trouble::Router {
            name: "core".to_owned(),
            source: SnmpError::Lost {
                agent: "core (10.0.0.1)".to_owned(),
                attempts: 4,
                seconds: 5.0,
            },
        };
        insta::assert_snapshot!(unknown(false, Some(trouble)), @r#"
        error: nobody knows the MAC of 10.0.0.57: asked this machine, router gw
        cause: cannot read the ARP table of router core
        cause: core (10.0.0.1) did not answer (4 attempts in 5.0 s)
        hint:  add the router of the subnet of 10.0.0.57 to `routers:` in the configuration, give the MAC with --mac, or look for its packets with --filter "src host 10.0.0.57"
        "#);
    }

    #[test]
    fn where_the_router_should_know_nobody_is_told_to_add_one() {
        let failure = unknown(true, None);
        let hint = failure.hint.unwrap();
        assert!(
            hint.contains("switched on") && !hint.contains("routers:"),
            "{hint}"
        );
    }
}
