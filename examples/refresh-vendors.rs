//! Packs the IEEE's listings into the registry that halfspan embeds. Called by `scripts/refresh-vendors`.
//!
//! usage: refresh-vendors FOLDER DATE OUTPUT

use std::error::Error;
use std::path::Path;

use halfspan::identify::{Registry, RegistryRow};

/// The listings of MA-L, MA-M, MA-S and IAB, as the IEEE names them.
const LISTINGS: [&str; 4] = ["oui.csv", "mam.csv", "oui36.csv", "iab.csv"];
/// Stands where a block was shared out: the shorter blocks name the owners.
const SHARED_OUT: &str = "IEEE Registration Authority";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, date, output] = arguments.as_slice() else {
        return Err("usage: refresh-vendors FOLDER DATE OUTPUT".into());
    };
    let mut rows = Vec::new();
    for listing in LISTINGS {
        read(&Path::new(folder).join(listing), &mut rows)?;
    }
    let packed = Registry::encode(date, &rows).ok_or("a row or the date makes no sense")?;
    std::fs::write(output, packed)?;
    Ok(())
}

/// Reads the columns `Assignment` and `Organization Name`.
fn read(path: &Path, rows: &mut Vec<RegistryRow>) -> Result<(), Box<dyn Error>> {
    let mut listing = csv::Reader::from_path(path)?;
    for record in listing.records() {
        let record = record?;
        let (Some(prefix), Some(name)) = (record.get(1), record.get(2)) else {
            return Err(format!("{}: a row is too short", path.display()).into());
        };
        if name.trim() != SHARED_OUT {
            rows.push(RegistryRow {
                prefix: prefix.to_owned(),
                name: name.to_owned(),
            });
        }
    }
    Ok(())
}
