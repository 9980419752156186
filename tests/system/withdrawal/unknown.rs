//! Who is unknown is named so, with no receipt and no letter; every spelling of a reference is tried.

use medvirk_proto::feedback::v1::Invitation;
use medvirk_proto::feedback::v1::submission::Kind;
use medvirk_runtime::auth::{TokenRole, TokenUnits};
use medvirk_tests::cohort::total;
use medvirk_tests::{System, opening, session, submission};

/// The reference of one person in files as people have them, and whether it is found there.
const FILES: [(&str, &[u8], Option<&str>); 5] = [
    (
        "13-ref-bom.txt",
        include_bytes!("cases/13-ref-bom.txt"),
        Some("a byte order mark"),
    ),
    (
        "13c-ref-quoted.txt",
        include_bytes!("cases/13c-ref-quoted.txt"),
        Some("quotation marks"),
    ),
    ("two-lines.txt", b"ra1\nra2\n", Some("more than one line")),
    ("misspelt.txt", b"ra2\n", Some("unknown: nobody")),
    (
        "13b-ref-space.txt",
        include_bytes!("cases/13b-ref-space.txt"),
        None,
    ),
];

struct Office<'a>(&'a System);

impl Office<'_> {
    /// Sends an opening and a session of somebody.
    async fn send(&self, patient: &str) {
        let clinic = self.0.cohort_clinic(0).await;
        let opened = opening(patient, "north-a", "2024-01-03");
        let session = session(patient, "north-a", "2024-01-04", 1, total(8.0));
        let sent = [Kind::EpisodeOpened(opened), Kind::Session(session)].map(submission);
        clinic.send(sent.to_vec()).await;
    }

    fn withdraw(&self, file: &[u8], more: &[&str]) -> medvirk_tests::Ran {
        let path = self.0.data().join("reference");
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap().to_owned();
        let command = ["admin", "withdraw", "--trust", "north", "--patient", &path];
        self.0.try_run(&[&command[..], more].concat())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_unknown_is_named_so_and_no_receipt_is_given() {
    let system = System::builder().cohort().start().await;
    let office = Office(&system);
    office.send("ra1").await;
    for (name, file, reason) in FILES {
        let Some(reason) = reason else {
            let told = office.withdraw(file, &[]).expect(0).out;
            assert!(
                told.contains("found under another spelling"),
                "{name}: {told}"
            );
            assert!(
                told.contains("erased: 1 episode opened, 1 session"),
                "{told}"
            );
            continue;
        };
        let ran = office.withdraw(file, &[]).expect(2);
        assert!(
            ran.err.contains(reason) && ran.out.is_empty(),
            "{name}: {}",
            ran.err
        );
        assert!(!ran.err.contains("ra1"), "{name}: {}", ran.err);
    }
    // The last one was found and erased: whoever asks again finds nothing more.
    let again = office.withdraw(b"ra1", &[]).expect(0).out;
    assert!(again.contains("they had withdrawn before"), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reference_is_found_in_either_form_of_its_letters() {
    let system = System::builder().cohort().start().await;
    let office = Office(&system);
    office.send("\u{c5}se").await;
    let told = office
        .withdraw(include_bytes!("cases/13f-nfd.txt"), &[])
        .expect(0)
        .out;
    assert!(told.contains("found under another spelling"), "{told}");
    office.send("\u{c5}se").await;
    let told = office
        .withdraw(include_bytes!("cases/13e-nfc.txt"), &[])
        .expect(0)
        .out;
    assert!(!told.contains("another spelling"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_of_somebody_unknown_erases_what_comes_later_and_its_letter_says_so() {
    let system = System::builder().cohort().start().await;
    let office = Office(&system);
    // What no door takes can never come.
    let told = office
        .withdraw(b"\"ra1\xc2\xad\"", &["--even-if-unknown"])
        .expect(2)
        .err;
    assert!(
        told.contains("nothing can ever come under this reference"),
        "{told}"
    );
    let told = office
        .withdraw(b"ra1", &["--even-if-unknown"])
        .expect(0)
        .out;
    assert!(
        told.contains("nothing was found; whatever comes from now on is erased"),
        "{told}"
    );
    let receipt = told.split_once("\nreceipt ").unwrap().1;
    let receipt = receipt.split_once('\n').unwrap().0;
    let letter = system.run(&["admin", "withdrawal", receipt, "--letter", "nb"]);
    assert!(
        letter.contains("Vi fant ingenting som var samlet om deg"),
        "{letter}"
    );
    office.send("ra1").await;
    system.settled().await;
    assert_eq!(system.registry_sessions().await.len(), 0);
    // Whoever takes back must have withdrawn.
    let renew = |file: &[u8]| {
        let path = system.data().join("reference");
        std::fs::write(&path, file).unwrap();
        let path = path.to_str().unwrap().to_owned();
        system.try_run(&["admin", "renew", "--trust", "north", "--patient", &path])
    };
    assert!(renew(b"ra2").expect(2).err.contains("unknown: nobody"));
    renew(b"ra1").expect(0);
    assert!(
        renew(b"ra1")
            .expect(2)
            .err
            .contains("no withdrawal to take back")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_holds_a_code_withdraws_by_it() {
    let system = System::builder().cohort().start().await;
    let token = system.token("desk", &[TokenRole::SurveyInvite], TokenUnits::All);
    let desk = system.sender(&token).await;
    let invitation = Invitation {
        unit: "north-a".to_owned(),
        month: "2024-01".to_owned(),
    };
    let issued = desk
        .send(vec![submission(Kind::Invitation(invitation))])
        .await;
    let withdraw = |code: &str| {
        let path = system.data().join("code");
        std::fs::write(&path, code).unwrap();
        system.try_run(&["admin", "withdraw", "--code", path.to_str().unwrap()])
    };
    let told = withdraw(&issued[0].code_issued).expect(0).out;
    assert!(told.contains("erased: 1 survey code\n"), "{told}");
    let wrong = withdraw("0000-0000-0000-0000-0000-0000-0000-0000")
        .expect(2)
        .err;
    assert!(wrong.contains("not a code of this service"), "{wrong}");
}
