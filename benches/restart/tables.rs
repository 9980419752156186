//! Indicator tables in which nothing is: what a start finds before any month is closed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use medvirk_aggregator::{IndicatorTables, ReplacementTables};
use medvirk_domain::row::Close;
use medvirk_domain::time::Month;
use medvirk_store::{Error, RowsHash};

pub(crate) struct Empty;

#[async_trait]
impl IndicatorTables for Empty {
    async fn closes(&self, _: u32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        Ok(BTreeMap::new())
    }

    async fn months_with_rows(&self, _: u32) -> Result<Vec<Month>, Error> {
        Ok(Vec::new())
    }

    async fn read_back_year(&self, _: u32, _: i32) -> Result<BTreeMap<Month, RowsHash>, Error> {
        Ok(BTreeMap::new())
    }

    async fn insert_close(&self, _: u32, _: u32, _: &Close) -> Result<(), Error> {
        unreachable!("no month is closed")
    }

    async fn optimise(&self, _: i32) -> Result<(), Error> {
        Ok(())
    }

    async fn tidy(&self) -> Result<(), Error> {
        Ok(())
    }

    async fn rebuild(&self) -> Result<Box<dyn ReplacementTables>, Error> {
        unreachable!("nobody asks for it")
    }
}
