//! What is listed besides the header: the structures' layout for C compilers, the functions for linkers.

use super::names::stem;
use super::{FUNCTIONS, ident, read};
use std::fmt::Write as _;

/// C's own check of the structures' layout, from the list in `src/entry/abi/layout.rs`.
pub(super) fn layout() -> String {
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
pub(super) fn two_forms(name: &str) -> bool {
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
pub(super) fn definition(decorated: bool) -> String {
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
#define _SEC_WINNT_AUTH_TYPES
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
