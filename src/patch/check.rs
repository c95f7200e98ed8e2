//! Everything that is wrong with a patch list, line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::list::{PatchList, Problem};

/// Returns the problems of a list in the order of its lines: those met while reading, lines without an outlet,
/// an outlet that stands at two ports, and switches that are not in `switches`.
#[must_use]
pub fn check(list: &PatchList, switches: &BTreeSet<&str>) -> Vec<Problem> {
    let mut problems = list.problems().to_vec();
    let mut outlets: BTreeMap<&str, u64> = BTreeMap::new();
    for entry in list.entries() {
        let mut add = |what| {
            problems.push(Problem {
                line: entry.line,
                what,
            });
        };
        if !switches.contains(entry.switch.as_str()) {
            add(format!("no switch `{}` in halfspan.yaml", entry.switch));
        }
        let outlet = entry.place.outlet.as_str();
        if outlet.is_empty() {
            add(format!(
                "no outlet for {} port {}",
                entry.switch, entry.port
            ));
        } else if let Some(first) = outlets.get(outlet) {
            add(format!("outlet {outlet} is already in line {first}"));
        } else {
            outlets.insert(outlet, entry.line);
        }
    }
    problems.sort_by_key(|problem| problem.line);
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_problem_is_told_with_its_line() {
        let text = "switch,port,outlet\na,1,x1\na,2,\nb,1,x3\na,1,x4\na,5,x1\n";
        let list = PatchList::parse(Path::new("p.csv"), text.as_bytes()).unwrap();
        let told: Vec<_> = check(&list, &BTreeSet::from(["a"]))
            .into_iter()
            .map(|problem| format!("{}: {}", problem.line, problem.what))
            .collect();
        assert_eq!(
            told,
            [
                "3: no outlet for a port 2",
                "4: no switch `b` in halfspan.yaml",
                "5: a port 1 is already in line 2, which counts",
                "6: outlet x1 is already in line 2",
            ]
        );
    }
}
