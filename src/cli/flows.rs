//! `halfspan flows`: who talks with whom, and what is odd about it.

use std::net::IpAddr;

use clap::Args;

use super::Context;
use super::counting::InputArgs;
use crate::error::{Exit, Failure};
use crate::flows::{Conversation, HOUR, Settings, Subnet};
use crate::report::{self, FlowOrder, FlowsDocument};

/// List conversations from captures, and what is odd about them
#[derive(Debug, Args)]
pub(super) struct FlowsArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Sort by this
    #[arg(long, value_enum, default_value_t, value_name = "COLUMN")]
    by: FlowOrder,
    /// Show at most so many rows [default: 20; all with --json]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Show only flows of this host (repeatable)
    #[arg(long, value_name = "ADDRESS")]
    host: Vec<IpAddr>,
    /// Leave out flows with these ports: 25,80
    #[arg(long, value_name = "PORTS", value_delimiter = ',')]
    not_port: Vec<u16>,
    /// Tell what is odd, why, what it commonly is, and how to find the machine
    #[arg(long)]
    anomalies: bool,
    /// This subnet is ours (repeatable) [default: private addresses, and where machines have MACs of their own]
    #[arg(long, value_name = "SUBNET", requires = "anomalies")]
    local: Vec<Subnet>,
}

impl FlowsArgs {
    fn wants(&self, flow: &Conversation) -> bool {
        let of_host = self.host.is_empty()
            || self
                .host
                .iter()
                .any(|host| [flow.a.ip, flow.b.ip].contains(host));
        let left_out = self
            .not_port
            .iter()
            .any(|port| [flow.a.port, flow.b.port].contains(port));
        of_host && !left_out
    }
}

pub(super) fn run(args: &FlowsArgs, context: &Context) -> Result<Exit, Failure> {
    let settings = Settings {
        measure: args.by.measure(),
        hints: true,
        bin: args.anomalies.then_some(HOUR),
        rhythms: args.anomalies,
        ..Settings::default()
    };
    let counted = args.input.count(settings, context, &mut |_| {})?;
    let all = if context.global().json {
        usize::MAX
    } else {
        20
    };
    let order = args.by;
    let places = counted.census.ranked(
        |flow| args.wants(flow),
        |flow| order.rank(flow),
        args.top.unwrap_or(all),
    );
    let mut document = FlowsDocument::new(&counted.census, places, counted.errors());
    if args.anomalies {
        document = document.with_anomalies(&counted.census.findings(&args.local));
    }
    let text = if context.global().json {
        String::new()
    } else {
        report::flows(&document)
    };
    context.result(&text, &document)?;
    Ok(counted.exit(context))
}
