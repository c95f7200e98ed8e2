//! `halfspan talkers`: who talks most.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;

use super::Context;
use super::counting::{InputArgs, nanoseconds, span};
use super::store;
use crate::clickhouse::Address;
use crate::error::{Exit, Failure};
use crate::flows::{Count, HostOrder, Settings};
use crate::report::{self, TalkersDocument, TalkersTable, TalkersView};

/// Rank hosts, MACs, subnets or VLANs from captures
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("view").args(["mac", "subnet", "vlan"]))]
pub(super) struct TalkersArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Ask a ClickHouse that a flow collector fills: clickhouse://HOST:PORT/DATABASE?table=TABLE&schema=SCHEMA
    #[arg(long, value_name = "URL", value_parser = Address::from_str, group = "input",
        conflicts_with_all = ["listen", "memory", "bins", "watch"])]
    from: Option<Address>,
    /// Only what the store received within this time: 30m, 24h
    #[arg(long, value_name = "SPAN", value_parser = span, requires = "from")]
    since: Option<Duration>,
    /// Rank by this
    #[arg(long, value_enum, default_value_t, value_name = "COLUMN")]
    by: HostOrder,
    /// Show at most so many rows [default: 20; all with --json]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// Show MACs instead of IP addresses
    #[arg(long)]
    mac: bool,
    /// Show subnets, with prefixes of this length [IPv4,IPv6 default: 24,64]
    #[arg(long, value_name = "LENGTHS", num_args = 0..=1, default_missing_value = "24,64", value_parser = prefix)]
    subnet: Option<(u8, u8)>,
    /// Show VLANs
    #[arg(long)]
    vlan: bool,
    /// Count each host's traffic in bins of this width: 30s, 5m, 1h
    #[arg(long, value_name = "SPAN", value_parser = span)]
    bins: Option<Duration>,
    /// Write the result as an HTML file too, with a plot of the bins
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Show the ranking every second while listening (not with --json)
    #[arg(long, conflicts_with = "read")]
    watch: bool,
}

fn prefix(text: &str) -> Result<(u8, u8), String> {
    let bad = || format!("`{text}` is not a pair of prefix lengths; write it like 24 or 24,64");
    let (v4, v6) = text.split_once(',').unwrap_or((text, "64"));
    let read = |text: &str, longest: u8| match text.parse() {
        Ok(length) if length <= longest => Ok(length),
        _ => Err(bad()),
    };
    Ok((read(v4, 32)?, read(v6, 128)?))
}

impl TalkersArgs {
    fn table(&self) -> TalkersTable {
        match self.subnet {
            Some(_) => TalkersTable::Subnets,
            None if self.mac => TalkersTable::Macs,
            None if self.vlan => TalkersTable::Vlans,
            None => TalkersTable::Hosts,
        }
    }

    fn view(&self, context: &Context) -> TalkersView {
        let all = if context.global().json {
            usize::MAX
        } else {
            20
        };
        TalkersView {
            rank: self.by.rank(),
            top: self.top.unwrap_or(all),
            subnet: self.subnet,
            bin: self.bins.map(nanoseconds),
        }
    }
}

pub(super) fn run(args: &TalkersArgs, context: &Context) -> Result<Exit, Failure> {
    if let Some(address) = &args.from {
        let wanted = store::Wanted {
            filter: args.input.filter.as_deref(),
            window: args.input.window(),
            since: args.since,
            top: args.top.unwrap_or(if context.global().json {
                store::MOST_ROWS
            } else {
                20
            }),
            order: args.by,
            subnet: args.subnet,
        };
        let document = TalkersDocument::from(store::ask(address, &wanted, context)?);
        show(args, context, &document)?;
        return Ok(Exit::Done);
    }
    let settings = Settings {
        measure: args.by.measure(),
        bin: args.bins.map(nanoseconds),
        ..Settings::default()
    };
    let view = args.view(context);
    let mut look = |count: &Count| {
        if args.watch && !context.global().json {
            let document = TalkersDocument::new(&count.census(), &view, Vec::new());
            context.redraw(&report::talkers(&document, args.table()));
        }
    };
    let counted = args.input.count(settings, context, &mut look)?;
    let counted = counted.without_flows();
    let document = TalkersDocument::new(&counted.census, &view, counted.errors());
    show(args, context, &document)?;
    Ok(counted.exit(context))
}

/// Prints the document, and writes it as a page where that is wanted.
fn show(args: &TalkersArgs, context: &Context, document: &TalkersDocument) -> Result<(), Failure> {
    if let Some(file) = &args.report {
        let page = report::talkers_page(document);
        std::fs::write(file, page).map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("cannot write the report {}: {error}", file.display()),
            )
        })?;
    }
    let text = if context.global().json {
        String::new()
    } else {
        report::talkers(document, args.table())
    };
    context.result(&text, document)
}
