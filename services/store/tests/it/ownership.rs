//! Whose tables these are.

use medvirk_domain::ids::DeploymentId;
use medvirk_store::sandbox::{EngineSandbox, client};
use medvirk_store::{
    Error, IndicatorReader, IndicatorWriter, RegistryExaminer, RegistryReader, RegistryWriter,
    TableOwnership,
};

const DATABASE: &str = "medvirk";
const OURS: DeploymentId = DeploymentId::new([1; 16]);
const THEIRS: DeploymentId = DeploymentId::new([2; 16]);

fn is_refused<T>(asked: Result<T, Error>) -> bool {
    matches!(
        asked,
        Err(Error::OtherDeployment {
            found: OURS,
            ours: THEIRS,
            ..
        })
    )
}

fn indicators(engine: &EngineSandbox) -> (IndicatorWriter, IndicatorReader) {
    let writer = IndicatorWriter::new(&engine.writer(DATABASE)).unwrap();
    (
        writer,
        IndicatorReader::new(&engine.reader(DATABASE)).unwrap(),
    )
}

#[tokio::test]
async fn indicator_tables_are_one_deployments_for_writers_and_readers() {
    let engine = crate::engine();
    let (writer, reader) = indicators(&engine);
    // Before there is anything, and before anybody has claimed it.
    for migrated in [false, true] {
        if migrated {
            writer.migrate().await.unwrap();
        }
        assert_eq!(
            writer.ownership(OURS).await.unwrap(),
            TableOwnership::Unclaimed
        );
        assert_eq!(
            reader.ownership(OURS).await.unwrap(),
            TableOwnership::Unclaimed
        );
    }
    for _ in 0..2 {
        writer.claim(OURS).await.unwrap();
    }
    assert_eq!(writer.ownership(OURS).await.unwrap(), TableOwnership::Ours);
    assert_eq!(reader.ownership(OURS).await.unwrap(), TableOwnership::Ours);
    assert!(is_refused(writer.ownership(THEIRS).await));
    assert!(is_refused(reader.ownership(THEIRS).await));
    assert!(is_refused(writer.claim(THEIRS).await));
    assert_eq!(reader.ownership(OURS).await.unwrap(), TableOwnership::Ours);
}

#[tokio::test]
async fn a_rebuild_writes_down_again_whose_the_tables_are() {
    let engine = crate::engine();
    let (writer, reader) = indicators(&engine);
    writer.migrate().await.unwrap();
    writer.claim(OURS).await.unwrap();
    let by_hand = client(&engine.writer(DATABASE));
    let dropped = by_hand.query("DROP TABLE deployments SYNC").execute();
    dropped.await.unwrap();
    assert_eq!(
        reader.ownership(OURS).await.unwrap(),
        TableOwnership::Unclaimed
    );
    writer.rebuild().await.unwrap().exchange().await.unwrap();
    assert_eq!(reader.ownership(OURS).await.unwrap(), TableOwnership::Ours);
}

#[tokio::test]
async fn registry_tables_are_one_deployments_for_writers_readers_and_examiners() {
    let engine = crate::engine();
    let writer = RegistryWriter::new(&engine.writer(DATABASE)).unwrap();
    let reader = RegistryReader::new(&engine.reader(DATABASE)).unwrap();
    let examiner = RegistryExaminer::new(&engine.reader(DATABASE)).unwrap();
    assert!(writer.some_log_keys(0, 5).await.unwrap().is_empty());
    writer.migrate().await.unwrap();
    writer.claim(OURS).await.unwrap();
    assert_eq!(writer.ownership(OURS).await.unwrap(), TableOwnership::Ours);
    assert_eq!(reader.ownership(OURS).await.unwrap(), TableOwnership::Ours);
    assert_eq!(
        examiner.ownership(OURS).await.unwrap(),
        TableOwnership::Ours
    );
    assert!(is_refused(writer.ownership(THEIRS).await));
    assert!(is_refused(reader.ownership(THEIRS).await));
    assert!(is_refused(examiner.ownership(THEIRS).await));
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_from_a_server_that_is_away() {
    let mut engine = crate::engine();
    let mut connection = engine.reader(DATABASE);
    connection.password = "wrong".to_owned().into();
    let reader = IndicatorReader::new(&connection).unwrap();
    let refused = reader.ownership(OURS).await.unwrap_err();
    assert!(
        refused.is_refused_user() && !refused.is_unreachable(),
        "{refused}"
    );
    engine.kill();
    let away = reader.ownership(OURS).await.unwrap_err();
    assert!(away.is_unreachable() && !away.is_refused_user(), "{away}");
}
