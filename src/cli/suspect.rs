//! Whom `locate` and `watch` are about.

use std::net::IpAddr;

use clap::Args;

use crate::locate::Target;
use crate::mac::Mac;

/// Who is looked for; the command says whether one of these is required.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct SuspectArgs {
    /// The suspect's IP address
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// The suspect's MAC address, in any notation
    #[arg(long, value_name = "MAC")]
    mac: Option<Mac>,
    /// A BPF filter that the suspect's frames match, for forged addresses: "udp port 14857" (needs libpcap)
    #[arg(long, value_name = "BPF")]
    filter: Option<String>,
}

impl SuspectArgs {
    /// Returns who was given, if anybody.
    pub(super) fn target(&self) -> Option<Target> {
        let by_ip = self.ip.map(Target::Ip);
        by_ip
            .or(self.mac.map(Target::Mac))
            .or_else(|| self.filter.clone().map(Target::Filter))
    }
}
