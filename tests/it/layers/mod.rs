//! References run downwards: a file refers only to items of lower layers, and no files refer to
//! each other in a cycle. The layers are listed here, and ARCHITECTURE.md shows the same.

mod arrows;
mod once;
mod one_way;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrows::{Arrow, Sources};

/// The parts of a folder, the uppermost layer first. Parts of one layer do not refer to each other.
struct Layers {
    /// The folder, and its module.
    path: &'static str,
    module: &'static [&'static str],
    rows: &'static [&'static [&'static str]],
}

/// The name for the folder's own `mod.rs`, `lib.rs` or `main.rs`.
const OWN_FILE: &str = "mod";

/// `lib.rs` declares the parts, and holds nothing that they could refer to.
const ROOT: Layers = Layers {
    path: "src",
    module: &["negossp"],
    rows: &[
        &[OWN_FILE],
        &["bin", "entry"],
        &["server"],
        // Above those whose options it reads.
        &["config"],
        &["access_token", "domain", "export", "tickets", "winbind"],
        &["authority"],
        &["stores"],
        &["net"],
        &["runtime"],
        &["platform"],
        // The other crate, as one part.
        &["negossp_core"],
    ],
};

const CORE: Layers = Layers {
    path: "crates/core/src",
    module: &["negossp_core"],
    rows: &[
        &[OWN_FILE],
        &["context"],
        &["negotiate"],
        &["kerberos", "ntlm"],
        &["mechanism"],
        &["principal", "replay"],
        &["persist"],
        &["encoding", "primitives"],
        &["types"],
    ],
};

const ENTRY: Layers = Layers {
    path: "src/entry",
    module: &["negossp", "entry"],
    rows: &[
        &[OWN_FILE, "at_load"],
        &["exports"],
        // A context is made with a credential, and a credential of an identity.
        &["context"],
        &["credentials"],
        &["access_token", "async_call", "auth_identity", "forward", "packages"],
        &["handles"],
        &["boundary"],
        &["abi"],
    ],
};

impl Layers {
    /// The part that a module belongs to, and its layer. `None`: it is outside of this folder.
    fn part<'m>(&self, module: &'m [String]) -> Option<(&'m str, Option<usize>)> {
        let inside = module.iter().zip(self.module).take_while(|(a, b)| a == *b).count();
        let part = match &module[inside..] {
            [] if inside == self.module.len() => OWN_FILE,
            // From outside, a whole crate can be a part.
            [part, ..] if inside == self.module.len() || inside == 0 => part,
            _ => return None,
        };
        let row = self.rows.iter().position(|row| row.contains(&part));
        (inside > 0 || row.is_some()).then_some((part, row))
    }

    /// As in ARCHITECTURE.md.
    fn shown(&self) -> String {
        let rows = self.rows.iter().map(|row| format!("  {}\n", row.join(" | ")));
        format!("{}/\n{}", self.path, rows.collect::<String>())
    }

    /// References that do not run downwards.
    fn arrows_up(&self, sources: &Sources) -> Vec<String> {
        let runs_up = |arrow: &Arrow| {
            let ((from, from_row), (to, to_row)) = (self.part(&arrow.from)?, self.part(&arrow.to)?);
            let down = from == to || from_row? < to_row?;
            (!down).then(|| format!("{from} -> {to}: {}", arrow.place))
        };
        sources.arrows().iter().filter_map(runs_up).collect()
    }

    /// Files that are in no layer, and parts that have no file.
    fn unmatched(&self, sources: &Sources) -> Vec<String> {
        let parts: Vec<_> = sources.modules().filter_map(|m| Some((m, self.part(m)?))).collect();
        let files = parts.iter().filter(|(_, (_, row))| row.is_none()).map(|(m, _)| m.join("::"));
        let rows = self.rows.iter().copied().flatten();
        let idle = rows.filter(|name| !parts.iter().any(|(_, (part, _))| part == *name));
        files.chain(idle.map(|name| name.to_string())).collect()
    }
}

/// Cycles of files. A module and its submodules count as one among its neighbours; references
/// between it and its submodules are not a cycle.
fn circles(arrows: &[Arrow]) -> Vec<String> {
    type Neighbours<'a> = BTreeMap<&'a [String], BTreeMap<&'a [String], &'a Arrow>>;
    let mut folders: BTreeMap<&[String], Neighbours> = BTreeMap::new();
    for arrow in arrows {
        let (from, to) = (&arrow.from, &arrow.to);
        let common = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if common < from.len() && common < to.len() {
            let neighbours = folders.entry(&from[..common]).or_default();
            let from = neighbours.entry(&from[..=common]).or_default();
            from.entry(&to[..=common]).or_insert(arrow);
        }
    }
    let mut circles = Vec::new();
    for neighbours in folders.values() {
        let mut done = BTreeSet::new();
        for start in neighbours.keys() {
            // Depth first; the references that lead to the current file.
            let mut road: Vec<(&[String], Option<&Arrow>, Vec<_>)> = Vec::new();
            let next = |at: &[String]| -> Vec<(&[String], &Arrow)> {
                neighbours.get(at).into_iter().flatten().map(|(to, arrow)| (*to, *arrow)).collect()
            };
            if done.insert(*start) {
                road.push((*start, None, next(start)));
            }
            while let Some((_, _, left)) = road.last_mut() {
                let Some((to, arrow)) = left.pop() else {
                    road.pop();
                    continue;
                };
                if let Some(first) = road.iter().position(|(at, ..)| *at == to) {
                    let circle = road[first + 1..].iter().filter_map(|(_, arrow, _)| *arrow);
                    let places = circle.chain([arrow]).map(|arrow| arrow.place.as_str());
                    circles.push(places.collect::<Vec<_>>().join("\n  "));
                } else if done.insert(to) {
                    road.push((to, Some(arrow), next(to)));
                }
            }
        }
    }
    circles
}

fn sources() -> Sources {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Sources::default();
    sources.read_folder(&project.join("src"), &["negossp"]);
    sources.read_folder(&project.join("crates/core/src"), &["negossp_core"]);
    sources
}

#[test]
fn arrows_run_down() {
    let sources = sources();
    for layers in [ROOT, CORE, ENTRY] {
        assert_eq!(layers.unmatched(&sources), Vec::<String>::new(), "files and rows differ");
        let up = layers.arrows_up(&sources);
        assert!(up.is_empty(), "{} arrows do not run down:\n{}", up.len(), up.join("\n"));
    }
}

#[test]
fn no_files_name_each_other_in_a_circle() {
    let circles = circles(&sources().arrows());
    assert!(circles.is_empty(), "{} circles:\n{}", circles.len(), circles.join("\n\n"));
}

#[test]
fn the_architecture_shows_the_same_layers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(path).unwrap();
    let block = text.split("```layers\n").nth(1).and_then(|rest| rest.split("```").next());
    let expected = [ROOT, CORE, ENTRY].map(|layers| layers.shown()).join("\n");
    assert_eq!(block, Some(&*expected), "ARCHITECTURE.md is to show:\n{expected}");
}

mod made_up {
    use super::*;

    const TABLE: Layers =
        Layers { path: "c", module: &["c"], rows: &[&[OWN_FILE], &["top"], &["a", "b"]] };

    fn read(files: &[(&str, &str)]) -> Sources {
        let mut sources = Sources::default();
        for (module, text) in files {
            sources.read(&module.split("::").collect::<Vec<_>>(), module, text);
        }
        sources
    }

    /// The lines of the file `a` with references that do not run downwards.
    fn up(text: &str) -> Vec<String> {
        let root = "mod top; mod a; mod b; pub use top::Reexported;";
        let top = "pub struct Item; mod inner;";
        let files =
            [("c", root), ("c::top", top), ("c::top::inner", ""), ("c::b", ""), ("c::a", text)];
        TABLE.arrows_up(&read(&files))
    }

    #[test]
    fn an_arrow_up_is_found_however_it_is_written() {
        for text in [
            "use crate::top::Item;",
            "use super::top;",
            "\nuse crate::{b as _, top::{inner::*}};",
            "fn f() { crate::top::call() }",
            "mod inline { use super::super::top::Item; }",
            "use crate::Reexported;",
            "macro_rules! m { () => { $crate::top::Item } }",
            "#[cfg(not(test))] fn f(_: Vec<super::top::Item>) {}",
        ] {
            assert!(up(text).iter().any(|line| line.starts_with("a -> top: c::a:")), "{text}");
        }
        assert_eq!(up("\n\nuse crate::b::Item;"), ["a -> b: c::a:3: crate::b::Item"]);
    }

    #[test]
    fn what_is_no_arrow_is_none() {
        for text in [
            "// crate::top::Item",
            "/// [`crate::top::Item`]\nfn f() {}",
            "const TEXT: &str = \"crate::top::Item\";",
            "#[cfg(test)] use crate::top::Item;",
            "#[cfg(test)] mod tests { use crate::top::Item; }",
            "pub(in crate::top) fn f() {}",
            "use std::top::Item; use ::top::Item;",
            "use self::own::Item; mod own { pub struct Item; }",
        ] {
            assert_eq!(up(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_circle_is_found() {
        let found = |files: &[(&str, &str)]| circles(&read(files).arrows()).len();
        // Two files, also through what their parent re-exports, and three in two folders.
        assert_eq!(
            found(&[("c", ""), ("c::a", "use super::b::X;"), ("c::b", "use super::a::Y;")]),
            1
        );
        let root = ("c", "pub use a::Y;");
        assert_eq!(found(&[root, ("c::a", "use super::b::X;"), ("c::b", "use super::Y;")]), 1);
        let a = [("c::a", ""), ("c::a::x", "use crate::b::Z;"), ("c::b", "use crate::d::W;")];
        assert_eq!(found(&[&a[..], &[("c", ""), ("c::d", "use crate::a::x::X;")]].concat()), 1);
        // Not a module and its submodules.
        assert_eq!(found(&[("c::a", "mod x; use x::X;"), ("c::a::x", "use super::Y;")]), 0);
        let test = ("c::b", "#[cfg(test)] mod tests { use super::a::Y; }");
        assert_eq!(found(&[("c", ""), ("c::a", "use super::b::X;"), test]), 0);
    }
}
