//! A request, read. Comes in: what a client says. Goes out: which dataset, in which format, of which
//! months; or which field is not well formed and what is allowed.

use std::ops::RangeInclusive;

use medvirk_domain::catalogue::Catalogue;
use medvirk_domain::time::Month;
use medvirk_proto::extract::v1::PullRequest;

use crate::dataset::{Dataset, DatasetFormat};
use crate::error::{Error, malformed};

/// How long a purpose may be, in characters.
const PURPOSE: RangeInclusive<usize> = 3..=500;

/// What was asked for.
pub(super) struct PullQuery {
    pub(super) dataset: Dataset,
    pub(super) format: DatasetFormat,
    pub(super) months: RangeInclusive<Month>,
}

impl PullQuery {
    pub(super) fn read(request: &PullRequest, catalogue: &Catalogue) -> Result<Self, Error> {
        let dataset = Dataset::named(&request.dataset, catalogue).ok_or(Error::UnknownDataset)?;
        let coarse_is_for = matches!(dataset, Dataset::Codebook | Dataset::Forms(..));
        if request.coarse && !coarse_is_for {
            let rule = "only files of forms, and the codebook, have a coarse kind";
            return Err(malformed("coarse", rule));
        }
        let format = format(&dataset, &request.format)?;
        let purpose = request.purpose.trim().chars();
        if !PURPOSE.contains(&purpose.clone().count()) || purpose.clone().any(char::is_control) {
            return Err(malformed(
                "purpose",
                "say in 3 to 500 characters what it is for",
            ));
        }
        let months = months(request)?;
        if request.snapshot.is_none() && request.first_chunk > 0 {
            return Err(malformed(
                "first_chunk",
                "it needs the snapshot of the pull",
            ));
        }
        Ok(Self {
            dataset,
            format,
            months,
        })
    }
}

/// The format of that name, or the usual one where none is named.
fn format(dataset: &Dataset, name: &str) -> Result<DatasetFormat, Error> {
    let formats = dataset.formats();
    let found = match name {
        "" => formats.first(),
        name => formats.iter().find(|format| format.name() == name),
    };
    let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
    let found = found.ok_or_else(|| malformed("format", names.join(" or ")))?;
    Ok(*found)
}

fn months(request: &PullRequest) -> Result<RangeInclusive<Month>, Error> {
    let month = |field, text: &str, otherwise: Option<Month>| match text {
        "" => Ok(otherwise.expect("the first and the last month exist")),
        text => text
            .parse()
            .map_err(|_| malformed(field, "a month is YYYY-MM")),
    };
    let from = month("from", &request.from, Month::new(1900, 1))?;
    let to = month("to", &request.to, Month::new(2199, 11))?;
    if from > to {
        return Err(malformed("to", "it is before `from`"));
    }
    Ok(from..=to)
}
