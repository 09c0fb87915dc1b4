//! Makes `include/negossp.h`, `tests/c/layout.c` and the `.def` files from `src/entry`.
//!
//! cbindgen does the translation. Around it: it reads `extern "C"` only, so "system" is spelled so; Rust's
//! `SecPkgInfo<SEC_WCHAR>` becomes `SecPkgInfoW`; structures get their documented tags and pointer names; and
//! constants keep their spelling.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// A file this module makes, below the project's root, and what should be in it.
pub(crate) struct Made {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// Everything made from the sources.
pub(crate) fn all() -> Vec<Made> {
    vec![
        Made { path: "include/negossp.h", text: header() },
        Made { path: "tests/c/layout.c", text: layout() },
        Made { path: "def/x86_64/negossp.def", text: definition(false) },
        Made { path: "def/i686/negossp.def", text: definition(true) },
    ]
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A source without its module's own comment, which may only stand at a file's head.
fn items(path: &str) -> String {
    read(path).lines().filter(|line| !line.starts_with("//!")).map(|line| format!("{line}\n")).collect()
}

/// The sources in the order in which the header shows them.
const TYPES: [&str; 4] = ["base", "attributes", "identity", "table"];
const FUNCTIONS: [&str; 6] = ["credentials", "context", "query", "message", "packages", "unsupported"];

fn header() -> String {
    let mut source = String::new();
    for name in TYPES {
        source += &items(&format!("src/entry/abi/{name}.rs"));
    }
    source = with_forms(&source);
    let generic = generic_types(&source);
    for name in FUNCTIONS {
        source += &items(&format!("src/entry/exports/{name}.rs"));
    }
    for name in &generic {
        for (form, char) in [("W", "SEC_WCHAR"), ("A", "SEC_CHAR")] {
            writeln!(source, "pub type {}{form} = {name}<{char}>;", stem(name)).unwrap();
        }
    }
    let mut config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    config.export.include = declared(&source, "pub type ").chain(declared(&source, "pub struct ")).collect();
    let text = bindings(&source.replace("extern \"system\"", "extern \"C\""), config);

    let mut out = read("tests/header/prologue.h");
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
    cbindgen::Builder::new().with_config(config).with_src(&file).generate().unwrap().write(&mut out);
    String::from_utf8(out).unwrap()
}

/// The names that lines beginning with `keyword` declare.
fn declared<'a>(source: &'a str, keyword: &'a str) -> impl Iterator<Item = String> + 'a {
    source.lines().filter_map(move |line| line.strip_prefix(keyword)).map(|rest| ident(rest).to_owned())
}

/// The types of two-form functions that have no text in their arguments, made generic like the others.
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

/// The identifier that `text` begins with.
fn ident(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// The types that are generic over the character.
fn generic_types(source: &str) -> Vec<String> {
    let lines = source.lines().filter_map(|line| line.strip_prefix("pub type ").or(line.strip_prefix("pub struct ")));
    lines.filter(|rest| rest[ident(rest).len()..].starts_with("<Char>")).map(|rest| ident(rest).to_owned()).collect()
}

/// What A or W is put after: some documented names have an underscore before it.
fn stem(name: &str) -> String {
    let underscore = name.ends_with("_FN") || name == "SEC_WINNT_AUTH_IDENTITY" || name == "INIT_SECURITY_INTERFACE";
    if underscore { format!("{name}_") } else { name.to_owned() }
}

/// Turns cbindgen's names into the documented ones.
fn spell(text: &str) -> String {
    let words = words(text).map(|word| {
        let form = word.strip_suffix("_SEC_WCHAR").map(|name| (name, "W"));
        let form = form.or(word.strip_suffix("_SEC_CHAR").map(|name| (name, "A")));
        form.map_or(word.to_owned(), |(name, suffix)| format!("{}{suffix}", stem(name)))
    });
    let text: String = words.collect();
    let mut out: Vec<String> = Vec::new();
    let mut lines = text.lines();
    let mut margin = 0;
    let mut bytes = false;
    while let Some(line) = lines.next() {
        if line == "typedef struct {" {
            let name = lines.clone().find_map(|l| l.strip_prefix("} ")).unwrap().trim_end_matches(';');
            bytes = name.starts_with("SEC_WINNT_AUTH_IDENTITY");
            out.push(format!("typedef struct {} {{", tag(name)));
        } else if let Some(name) = line.strip_prefix("} ").map(|l| l.trim_end_matches(';')) {
            out.push(format!("}} {name}, *P{name};"));
            bytes = false;
        } else if redundant(line) {
            while out.last().is_some_and(|line| line.starts_with("//") || line.is_empty()) {
                out.pop();
            }
        } else if line.starts_with("   ") {
            out.push(format!("{:margin$}{}", "", line.trim_start()));
        } else {
            margin = line.rfind('(').map_or(0, |at| at + 1);
            let line = member(line);
            // <sspi.h> has identities' text without sign.
            let unsigned = line.replace("SEC_CHAR *", "unsigned char *").replace("SEC_WCHAR *", "unsigned short *");
            out.push(if bytes { unsigned } else { line });
        }
    }
    out.join("\n") + "\n"
}

/// The structure's tag, as `<sspi.h>` has it.
fn tag(name: &str) -> String {
    match name {
        "SecurityFunctionTableW" => "_SECURITY_FUNCTION_TABLE_W".into(),
        "SecurityFunctionTableA" => "_SECURITY_FUNCTION_TABLE_A".into(),
        _ => format!("_{name}"),
    }
}

/// A typedef that the structure's own declaration makes already, or that names a name itself.
fn redundant(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("typedef ") else { return false };
    match rest.trim_end_matches(';').split_once(' ') {
        Some((from, to)) => from == to || to.strip_prefix("*P") == Some(from),
        None => false,
    }
}

/// A table's member whose function has two forms is named after its form.
fn member(line: &str) -> String {
    for form in ["A", "W"] {
        if line.starts_with("  ") && line.contains(&format!("_FN_{form} ")) {
            return line.replace(';', &format!("{form};"));
        }
    }
    line.to_owned()
}

/// Identifiers, and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let length = match ident(rest).len() {
            0 => first.len_utf8(),
            n => n,
        };
        let (word, tail) = rest.split_at(length);
        rest = tail;
        Some(word)
    })
}

/// Comments for readers of C: without Rust's safety sections and with plain names.
fn document(text: &str) -> String {
    let mut out = String::new();
    let mut skip = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let comment = line.trim_start().strip_prefix("//");
        skip = match comment {
            Some(text) if text.trim() == "# Safety" => true,
            Some(_) => skip,
            None => false,
        };
        let before_safety = comment == Some("") && lines.peek().is_some_and(|next| next.trim() == "// # Safety");
        if !skip && !before_safety {
            writeln!(out, "{}", line.trim_end()).unwrap();
        }
    }
    out
}

/// `#define` for every constant, as spelled in the Rust source.
fn constants() -> String {
    let mut out = String::new();
    for (file, cast) in [("status", "(SECURITY_STATUS)"), ("constants", "")] {
        for line in read(&format!("src/entry/abi/{file}.rs")).lines().skip_while(|line| !line.ends_with("! {")) {
            let line = line.trim();
            if let Some(text) = line.strip_prefix("// ") {
                writeln!(out, "\n/* {text} */").unwrap();
            } else if let Some((name, value)) = line.strip_suffix(';').and_then(|line| line.split_once(" = ")) {
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

/// The names without A or W, which mean one or the other as UNICODE says.
fn either_form(source: &str, generic: &[String]) -> String {
    let functions = source.lines().filter_map(|line| line.strip_prefix("pub unsafe extern \"system\" fn "));
    let functions = functions.chain(source.lines().filter_map(|line| line.strip_prefix("pub extern \"system\" fn ")));
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

/// C's own check of the structures' layout, from the list in `src/entry/abi/layout.rs`.
fn layout() -> String {
    let mut out = String::from(LAYOUT_PROLOGUE);
    let source = read("src/entry/abi/layout.rs");
    let mut types: Vec<(String, &str)> = Vec::new();
    for line in source.lines().skip_while(|line| *line != "layout! {").skip(1) {
        let parts: Vec<&str> = line.trim().trim_end_matches([',', '{']).split_whitespace().collect();
        let [name, on32, on64] = parts[..] else { continue };
        if line.ends_with('{') {
            let name = name.trim_end_matches(':');
            let plain = ident(name);
            types = match plain == name {
                true => vec![(plain.to_owned(), "")],
                false => ["A", "W"].map(|form| (format!("{}{form}", stem(plain)), form)).into(),
            };
            for (name, _) in &types {
                writeln!(out, "SIZE({name}, {on32}, {on64});").unwrap();
            }
        } else {
            for (of, form) in &types {
                let form = if of.starts_with("SecurityFunctionTable") && two_forms(name) { form } else { "" };
                writeln!(out, "MEMBER({of}, {name}{form}, {on32}, {on64});").unwrap();
            }
        }
    }
    out
}

/// Whether the table's member `name` is a function with two forms.
fn two_forms(name: &str) -> bool {
    FUNCTIONS.iter().any(|file| read(&format!("src/entry/exports/{file}.rs")).contains(&format!(" fn {name}W(")))
}

/// The exported functions and how many bytes of arguments they take on 32 bits, where each takes four.
fn functions() -> Vec<(String, usize)> {
    let mut out = Vec::new();
    for file in FUNCTIONS {
        let source = read(&format!("src/entry/exports/{file}.rs"));
        for function in source.split("extern \"system\" fn ").skip(1) {
            let name = ident(function);
            let arguments = function[name.len()..].split_once(')').unwrap().0;
            out.push((name.to_owned(), 4 * arguments.matches(':').count()));
        }
    }
    out.sort();
    out
}

/// A module definition for import libraries. On 32 bits programs refer to `_Name@bytes` and the DLL exports
/// `Name`: `dlltool --kill-at` makes the one from the other.
fn definition(decorated: bool) -> String {
    let mut out = String::from("; Made from src/entry/exports by the test `header_is_current`; do not edit.\n");
    if decorated {
        out += "; For dlltool --kill-at: the DLL exports the names without what is after @.\n";
    }
    out += "LIBRARY negossp.dll\nEXPORTS\n";
    for (name, bytes) in functions() {
        match decorated {
            true => writeln!(out, "    {name}@{bytes}"),
            false => writeln!(out, "    {name}"),
        }
        .unwrap();
    }
    out
}

const LAYOUT_PROLOGUE: &str = r#"/*
 * Where every member lies, as other compilers see it: with mingw's <sspi.h> for Windows, with negossp.h on Linux.
 * Made from src/entry/abi/layout.rs by the test `header_is_current`; do not edit.
 */
#undef UNICODE
#define _WIN32_WINNT 0x0A00
#include "negossp.h"
#include <stddef.h>

#ifdef __cplusplus
#define _Static_assert static_assert
#endif
#define BY_WIDTH(on32, on64) (sizeof(void *) == 4 ? (on32) : (on64))
#define SIZE(type, on32, on64) _Static_assert(sizeof(type) == BY_WIDTH(on32, on64), "size of " #type)
#define MEMBER(type, member, on32, on64) \
    _Static_assert(offsetof(type, member) == BY_WIDTH(on32, on64), "offset of " #type "." #member)

_Static_assert(sizeof(ULONG) == 4 && sizeof(SEC_WCHAR) == 2 && sizeof(SECURITY_STATUS) == 4, "basic types");
"#;
