//! Rankings of hosts from a ClickHouse that a flow collector fills: the engine adds up, we ask.
//!
//! ```text
//! clickhouse://… ─> address ─┐
//! schema (YAML) ─> columns ──┼─> query ─> http ─> answer ─> Ranking
//! --filter ──────> condition ┘   (pure)
//! ```
//!
//! What the user gives as a value goes as a parameter of the query, never into its text; names of columns, table and
//! database are checked. Requests are GET, which ClickHouse does not let change anything.

use crate::flows::{Host, MacRow, Span, Subnet, Tally, Traffic};
use crate::http::{Http, Purpose};
use crate::profile::http::{AnswerAs, Encoding, Method, Request, Scope, escaped};

mod address;
mod answer;
mod error;
mod filter;
mod query;
mod schema;

pub use address::Address;
pub use error::StoreError;
pub use filter::Filter;
pub use query::Question;
pub use schema::Schema;

/// What a store was asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranking {
    /// All flow records together, multiplied by their sampling rates.
    pub total: Tally,
    /// When the first and the last of them were received.
    pub span: Option<Span>,
    /// How many there are.
    pub records: u64,
    /// The lowest and the highest sampling rate.
    pub rates: (u32, u32),
    /// The hosts, highest first.
    pub hosts: Vec<Host>,
    /// How many hosts there are, listed or not.
    pub host_count: u64,
    /// The MACs, highest first; empty where the schema names no such columns.
    pub macs: Vec<MacRow>,
    /// VLANs with what they carried.
    pub vlans: Vec<(u16, Tally)>,
    /// Subnets with what their hosts sent and received, and how many hosts they have.
    pub subnets: Vec<(Subnet, Traffic, u64)>,
}

/// Asks a store.
///
/// # Errors
/// [`StoreError`]
pub fn ask(http: &mut dyn Http, question: &Question<'_>) -> Result<Ranking, StoreError> {
    let mut rows = |sql: String| -> Result<Vec<answer::Row>, StoreError> {
        let request = Request {
            method: Method::Get,
            path: path(question),
            body: None,
            encoding: Encoding::Json,
            answer: AnswerAs::Json,
        };
        let mut scope = Scope::default().with("query", sql);
        for (name, value) in question.parameters() {
            scope = scope.with(&name, value);
        }
        // Not repeated when its answer is lost: a query may take long, and then takes longer twice.
        let sent = http.send(&request, &scope, Purpose::Write);
        let sent = sent.map_err(|source| StoreError::Asked { source })?;
        answer::rows(&sent.body)
    };
    let mut ranking = answer::totals(&rows(question.totals())?)?;
    (ranking.hosts, ranking.host_count) = answer::hosts(&rows(question.hosts())?)?;
    if let Some(sql) = question.macs() {
        ranking.macs = answer::macs(&rows(sql)?)?;
    }
    if let Some(sql) = question.vlans() {
        ranking.vlans = answer::vlans(&rows(sql)?)?;
    }
    if let Some((prefix, sql)) = question.subnets() {
        ranking.subnets = answer::subnets(&rows(sql)?, prefix)?;
    }
    Ok(ranking)
}

/// Returns the path with a gap for the query and for each parameter: messages show it so.
fn path(question: &Question<'_>) -> String {
    let parameters = question.parameters().into_iter();
    let gaps = parameters.map(|(name, _)| format!("&param_{name}={{{name}:url}}"));
    format!(
        "/?database={}&wait_end_of_query=1&query={{query:url}}{}",
        escaped(question.database()),
        gaps.collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flows::HostOrder;
    use crate::http::{Answer, HttpError};
    use crate::profile::http::fill_text;

    /// Notes what is asked, and knows nothing.
    struct Deaf(Vec<(Request, Scope)>);

    impl Http for Deaf {
        fn agent(&self) -> &str {
            "deaf"
        }

        fn send(
            &mut self,
            request: &Request,
            scope: &Scope,
            _purpose: Purpose,
        ) -> Result<Answer, HttpError> {
            self.0.push((request.clone(), scope.clone()));
            let row = serde_json::json!([0, 0, 0, 0, 0, 0, 0]);
            let data = if self.0.len() == 1 { vec![row] } else { vec![] };
            let body = serde_json::json!({ "data": data });
            Ok(Answer { status: 200, body })
        }
    }

    #[test]
    fn every_parameter_of_a_question_is_sent_and_each_that_the_text_names_is_there() {
        let schema = Schema::load("akvorado-l2", None).unwrap();
        let ports: Vec<String> = (1..40).map(|port| format!("port {port}")).collect();
        let window = "22:00-06:00".parse().unwrap();
        let question = Question {
            database: "a&b",
            schema: &schema,
            filter: Some(Filter::read(&ports.join(" or "), &schema).unwrap()),
            window: Some((&window, "Europe/Berlin".to_owned())),
            since: Some(60),
            top: 5,
            order: HostOrder::Bytes,
            subnet: Some((24, 64)),
        };
        let mut deaf = Deaf(Vec::new());
        let ranking = ask(&mut deaf, &question).unwrap();
        assert_eq!((ranking.records, ranking.span), (0, None));
        assert_eq!(deaf.0.len(), 5);
        for (request, scope) in &deaf.0 {
            assert_eq!((request.method, &request.body), (Method::Get, &None));
            let path = fill_text(&request.path, scope).unwrap();
            assert!(path.starts_with("/?database=a%26b&"), "{path}");
            let names = path.split("%7B").skip(1);
            let names = names.filter_map(|rest| rest.split_once("%3A"));
            for (name, _) in names {
                assert!(
                    path.contains(&format!("&param_{name}=")),
                    "{name} in {path}"
                );
            }
        }
    }
}
