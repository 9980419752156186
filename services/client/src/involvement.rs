//! `medvirk involvement`: what services say about themselves. Comes in: a file of answers, or a
//! question. Goes out: calls of the public interface, and what is shown. The invariant: nothing is
//! judged here; whether answers are those that are asked for is the system's to say.

use std::collections::BTreeMap;
use std::path::Path;

use comfy_table::{Table, presets};
use medvirk_proto::indicator::v1::indicator_service_client::IndicatorServiceClient;
use medvirk_proto::indicator::v1::{self as wire, QueryInvolvementRequest};
use medvirk_proto::involvement::v1::involvement_answer::Answer;
use medvirk_proto::involvement::v1::involvement_service_client::InvolvementServiceClient;
use medvirk_proto::involvement::v1::{
    Choices, Degree, InvolvementAnswer, SubmitInvolvementRequest,
};
use medvirk_terminal::{CommandExit, error};
use serde::{Deserialize, Serialize};

use super::connect::connect;
use crate::arguments::{FormatArgument, InvolvementCommand, TargetSystem};

/// A file of answers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvolvementFile {
    unit: String,
    year: u32,
    answers: BTreeMap<String, AnswerValue>,
}

/// An answer: a word, a number, or a list of ids.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum AnswerValue {
    Degree(AnswerWord),
    Count(u32),
    Choices(Vec<String>),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AnswerWord {
    No,
    Partly,
    Yes,
}

/// What a unit says to one item.
#[derive(Serialize)]
struct AnswerLine {
    unit: String,
    year: u32,
    item: String,
    title: String,
    answer: String,
    /// The answer as a person would say it: choices by their names.
    in_words: String,
}

/// Does what the command says.
pub async fn involvement(command: InvolvementCommand) -> anyhow::Result<()> {
    match command {
        InvolvementCommand::Submit { file, target } => submit(&file, &target).await,
        InvolvementCommand::List {
            unit,
            year,
            format,
            target,
        } => {
            let question = QueryInvolvementRequest {
                unit: unit.unwrap_or_default(),
                year: year.unwrap_or_default(),
            };
            list(question, format, &target).await
        }
    }
}

async fn submit(file: &Path, target: &TargetSystem) -> anyhow::Result<()> {
    let wrong = |why: &dyn std::fmt::Display| {
        error(
            CommandExit::Usage,
            format!("read {}: {why}", file.display()),
        )
    };
    let text = std::fs::read_to_string(file).map_err(|why| wrong(&why))?;
    let told: InvolvementFile = toml::from_str(&text).map_err(|why| wrong(&why.message()))?;
    let said = format!("{}, {}: told\n", told.unit, told.year);
    let mut client = InvolvementServiceClient::new(connect(target, "leader").await?);
    client.submit_involvement(request(told)).await?;
    print(&said)
}

fn request(told: InvolvementFile) -> SubmitInvolvementRequest {
    let answers = told.answers.into_iter();
    SubmitInvolvementRequest {
        unit: told.unit,
        year: told.year,
        answers: answers
            .map(|(item, value)| InvolvementAnswer {
                item,
                answer: Some(answer(value)),
            })
            .collect(),
    }
}

fn answer(value: AnswerValue) -> Answer {
    match value {
        AnswerValue::Degree(word) => Answer::Degree(
            match word {
                AnswerWord::No => Degree::No,
                AnswerWord::Partly => Degree::Partly,
                AnswerWord::Yes => Degree::Yes,
            }
            .into(),
        ),
        AnswerValue::Count(count) => Answer::Count(count),
        AnswerValue::Choices(choices) => Answer::Choices(Choices { choices }),
    }
}

async fn list(
    question: QueryInvolvementRequest,
    format: FormatArgument,
    target: &TargetSystem,
) -> anyhow::Result<()> {
    let mut client = IndicatorServiceClient::new(connect(target, "dashboard").await?)
        .max_decoding_message_size(256 << 20);
    let answer = client.query_involvement(question).await?.into_inner();
    let said: Vec<AnswerLine> = answer.involvement.into_iter().map(said).collect();
    print(&match format {
        FormatArgument::Table => table(&said),
        FormatArgument::Csv => csv(&said)?,
        FormatArgument::Json => serde_json::to_string_pretty(&said)? + "\n",
    })
}

fn said(it: wire::Involvement) -> AnswerLine {
    let chosen = it.choices.iter().map(|choice| match titled(&choice.title) {
        title if title.is_empty() => choice.choice.clone(),
        title => title,
    });
    let chosen: Vec<String> = chosen.collect();
    AnswerLine {
        in_words: match (&chosen[..], it.answer.as_str()) {
            ([], "") => "none".to_owned(),
            ([], answer) => answer.to_owned(),
            (chosen, _) => chosen.join(", "),
        },
        unit: it.unit,
        year: it.year,
        title: titled(&it.title),
        item: it.item,
        answer: it.answer,
    }
}

/// In the language of the commands, else in any.
fn titled(title: &BTreeMap<String, String>) -> String {
    let mut languages = ["en", "nb", "nn"].into_iter();
    let title = languages.find_map(|language| title.get(language));
    title.cloned().unwrap_or_default()
}

fn csv(said: &[AnswerLine]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for it in said {
        writer.serialize(it)?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn table(said: &[AnswerLine]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["unit", "year", "item", "answer"]);
    for it in said {
        table.add_row([
            it.unit.clone(),
            it.year.to_string(),
            it.title.clone(),
            it.in_words.clone(),
        ]);
    }
    format!("{table}\n")
}

fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_said_by_their_names() {
        let chosen = |choice: &str, title: &str| wire::Chosen {
            choice: choice.to_owned(),
            title: match title {
                "" => BTreeMap::new(),
                title => [("en".to_owned(), title.to_owned())].into(),
            },
        };
        let told = |answer: &str, choices: Vec<wire::Chosen>| {
            said(wire::Involvement {
                answer: answer.to_owned(),
                choices,
                ..wire::Involvement::default()
            })
            .in_words
        };
        let both = vec![chosen("norse", "NORSE"), chosen("gone", "")];
        assert_eq!(told("norse, gone", both), "NORSE, gone");
        assert_eq!(told("partly", Vec::new()), "partly");
        assert_eq!(told("", Vec::new()), "none");
    }

    #[test]
    fn a_file_has_words_numbers_and_lists() {
        let told: InvolvementFile = toml::from_str(
            "unit = \"u\"\nyear = 2024\n[answers]\ncouncil = \"partly\"\npeers = 2\ntools = [\"fit\"]\n",
        )
        .unwrap();
        let answers: Vec<_> = request(told).answers;
        let wanted = [
            ("council", Answer::Degree(Degree::Partly.into())),
            ("peers", Answer::Count(2)),
            (
                "tools",
                Answer::Choices(Choices {
                    choices: vec!["fit".to_owned()],
                }),
            ),
        ];
        for (found, (item, answer)) in answers.iter().zip(wanted) {
            assert_eq!(found.item, item);
            assert!(found.answer == Some(answer), "{item}");
        }
        for wrong in [
            "[answers]\n",
            "unit = \"u\"\nyear = 1\n[answers]\nx = \"maybe\"\n",
        ] {
            assert!(toml::from_str::<InvolvementFile>(wrong).is_err(), "{wrong}");
        }
    }
}
