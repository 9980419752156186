//! `medvirk catalogue`: looks at a catalogue, without a running system.

mod close;
mod instrument;
mod involvement;
mod measure;
mod outside;
mod titles;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use medvirk_domain::catalogue::{self, CatalogueLimits, Indicator, SourceFile};
use medvirk_records::catalogue::hash_of;
use medvirk_terminal::{CommandExit, error};

use crate::arguments::CatalogueCommand as Command;
use titles::title;

pub(crate) use close::close_to;

/// The file that every catalogue has.
const ORGANISATIONS: &str = "organisations.toml";

/// Does what the command says.
pub fn catalogue(command: Command) -> anyhow::Result<()> {
    let text = match command {
        Command::Check { dir } => {
            let (catalogue, warnings) = load_with_warnings(dir)?;
            let (instruments, measures) = (catalogue.instruments.len(), catalogue.measures.len());
            let (indicators, units) = (
                catalogue.indicators.len(),
                catalogue.organisations.units.len(),
            );
            let told: String = warnings.iter().map(|it| format!("{it}\n")).collect();
            let verdict = match warnings.len() {
                0 => "nothing is wrong".to_owned(),
                1 => "nothing is wrong, but one thing can hardly be meant".to_owned(),
                many => format!("nothing is wrong, but {many} things can hardly be meant"),
            };
            format!(
                "{told}catalogue {}: {instruments} instruments, {measures} measures, {indicators} indicators, {units} units; {verdict}\n",
                catalogue.hash
            )
        }
        Command::List { dir } => list(&load(dir)?)?,
        Command::Show { id, dir } => show(&load(dir)?, &id)?,
    };
    use std::io::Write as _;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// The catalogue of a folder, or the shipped one.
pub fn load(dir: Option<PathBuf>) -> anyhow::Result<catalogue::Catalogue> {
    check(&files(dir)?)
}

/// The same, and what of it can hardly be meant, a line each.
fn load_with_warnings(dir: Option<PathBuf>) -> anyhow::Result<(catalogue::Catalogue, Vec<String>)> {
    let files = files(dir)?;
    let catalogue = check(&files)?;
    Ok((catalogue, warnings(&files)))
}

fn files(dir: Option<PathBuf>) -> anyhow::Result<Vec<SourceFile>> {
    match &dir {
        Some(dir) => read_dir(dir),
        None => Ok(catalogue::shipped()),
    }
}

/// What can hardly be meant, a line each.
pub(crate) fn warnings(files: &[SourceFile]) -> Vec<String> {
    let found = catalogue::Catalogue::warnings(files);
    found.iter().map(|it| format!("warning: {it}")).collect()
}

/// The catalogue of these files, if nothing is wrong with it.
pub(crate) fn check(files: &[SourceFile]) -> anyhow::Result<catalogue::Catalogue> {
    catalogue::Catalogue::load(files, hash_of(files), CatalogueLimits::default()).map_err(
        |problems| {
            error(
                CommandExit::Config,
                format!("the catalogue is refused:\n{problems}"),
            )
        },
    )
}

/// Every TOML file of a folder, by path within it.
pub fn read_dir(dir: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        let unreadable = |why| {
            error(
                CommandExit::Config,
                format!("read {}: {why}", folder.display()),
            )
        };
        for entry in entries.map_err(unreadable)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                let text = std::fs::read_to_string(&path);
                let unreadable = |why| {
                    error(
                        CommandExit::Config,
                        format!("read {}: {why}", path.display()),
                    )
                };
                let text = text.map_err(unreadable)?;
                let within = path.strip_prefix(dir).expect("found below the folder");
                files.push(SourceFile {
                    path: within.to_string_lossy().into_owned(),
                    text,
                });
            }
        }
    }
    if !files.iter().any(|file| file.path == ORGANISATIONS) {
        let message = format!(
            "{} is no catalogue: {ORGANISATIONS} is missing",
            dir.display()
        );
        return Err(error(CommandExit::Config, message));
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn list(catalogue: &catalogue::Catalogue) -> anyhow::Result<String> {
    let mut text = String::from("Instruments\n");
    for instrument in catalogue.instruments.values() {
        writeln!(
            text,
            "  {} version {}: {}",
            instrument.id,
            instrument.version,
            title(&instrument.title)
        )?;
    }
    writeln!(text, "Measures and their indicators")?;
    for measure in catalogue.measures.values() {
        writeln!(text, "  {}: {}", measure.id, title(&measure.title))?;
        for indicator in catalogue
            .indicators
            .iter()
            .filter(|one| one.measure == measure.id)
        {
            writeln!(
                text,
                "    {}/{}: {}",
                measure.id,
                indicator.id,
                title(&indicator.title)
            )?;
        }
    }
    outside::list(&mut text, catalogue)?;
    if let Some(form) = &catalogue.involvement {
        let name = involvement::NAME;
        writeln!(text, "Asked of services\n  {name}: {}", title(&form.title))?;
    }
    writeln!(text, "Units")?;
    for (id, unit) in &catalogue.organisations.units {
        let trust = catalogue
            .organisations
            .trust_of(id)
            .expect("checked when loaded");
        writeln!(
            text,
            "  {trust} › {} › {id}: {}",
            unit.institution,
            title(&unit.title)
        )?;
    }
    Ok(text)
}

fn show(catalogue: &catalogue::Catalogue, id: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    for instrument in catalogue
        .instruments
        .values()
        .filter(|one| one.id.as_str() == id)
    {
        instrument::show(&mut text, instrument)?;
    }
    for measure in catalogue
        .measures
        .values()
        .filter(|one| one.id.as_str() == id)
    {
        measure::show(&mut text, measure, catalogue)?;
    }
    let named = |one: &&Indicator| format!("{}/{}", one.measure, one.id) == id;
    for indicator in catalogue.indicators.iter().filter(named) {
        measure::show_indicator(&mut text, indicator, catalogue)?;
    }
    outside::show(&mut text, catalogue, id)?;
    if let Some(form) = catalogue
        .involvement
        .as_ref()
        .filter(|_| id == involvement::NAME)
    {
        involvement::show(&mut text, form)?;
    }
    if text.is_empty() {
        let message =
            format!("the catalogue has no {id}; `medvirk catalogue list` shows what it has");
        return Err(error(CommandExit::Usage, message));
    }
    Ok(text)
}
