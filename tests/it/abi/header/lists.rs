//! What is listed besides the header: the structures' layout for C compilers, the functions for
//! linkers.

use super::generator::{FUNCTIONS, UNIX_FUNCTIONS, WINDOWS_FUNCTIONS, ident, read};
use super::names::stem;
use std::fmt::Write as _;

/// C's own check of the structures' layout, from the list in `src/entry/abi/layout.rs`.
pub(super) fn layout() -> String {
    let mut out = String::from(LAYOUT_PROLOGUE);
    let source = read("src/entry/abi/layout.rs");
    let mut types: Vec<(String, &str)> = Vec::new();
    for line in source.lines().skip_while(|line| *line != "layout! {").skip(1) {
        let parts: Vec<&str> =
            line.trim().trim_end_matches([',', '{']).split_whitespace().collect();
        let [name, on32, on64] = parts[..] else { continue };
        if line.ends_with('{') {
            let name = name.trim_end_matches(':');
            let plain = ident(name);
            types = match plain == name {
                true => vec![(plain.to_owned(), "")],
                false => ["A", "W"].map(|form| (format!("{}{form}", stem(plain)), form)).into(),
            };
            for (name, _) in &types {
                writeln!(out, "{}SIZE({name}, {on32}, {on64});", of_ours(name)).unwrap();
            }
        } else {
            for (of, form) in &types {
                let form = if of.starts_with("SecurityFunctionTable") && two_forms(name) {
                    form
                } else {
                    ""
                };
                writeln!(out, "{}MEMBER({of}, {name}{form}, {on32}, {on64});", of_ours(of))
                    .unwrap();
            }
        }
    }
    out
}

/// What stands before a line about a structure that Windows' headers do not have.
fn of_ours(structure: &str) -> &'static str {
    if structure.starts_with("NEGOSSP_") { "ON_UNIX_" } else { "" }
}

/// Whether the table's member `name` is a function with two forms.
pub(super) fn two_forms(name: &str) -> bool {
    FUNCTIONS.iter().any(|file| {
        read(&format!("src/entry/exports/{file}.rs")).contains(&format!(" fn {name}W("))
    })
}

/// An exported function.
struct Function {
    name: String,
    /// Bytes of arguments on 32 bits, where each takes four.
    bytes: usize,
    /// The file among src/entry/exports that it is in.
    file: &'static str,
    /// What it returns where it cannot be passed on, for those that are.
    lacking: Option<String>,
}

/// The exported functions of these files.
fn functions(files: &[&'static str]) -> Vec<Function> {
    let mut out = Vec::new();
    for &file in files {
        let source = read(&format!("src/entry/exports/{file}.rs"));
        for function in source.split("extern \"system\" fn ").skip(1) {
            let name = ident(function);
            // A macro's, which is asked about below.
            if name.is_empty() {
                continue;
            }
            let arguments = function[name.len()..].split_once(')').unwrap().0;
            let bytes = 4 * arguments.matches(':').count();
            out.push(Function { name: name.to_owned(), bytes, file, lacking: None });
        }
        for line in source.lines() {
            // forwarded!'s lines.
            if let Some(line) = line.strip_prefix("    fn ")
                && let Some((signature, lacking)) =
                    line.strip_suffix(';').and_then(|line| line.split_once(") -> "))
            {
                let (name, arguments) = signature.split_once('(').unwrap();
                let bytes =
                    4 * arguments.split(", ").filter(|argument| !argument.is_empty()).count();
                out.push(Function {
                    name: name.to_owned(),
                    bytes,
                    file,
                    lacking: Some(lacking.to_owned()),
                });
            }
            // InitializeSecurityContext's twins.
            if let Some(rest) = line.strip_prefix("initiate!(") {
                out.push(Function { name: ident(rest).to_owned(), bytes: 48, file, lacking: None });
            }
        }
    }
    out.sort_by(|a, b| a.name.cmp(&b.name));
    out
}

/// A module definition for import libraries: of what is the same on all platforms, or, for the DLL
/// that takes secur32.dll's place, of all that the library exports there. On 32 bits programs refer
/// to `_Name@bytes` and the DLL exports `Name`: `dlltool --kill-at` makes the one from the other.
pub(super) fn definition(dll: &str, decorated: bool) -> String {
    let mut out = String::from(
        "; Made from src/entry/exports by the test `header_is_current`; do not edit.\n",
    );
    if decorated {
        out += "; For dlltool --kill-at: the DLL exports the names without what is after @.\n";
    }
    writeln!(out, "LIBRARY {dll}\nEXPORTS").unwrap();
    let whole = [&FUNCTIONS[..], &WINDOWS_FUNCTIONS].concat();
    for Function { name, bytes, .. } in
        functions(if dll == "secur32.dll" { &whole } else { &FUNCTIONS })
    {
        match decorated {
            true => writeln!(out, "    {name}@{bytes}"),
            false => writeln!(out, "    {name}"),
        }
        .unwrap();
    }
    out
}

/// COMPATIBILITY.md with its list of exports made anew.
pub(super) fn compatibility() -> String {
    const BEGIN: &str = "<!-- exports: made by the test `header_is_current` -->\n";
    const END: &str = "<!-- exports end -->";
    let text = read("COMPATIBILITY.md");
    let (before, rest) = text.split_once(BEGIN).expect("where the list begins");
    let (_, after) = rest.split_once(END).expect("where the list ends");
    let mut table = String::from("| function | class |\n| --- | --- |\n");
    for Function { name, file, lacking, .. } in
        functions(&[&FUNCTIONS[..], &WINDOWS_FUNCTIONS, &UNIX_FUNCTIONS].concat())
    {
        let class = match (file, lacking.as_deref()) {
            ("unix_token", _) => "implemented; Linux only".into(),
            ("windows/with_contexts", _) if name.starts_with("ApplyControlToken") => "implemented; Windows only".into(),
            ("windows/with_contexts", _) => {
                "forwarded, for the system's contexts; else `SEC_E_UNSUPPORTED_FUNCTION`. Windows only".into()
            }
            (_, Some(lacking)) => {
                let (lacking, wine) = match lacking.strip_suffix(", a stub in Wine") {
                    Some(lacking) => (lacking, ", as Wine does"),
                    None => (lacking, ""),
                };
                let lacking = match lacking {
                    "False" => "FALSE, ERROR_PROC_NOT_FOUND",
                    "NtStatus" => "STATUS_PROCEDURE_NOT_FOUND",
                    "SecurityStatus" => "`SEC_E_UNSUPPORTED_FUNCTION`",
                    "Win32" => "ERROR_PROC_NOT_FOUND",
                    "Nothing" => "nothing happens",
                    other => panic!("{other}: what does that return?"),
                };
                format!("forwarded; where the system lacks it{wine}: {lacking}. Windows only")
            }
            _ => "implemented".into(),
        };
        writeln!(table, "| {name} | {class} |").unwrap();
    }
    format!("{before}{BEGIN}{table}{END}{after}")
}

const LAYOUT_PROLOGUE: &str = r#"/*
 * Where every member lies, as other compilers see it: with mingw's <sspi.h> for Windows, with negossp.h on Linux.
 * Made from src/entry/abi/layout.rs by the test `header_is_current`; do not edit.
 */
#undef UNICODE
#define _WIN32_WINNT 0x0A00
#define _SEC_WINNT_AUTH_TYPES
#include "negossp.h"
#ifdef _WIN32
#include <authz.h>
#endif
#include <stddef.h>

#ifdef __cplusplus
#define _Static_assert static_assert
#endif
#define BY_WIDTH(on32, on64) (sizeof(void *) == 4 ? (on32) : (on64))
#define SIZE(type, on32, on64) _Static_assert(sizeof(type) == BY_WIDTH(on32, on64), "size of " #type)
#define MEMBER(type, member, on32, on64) \
    _Static_assert(offsetof(type, member) == BY_WIDTH(on32, on64), "offset of " #type "." #member)
/* Structures of our own, which are Unix' alone. */
#ifdef _WIN32
#define ON_UNIX_SIZE(type, on32, on64) _Static_assert(1, "")
#define ON_UNIX_MEMBER(type, member, on32, on64) _Static_assert(1, "")
#else
#define ON_UNIX_SIZE SIZE
#define ON_UNIX_MEMBER MEMBER
#endif

_Static_assert(sizeof(ULONG) == 4 && sizeof(SEC_WCHAR) == 2 && sizeof(SECURITY_STATUS) == 4, "basic types");
"#;
