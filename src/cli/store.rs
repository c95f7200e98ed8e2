//! `talkers --from clickhouse://…`: flags to a question, credentials to a client.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Context;
use crate::clickhouse::{self, Address, Filter, Question, Ranking, Schema};
use crate::error::{Exit, Failure};
use crate::flows::{HostOrder, Window};
use crate::http::{Access, Client, Identity, Timing, Trust};
use crate::profile::http::Http as Described;
use crate::secret::Secret;

/// How many rows of each kind are fetched at most: an answer of so many fits into what is read of one.
pub(super) const MOST_ROWS: usize = 20_000;
/// ClickHouse's HTTP interface without and with TLS.
const PORTS: (u16, u16) = (8123, 8443);

/// What is asked for.
pub(super) struct Wanted<'a> {
    pub(super) filter: Option<&'a str>,
    pub(super) window: Option<Window>,
    pub(super) since: Option<Duration>,
    pub(super) top: usize,
    pub(super) order: HostOrder,
    pub(super) subnet: Option<(u8, u8)>,
}

/// Asks the store.
pub(super) fn ask(
    address: &Address,
    wanted: &Wanted<'_>,
    context: &Context,
) -> Result<Ranking, Failure> {
    let schema = Schema::load(&address.schema, address.table.as_deref())?;
    let filter = wanted.filter.map(|text| Filter::read(text, &schema));
    let window = wanted.window.as_ref().map(|window| {
        let zone = window.zone().map(str::to_owned);
        zone.map(|zone| (window, zone)).ok_or_else(|| {
            let what = "this machine's time zone has no name that a store could know";
            Failure::new(Exit::Usage, what).hint("give the window in UTC, with `--utc`")
        })
    });
    let question = Question {
        database: &address.database,
        schema: &schema,
        filter: filter.transpose()?,
        window: window.transpose()?,
        since: wanted.since.map(|since| since.as_secs()),
        top: u64::try_from(wanted.top.min(MOST_ROWS)).unwrap_or(0),
        order: wanted.order,
        subnet: wanted.subnet,
    };
    let access = access(address, context)?;
    let usual = if access.trust == Trust::Plain {
        PORTS.0
    } else {
        PORTS.1
    };
    // A large table takes the engine a while; it gives up by itself after a time that its operator set.
    let timing = Timing {
        write: Duration::from_secs(600),
        ..Timing::default()
    };
    let mut client = Client::connect(
        "ClickHouse",
        &address.host,
        Some(usual),
        &access,
        &Described::default(),
        timing,
    )?;
    Ok(clickhouse::ask(&mut client, &question)?)
}

/// Returns what opens the store: a credential of the configuration, or a user without password.
fn access(address: &Address, context: &Context) -> Result<Access, Failure> {
    let mut access = match &address.credentials {
        Some(name) => context.config()?.credential(name)?.http()?,
        None => Access {
            identity: Identity::Password {
                user: address.user.clone().unwrap_or_else(|| "default".to_owned()),
                password: Secret::new(String::new()),
            },
            trust: if address.secure {
                Trust::System
            } else {
                Trust::Plain
            },
            port: None,
            given: BTreeMap::new(),
        },
    };
    access.port = address.port.or(access.port);
    Ok(access)
}
