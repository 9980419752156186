//! Compiles the .proto files without `protoc` and writes a redacting `Debug` for every message
//! that can hold an answer, a reference or a code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, error, fmt::Write as _, fs};

use protox::Compiler;
use tonic_prost_build::Config;

/// Packages whose messages hold no answer, reference or code, and keep a derived `Debug`.
const OPEN: [&str; 1] = ["medvirk.indicator.v1"];

/// Of these, requests can be read from the query of a URL; the rest of the package is written as
/// JSON. Both only with the feature `json`, and described for OpenAPI.
const INDICATOR: &str = ".medvirk.indicator.v1";
const ASKED: [&str; 3] = [
    "GetSeriesRequest",
    "CompareRequest",
    "CompareWithRestRequest",
];

fn main() -> Result<(), Box<dyn error::Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let files = proto_files(Path::new("medvirk"))?;
    println!("cargo:rerun-if-changed=medvirk");

    let mut compiler = Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_files(&files)?;
    // Raw bytes, because a round trip through prost's types would drop custom options.
    fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    let mut compiler = Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();

    let mut builder = json(tonic_prost_build::configure().btree_map("."));
    builder = builder.codec_path("crate::codec::MessageCodec");
    let mut debugs = String::new();
    for package in packages(&descriptors) {
        if !OPEN.contains(&package.as_str()) {
            builder = builder.skip_debug([format!(".{package}")]);
            redact(&descriptors, &package, &mut debugs)?;
        }
    }
    fs::write(out.join("redacted.rs"), debugs)?;
    builder.compile_fds_with_config(descriptors, Config::new())?;
    Ok(())
}

/// Indicators as JSON: every field by its name, what is absent as null.
fn json(builder: tonic_prost_build::Builder) -> tonic_prost_build::Builder {
    let with = |what: &str| format!("#[cfg_attr(feature = \"json\", {what})]");
    let mut builder = builder
        .message_attribute(
            INDICATOR,
            with("derive(serde::Serialize, utoipa::ToSchema)"),
        )
        // As it always was: null without a target.
        .field_attribute(
            format!("{INDICATOR}.Figure.attainment"),
            with(
                "serde(serialize_with = \"crate::null_if_empty\"), \
                 schema(value_type = Option<String>)",
            ),
        );
    builder = reasons(builder);
    for request in ASKED {
        builder = builder.message_attribute(
            format!("{INDICATOR}.{request}"),
            with(
                "derive(serde::Deserialize, utoipa::IntoParams), \
                 serde(default, deny_unknown_fields), into_params(parameter_in = Query)",
            ),
        );
    }
    builder
}

/// A reason is written as its code and arguments, and described for OpenAPI with all its codes.
fn reasons(builder: tonic_prost_build::Builder) -> tonic_prost_build::Builder {
    let with = |what: &str| format!("#[cfg_attr(feature = \"json\", {what})]");
    let mut builder = builder
        .message_attribute(format!("{INDICATOR}.Reason"), with("serde(transparent)"))
        .enum_attribute(
            format!("{INDICATOR}.Reason.code"),
            with(
                "derive(serde::Serialize, utoipa::ToSchema), schema(as = Reason), \
                 serde(tag = \"code\", content = \"arguments\", rename_all = \"kebab-case\")",
            ),
        );
    for field in ["Figure.notes", "Process.notes"] {
        builder = builder.field_attribute(
            format!("{INDICATOR}.{field}"),
            with("schema(value_type = Vec<reason::Code>)"),
        );
    }
    for field in [
        "GetSeriesResponse.process_reason",
        "CompareResponse.funnel_reason",
    ] {
        builder = builder.field_attribute(
            format!("{INDICATOR}.{field}"),
            with("schema(value_type = Option<reason::Code>)"),
        );
    }
    // Left out where there is none, as it always was.
    for field in ["Figure.reason", "Coverage.reason"] {
        builder = builder.field_attribute(
            format!("{INDICATOR}.{field}"),
            with(
                "serde(skip_serializing_if = \"Option::is_none\"), \
                 schema(value_type = Option<reason::Code>)",
            ),
        );
    }
    builder
}

fn proto_files(dir: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(proto_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

type Descriptors = tonic_prost_build::FileDescriptorSet;

fn packages(descriptors: &Descriptors) -> BTreeSet<String> {
    let of = |file: &_| -> String { package_of(file).to_owned() };
    descriptors
        .file
        .iter()
        .map(of)
        .filter(|package| package.starts_with("medvirk."))
        .collect()
}

fn package_of(file: &prost_types::FileDescriptorProto) -> &str {
    file.package()
}

/// Writes `impl Debug` for every message and oneof of a package: the name and nothing else.
fn redact(descriptors: &Descriptors, package: &str, code: &mut String) -> std::fmt::Result {
    let module = package.replace('.', "::");
    let module = module.trim_start_matches("medvirk::");
    for file in descriptors
        .file
        .iter()
        .filter(|file| file.package() == package)
    {
        for message in &file.message_type {
            redact_message(message, &format!("crate::{module}"), code)?;
        }
    }
    Ok(())
}

fn redact_message(
    message: &prost_types::DescriptorProto,
    path: &str,
    code: &mut String,
) -> std::fmt::Result {
    impl_debug(&format!("{path}::{}", message.name()), message.name(), code)?;
    let inner = format!("{path}::{}", snake_case(message.name()));
    // A proto3 `optional` field is wrapped in a oneof of its own, whose name begins with `_`.
    for oneof in message
        .oneof_decl
        .iter()
        .filter(|oneof| !oneof.name().starts_with('_'))
    {
        let name = camel_case(oneof.name());
        impl_debug(&format!("{inner}::{name}"), &name, code)?;
    }
    for nested in &message.nested_type {
        if !nested
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
        {
            redact_message(nested, &inner, code)?;
        }
    }
    Ok(())
}

fn impl_debug(path: &str, name: &str, code: &mut String) -> std::fmt::Result {
    writeln!(code, "impl ::core::fmt::Debug for {path} {{")?;
    writeln!(
        code,
        "    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{"
    )?;
    writeln!(code, "        f.write_str(\"{name}(redacted)\")")?;
    writeln!(code, "    }}\n}}")
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (place, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && place > 0 {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

fn camel_case(name: &str) -> String {
    let capitalise = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_')
        .filter(|word| !word.is_empty())
        .map(capitalise)
        .collect()
}
