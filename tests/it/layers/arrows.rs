//! Reads Rust sources and finds which files refer to items of which other files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's names, from its crate's: `["negossp", "entry", "abi"]`.
pub(super) type Module = Vec<String>;

/// A reference from one file to another.
#[derive(Debug)]
pub(super) struct Arrow {
    pub(super) from: Module,
    pub(super) to: Module,
    /// Where the reference is: the file, the line and the path.
    pub(super) place: String,
}

/// A path in the source: its module and line.
struct Written {
    module: Module,
    line: usize,
    path: Vec<String>,
}

/// The parsed content of a set of files. Test code is left out.
#[derive(Default)]
pub(super) struct Sources {
    /// The file of each module that has one.
    files: BTreeMap<Module, String>,
    inline: HashSet<Module>,
    test_only: HashSet<Module>,
    /// What `use` in a module binds a name to: several paths where systems differ.
    aliases: HashMap<(Module, String), Vec<Vec<String>>>,
    written: Vec<(Module, Written)>,
}

impl Sources {
    /// Reads each `.rs` under `folder`, whose modules are `root`'s.
    pub(super) fn read_folder(&mut self, folder: &Path, root: &[&str]) {
        let mut entries: Vec<_> = folder.read_dir().unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let module = match name {
                "mod" | "lib" | "main" => root.to_vec(),
                _ => [root, &[name]].concat(),
            };
            if path.is_dir() {
                // The folder of a binary's sources is its crate's root.
                let module = if root.last() == Some(&"bin") { root.to_vec() } else { module };
                self.read_folder(&path, &module);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                self.read(&module, &path.display().to_string(), &text);
            }
        }
    }

    /// Reads the file of one module.
    pub(super) fn read(&mut self, module: &[&str], file: &str, text: &str) {
        let module: Module = module.iter().map(|s| s.to_string()).collect();
        let tokens: TokenStream = text.parse().unwrap_or_else(|e| panic!("{file}: {e}"));
        self.files.insert(module.clone(), file.to_string());
        self.walk(tokens, &module, &module);
    }

    /// Each reference once, at its first line.
    pub(super) fn arrows(&self) -> Vec<Arrow> {
        let mut seen = HashSet::new();
        let mut arrows = Vec::new();
        for (from, written) in self.written.iter().filter(|(file, _)| !self.is_test(file)) {
            for to in self.resolve(&written.module, &written.path) {
                if to != *from && seen.insert((from.clone(), to.clone())) {
                    let (file, path) = (&self.files[from], written.path.join("::"));
                    let place = format!("{file}:{}: {path}", written.line);
                    arrows.push(Arrow { from: from.clone(), to, place });
                }
            }
        }
        arrows
    }

    /// The modules of all files that are not test code.
    pub(super) fn modules(&self) -> impl Iterator<Item = &Module> {
        self.files.keys().filter(|module| !self.is_test(module))
    }

    fn is_test(&self, module: &[String]) -> bool {
        (1..=module.len()).any(|n| self.test_only.contains(&module[..n]))
    }

    fn walk(&mut self, tokens: TokenStream, file: &Module, module: &Module) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            let rest = &tokens[at..];
            at += match rest {
                [TokenTree::Punct(hash), TokenTree::Group(attribute), ..]
                    if hash.as_char() == '#' && is_test_attribute(&attribute.stream()) =>
                {
                    self.skip_item(rest, module)
                }
                // A visibility, `pub(in crate::entry)`, is not a reference.
                [TokenTree::Ident(word), TokenTree::Group(group), ..]
                    if word == "pub" && group.delimiter() == Delimiter::Parenthesis =>
                {
                    2
                }
                [TokenTree::Ident(word), TokenTree::Ident(name), TokenTree::Group(body), ..]
                    if word == "mod" =>
                {
                    let inner = [module.as_slice(), &[name.to_string()]].concat();
                    self.inline.insert(inner.clone());
                    self.walk(body.stream(), file, &inner);
                    3
                }
                [TokenTree::Ident(word), next, ..] if word == "use" && !is_punct(next, '<') => {
                    let end = rest.iter().position(|t| is_punct(t, ';')).unwrap_or(rest.len());
                    self.use_tree(&rest[1..end], &[], file, module);
                    end
                }
                [TokenTree::Ident(word), ..] => {
                    let path = path_at(rest);
                    let length = path.len() * 3 - 2;
                    let goes_on = at > 0
                        && is_punct(&tokens[at - 1], ':')
                        && at > 1
                        && is_punct(&tokens[at - 2], ':');
                    if path.len() > 1 && !goes_on {
                        self.note(file, module, word.span().start().line, path);
                    }
                    length
                }
                [TokenTree::Group(group), ..] => {
                    self.walk(group.stream(), file, module);
                    1
                }
                _ => 1,
            };
        }
    }

    fn note(&mut self, file: &Module, module: &Module, line: usize, path: Vec<String>) {
        self.written.push((file.clone(), Written { module: module.clone(), line, path }));
    }

    /// One branch of a `use`, behind `prefix`.
    fn use_tree(
        &mut self,
        tokens: &[TokenTree],
        prefix: &[String],
        file: &Module,
        module: &Module,
    ) {
        // `::name` is another crate.
        let Some(TokenTree::Ident(_) | TokenTree::Group(_)) = tokens.first() else { return };
        let own = path_at(tokens);
        let length = (own.len() * 3).saturating_sub(2);
        let mut path = [prefix, &own].concat();
        let (colons, end) = (&tokens[length..], tokens[0].span().start().line);
        let group = colons.iter().chain(tokens.first()).find_map(|t| match t {
            TokenTree::Group(group) => Some(group.stream()),
            _ => None,
        });
        if let Some(group) = group {
            let branches: Vec<TokenTree> = group.into_iter().collect();
            for branch in branches.split(|t| is_punct(t, ',')) {
                self.use_tree(branch, &path, file, module);
            }
            return;
        }
        if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
            path.pop();
        }
        let name = match colons {
            [TokenTree::Ident(_), TokenTree::Ident(name), ..] => Some(name.to_string()),
            [] => path.last().cloned(),
            _ => None, // a glob
        };
        if let Some(name) = name {
            self.aliases.entry((module.clone(), name)).or_default().push(path.clone());
        }
        self.note(file, module, end, path);
    }

    /// The number of tokens of an attribute and its item.
    fn skip_item(&mut self, tokens: &[TokenTree], module: &Module) -> usize {
        let mut is_use = false;
        for (n, token) in tokens.iter().enumerate().skip(2) {
            match token {
                TokenTree::Ident(word) if word == "use" => is_use = true,
                TokenTree::Ident(word) if word == "mod" => {
                    let inner = [module.as_slice(), &[tokens[n + 1].to_string()]].concat();
                    self.test_only.insert(inner);
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace && !is_use => {
                    return n + 1;
                }
                token if is_punct(token, ';') => return n + 1,
                _ => (),
            }
        }
        tokens.len()
    }

    /// The modules whose files a path leads to: where the item is, and the modules that re-export
    /// it. None for what is outside of the sources.
    fn resolve(&self, module: &Module, path: &[String]) -> Vec<Module> {
        let mut passed = Vec::new();
        self.follow(module, path, &mut passed, 0);
        passed.iter().filter_map(|module| self.file_of(module)).collect()
    }

    fn follow(&self, module: &Module, path: &[String], passed: &mut Vec<Module>, depth: usize) {
        let root = 1 + usize::from(module.get(1).is_some_and(|name| name == "bin"));
        let (mut at, mut path) = match path[0].as_str() {
            "crate" => (module[..root].to_vec(), &path[1..]),
            "self" | "super" => (module.clone(), path),
            name if self.is_module(module, name) || self.aliases(module, name).next().is_some() => {
                (module.clone(), path)
            }
            name if self.files.contains_key([name.to_string()].as_slice()) => {
                (vec![name.to_string()], &path[1..])
            }
            _ => return,
        };
        while let [name, rest @ ..] = path {
            if name == "super" {
                at.pop();
            } else if self.is_module(&at, name) {
                at.push(name.clone());
            } else if name != "self" {
                let mut found = false;
                for alias in self.aliases(&at, name).filter(|_| depth < 8) {
                    found = true;
                    self.follow(&at, &[alias, rest].concat(), passed, depth + 1);
                }
                // A crate's root is only passed through.
                if found && at.len() == 1 {
                    return;
                }
                break;
            }
            path = rest;
        }
        passed.push(at);
    }

    /// What `name` stands for in a module.
    fn aliases(&self, module: &Module, name: &str) -> impl Iterator<Item = &[String]> {
        let aliases = self.aliases.get(&(module.clone(), name.to_string()));
        let aliases = aliases.into_iter().flatten().map(Vec::as_slice);
        aliases.filter(move |alias| alias[0] != name)
    }

    fn is_module(&self, module: &Module, name: &str) -> bool {
        let inner = [module.as_slice(), &[name.to_string()]].concat();
        self.files.contains_key(&inner) || self.inline.contains(&inner)
    }

    fn file_of(&self, module: &Module) -> Option<Module> {
        let mut prefixes = (1..=module.len()).rev().map(|n| &module[..n]);
        prefixes.find(|prefix| self.files.contains_key(*prefix)).map(<[String]>::to_vec)
    }
}

/// The names at the start of `tokens`, joined by `::`.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut path = Vec::new();
    let mut rest = tokens;
    while let [TokenTree::Ident(name), more @ ..] = rest {
        path.push(name.to_string());
        match more {
            [a, b, more @ ..] if is_punct(a, ':') && is_punct(b, ':') => rest = more,
            _ => break,
        }
    }
    path
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn is_test_attribute(attribute: &TokenStream) -> bool {
    let text = attribute.to_string().replace(' ', "");
    text == "cfg(test)" || text.starts_with("cfg(all(test,")
}
