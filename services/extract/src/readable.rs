//! Rows as readers may have them. Comes in: rows of period closes, and the catalogues under which
//! they were released. Goes out: the same rows without what the rule `apart` withholds. The
//! invariant: a row's own catalogue decides, so a later one brings nothing back.

use medvirk_records::catalogue::PlanFollower;
use medvirk_store::IndicatorRow;

use crate::error::Error;

/// Rows without what joins what others can see with what only answers tell.
pub(crate) async fn readable(
    plans: &PlanFollower,
    rows: Vec<IndicatorRow>,
) -> Result<Vec<IndicatorRow>, Error> {
    if rows.iter().any(|row| plans.get(&row.catalogue).is_none()) {
        plans.refresh().await?;
    }
    let mut readable = Vec::with_capacity(rows.len());
    for row in rows {
        let catalogue = plans.get(&row.catalogue).ok_or(Error::NoCatalogue)?;
        let left = catalogue.readable(row.row);
        readable.extend(left.map(|left| IndicatorRow { row: left, ..row }));
    }
    Ok(readable)
}

#[cfg(test)]
mod tests {
    use medvirk_domain::catalogue::{CatalogueLimits, SourceFile, shipped};
    use medvirk_domain::ids::CatalogueHash;
    use medvirk_domain::row::{RowLevel, RowParts, VariableSum};
    use medvirk_eventlog::{NewRecord, Topic};
    use medvirk_records::catalogue::hash_of;
    use medvirk_records::codec::encode_catalogue;

    use super::*;
    use crate::content::{fhir, rows, skde};
    use crate::table::TableCell;

    const OUTCOME: &str = "measures/fit.outcome.toml";
    const VARIABLES: [&str; 5] = [
        "first",
        "change",
        "unplanned",
        "unplanned-unimproved",
        "transfer",
    ];

    /// The shipped catalogue with the outcomes that stood beside endings before the rule.
    fn before_the_rule() -> Vec<SourceFile> {
        let root = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/data/before-apart/"
        );
        let mut files = shipped();
        // It says how episodes ended, which no two measures say.
        files.retain(|file| file.path != "measures/fit.course.toml");
        for file in files.iter_mut().filter(|file| file.path == OUTCOME) {
            file.text = std::fs::read_to_string(root.to_owned() + OUTCOME).unwrap();
        }
        files
    }

    fn row(catalogue: CatalogueHash) -> IndicatorRow {
        let month = "2026-03".parse().unwrap();
        let variable = |id: &str| VariableSum {
            variable: id.parse().unwrap(),
            sum: 2_000_000,
            sum_sq: None,
        };
        IndicatorRow {
            catalogue,
            close_month: month,
            row: RowParts {
                measure: "fit.outcome".parse().unwrap(),
                level: RowLevel::Unit,
                organisation: "fjord-dogn".to_owned(),
                first: month,
                last: month,
                part: "clinical".to_owned(),
                persons: 12,
                new_in_year: None,
                single_therapist: false,
                single_device: false,
                variables: VARIABLES.map(variable).to_vec(),
            },
        }
    }

    fn texts(lines: &[Vec<TableCell>]) -> String {
        let cells = lines.iter().flatten().filter_map(|cell| match cell {
            TableCell::Text(text) => Some(&**text),
            _ => None,
        });
        cells.collect::<Vec<_>>().join(" ")
    }

    #[tokio::test]
    async fn no_file_has_what_the_rule_withholds() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().display());
        let log = medvirk_eventlog::open(&url, 1).await.unwrap();
        let plans = PlanFollower::open(log.clone(), CatalogueLimits::default())
            .await
            .unwrap();
        let files = before_the_rule();
        let hash = hash_of(&files);
        let record = NewRecord::new(Vec::new(), encode_catalogue(&hash, &files));
        log.append(Topic::Catalogue, 0, record).await.unwrap();

        // A catalogue that was not read yet is read.
        let left = readable(&plans, vec![row(hash)]).await.unwrap();
        let names = |row: &IndicatorRow| -> Vec<String> {
            let of = row.row.variables.iter();
            of.map(|sum| sum.variable.to_string()).collect()
        };
        assert_eq!(names(&left[0]), ["first", "change"]);
        let catalogue = plans.get(&hash).unwrap();
        let lines = rows::lines(&left[0], &catalogue.organisations);
        assert_eq!(lines.len(), 2);
        let (published, _) = skde::lines(&catalogue, 2026, &left);
        let reports = fhir::reports(&catalogue, &left[0]);
        assert!(!published.is_empty() && !reports.is_empty());
        let all = format!("{} {} {reports:?}", texts(&lines), texts(&published));
        for withheld in ["planned", "transfer", "dropped"] {
            assert!(!all.contains(withheld), "{withheld}: {all}");
        }

        let foreign = readable(&plans, vec![row(CatalogueHash::new([9; 32]))]).await;
        assert!(matches!(foreign, Err(Error::NoCatalogue)));
    }
}
