//! Makes `include/negossp.h`, `tests/suites/c/layout.c`, the `.def` files and the list of exports in
//! COMPATIBILITY.md from `src/entry`.
//!
//! cbindgen does the translation. Adjustments around it: it reads `extern "C"` only, so "system" is
//! rewritten to that; Rust's `SecPkgInfo<SEC_WCHAR>` becomes `SecPkgInfoW`; structures get their
//! documented tags and pointer names; and constants keep their spelling.

use super::lists::{compatibility, definition, layout, two_forms};
use super::names::{document, spell, stem};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A file that this module generates, below the project's root, and its expected content.
pub(crate) struct Made {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// Everything that is generated from the sources.
pub(crate) fn all() -> Vec<Made> {
    vec![
        Made { path: "include/negossp.h", text: header() },
        Made { path: "tests/suites/c/layout.c", text: layout() },
        Made { path: "def/x86_64/negossp.def", text: definition("negossp.dll", false) },
        Made { path: "def/i686/negossp.def", text: definition("negossp.dll", true) },
        Made { path: "def/x86_64/secur32.def", text: definition("secur32.dll", false) },
        Made { path: "def/i686/secur32.def", text: definition("secur32.dll", true) },
        Made { path: "COMPATIBILITY.md", text: compatibility() },
    ]
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A source without its module comment, which is valid only at the head of a file.
fn items(path: &str) -> String {
    read(path)
        .lines()
        .filter(|line| !line.starts_with("//!"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// The sources in the order in which the header shows them.
const TYPES: [&str; 6] = ["base", "attributes", "authz", "identity", "token", "table"];
pub(super) const FUNCTIONS: [&str; 13] = [
    "credentials",
    "context/mod",
    "context/query",
    "context/access_token",
    "context/message",
    "packages",
    "function_table",
    "attributes",
    "password",
    "auth_identity",
    "async_call",
    "context/export_import",
    "describe",
];
/// The sources of functions that are exported on Windows alone, and that the system's headers
/// declare there.
pub(super) const WINDOWS_FUNCTIONS: [&str; 2] = ["windows/with_contexts", "windows/forwarded"];

/// The sources of functions that are exported on Unix alone.
pub(super) const UNIX_FUNCTIONS: [&str; 1] = ["unix_token"];

fn header() -> String {
    let mut source = String::new();
    for name in TYPES {
        source += &items(&format!("src/entry/abi/{name}.rs"));
    }
    source = with_forms(&source);
    let generic = generic_types(&source);
    for name in FUNCTIONS.iter().chain(&UNIX_FUNCTIONS) {
        source += &items(&format!("src/entry/exports/{name}.rs"));
    }
    for name in &generic {
        for (form, char) in [("W", "SEC_WCHAR"), ("A", "SEC_CHAR")] {
            writeln!(source, "pub type {}{form} = {name}<{char}>;", stem(name)).unwrap();
        }
    }
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    config.export.include =
        declared(&source, "pub type ").chain(declared(&source, "pub struct ")).collect();
    let text = bindings(&source.replace("extern \"system\"", "extern \"C\""), config);

    let mut out = read("tests/it/abi/header/prologue.h");
    out += &constants();
    out += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
    out += &document(&spell(&text));
    out += "\n#ifdef __cplusplus\n}\n#endif\n\n";
    out += &either_form(&source, &generic);
    out += "\n#endif /* !_WIN32 */\n\n#endif /* NEGOSSP_H */\n";
    out
}

fn bindings(source: &str, config: cbindgen::Config) -> String {
    let file: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("abi.rs");
    fs::write(&file, source).unwrap();
    let mut out = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(&file)
        .generate()
        .unwrap()
        .write(&mut out);
    String::from_utf8(out).unwrap()
}

/// The names that lines beginning with `keyword` declare.
fn declared<'a>(source: &'a str, keyword: &'a str) -> impl Iterator<Item = String> + 'a {
    source
        .lines()
        .filter_map(move |line| line.strip_prefix(keyword))
        .map(|rest| ident(rest).to_owned())
}

/// The types of two-form functions that have no text in their arguments, made generic like the
/// others.
fn with_forms(source: &str) -> String {
    let mut out = source.to_owned();
    for member in source.lines().filter_map(|line| line.strip_prefix("    pub ")) {
        if let Some((name, kind)) = member.trim_end_matches(',').split_once(": ")
            && kind.ends_with("_FN")
            && two_forms(name)
        {
            out = out.replace(&format!("pub type {kind} ="), &format!("pub type {kind}<Char> ="));
            out = out.replace(&format!(": {kind},"), &format!(": {kind}<Char>,"));
        }
    }
    out
}

/// The identifier at the start of `text`.
pub(super) fn ident(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// The types that are generic over the character.
fn generic_types(source: &str) -> Vec<String> {
    let lines = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub type ").or(line.strip_prefix("pub struct ")));
    lines
        .filter(|rest| rest[ident(rest).len()..].starts_with("<Char>"))
        .map(|rest| ident(rest).to_owned())
        .collect()
}

/// `#define` for every constant, as spelled in the Rust source.
fn constants() -> String {
    let mut out = String::new();
    for (file, cast) in [("status", "(SECURITY_STATUS)"), ("constants", "")] {
        for line in read(&format!("src/entry/abi/{file}.rs"))
            .lines()
            .skip_while(|line| !line.ends_with("! {"))
        {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("// ") {
                writeln!(out, "\n/* {text} */").unwrap();
            } else if let Some((name, value)) =
                line.strip_suffix(';').and_then(|line| line.split_once(" = "))
            {
                match cast {
                    "" => writeln!(out, "#define {name} {value}"),
                    cast => writeln!(out, "#define {name} ({cast}{value})"),
                }
                .unwrap();
            } else if line.ends_with("! {") {
                out += "\n";
            }
        }
    }
    out
}

/// The names without A or W, which are defined as one or the other depending on UNICODE.
fn either_form(source: &str, generic: &[String]) -> String {
    let functions =
        source.lines().filter_map(|line| line.strip_prefix("pub unsafe extern \"system\" fn "));
    let functions = functions
        .chain(source.lines().filter_map(|line| line.strip_prefix("pub extern \"system\" fn ")));
    let functions = functions.filter_map(|rest| ident(rest).strip_suffix('W')).map(str::to_owned);
    let mut out = String::new();
    for name in generic.iter().cloned().chain(functions) {
        let form = if stem(&name) == name { "NEGOSSP_AW" } else { "NEGOSSP_U_AW" };
        writeln!(out, "#define {name} {form}({name})").unwrap();
        let structure = source.contains(&format!("pub struct {name}<Char>"));
        if structure && !generic.contains(&format!("P{name}")) {
            writeln!(out, "#define P{name} {form}(P{name})").unwrap();
        }
    }
    out
}
