//! The syntax of krb5.conf, as MIT krb5 reads it: sections, relations, groups in braces, marks of
//! finality, and included files.
//!
//! MIT's library refuses the whole file for one line that it cannot read. Here such a line is noted
//! as a problem and the rest is read: what is noted here is what MIT refuses.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The most files that are read, included ones among them.
const MOST_FILES: usize = 128;
/// The most bytes of all files together.
const MOST_BYTES: usize = 4 << 20;
/// How deep files may include others.
const DEEPEST_INCLUDE: usize = 8;
/// How deep groups may be nested. MIT's own sections have three levels.
const DEEPEST_GROUP: usize = 16;
/// Problems beyond these are not noted.
const MOST_PROBLEMS: usize = 32;

/// Where the text of files comes from.
pub(super) trait Sources {
    /// The content of a file. The error is one line.
    fn file(&mut self, path: &Path) -> Result<Vec<u8>, String>;

    /// The names of a folder's files, in any order. The error is one line.
    fn folder(&mut self, path: &Path) -> Result<Vec<String>, String>;
}

/// A section or group.
#[derive(Debug, Default)]
pub(super) struct Section {
    entries: BTreeMap<String, Entry>,
    /// What follows, in this file and later ones, does not count.
    is_final: bool,
}

/// What has one name in a section.
#[derive(Debug, Default)]
struct Entry {
    values: Vec<String>,
    values_are_final: bool,
    group: Option<Section>,
}

impl Section {
    fn group(&self, name: &str) -> Option<&Section> {
        self.entries.get(name)?.group.as_ref()
    }

    /// The group at this path, which is there.
    fn at(&mut self, path: &[String]) -> &mut Section {
        let mut section = self;
        for name in path {
            section = section.open(name);
        }
        section
    }

    fn open(&mut self, name: &str) -> &mut Section {
        // Entries are found without an owned name in the usual case.
        if !self.entries.contains_key(name) {
            self.entries.insert(name.to_owned(), Entry::default());
        }
        match self.entries.get_mut(name) {
            Some(entry) => entry.group.get_or_insert_default(),
            None => unreachable!("inserted above"),
        }
    }

    fn add(&mut self, name: &str, value: String, is_final: bool) {
        let entry = self.entries.entry(name.to_owned()).or_default();
        if entry.values_are_final || entry.group.as_ref().is_some_and(|group| group.is_final) {
            return;
        }
        entry.values.push(value);
        entry.values_are_final = is_final;
    }
}

/// The files of a configuration, the first of which counts most.
#[derive(Debug, Default)]
pub(super) struct Profile {
    files: Vec<Section>,
}

impl Profile {
    /// All values of the relation with this name in the group at this path.
    pub(super) fn values(&self, path: &[&str], name: &str) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(path, |section| match section.entries.get(name) {
            None => false,
            Some(entry) => {
                found.extend(entry.values.iter().map(String::as_str));
                entry.values_are_final
            }
        });
        found
    }

    /// The first value, which is the one that counts.
    pub(super) fn value(&self, path: &[&str], name: &str) -> Option<&str> {
        self.values(path, name).first().copied()
    }

    /// The names of relations in the group at this path.
    pub(super) fn relations(&self, path: &[&str]) -> Vec<&str> {
        self.names(path, |entry| !entry.values.is_empty())
    }

    /// The names of groups in the group at this path.
    pub(super) fn groups(&self, path: &[&str]) -> Vec<&str> {
        self.names(path, |entry| entry.group.is_some())
    }

    fn names(&self, path: &[&str], which: impl Fn(&Entry) -> bool) -> Vec<&str> {
        let mut found = Vec::new();
        self.visit(path, |section| {
            found.extend(
                section.entries.iter().filter(|(_, e)| which(e)).map(|(name, _)| name.as_str()),
            );
            false
        });
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Visits the group at this path in each file, until one is final.
    fn visit<'a>(&'a self, path: &[&str], mut each: impl FnMut(&'a Section) -> bool) {
        for file in &self.files {
            let mut is_final = false;
            let mut section = Some(file);
            for name in path {
                section = section.and_then(|section| section.group(name));
                is_final |= section.is_some_and(|section| section.is_final);
            }
            if let Some(section) = section {
                is_final |= each(section);
            }
            if is_final {
                break;
            }
        }
    }
}

/// Reads files into a profile.
pub(super) struct Reader<'s> {
    sources: &'s mut dyn Sources,
    profile: Profile,
    problems: Vec<String>,
    files: usize,
    bytes: usize,
}

/// The state of reading one file.
struct Place {
    expect: Expect,
    /// The section and groups that are open, except those that do not count.
    path: Vec<String>,
    /// Section and groups that are open.
    level: usize,
    /// From this level on nothing counts, since the group had been marked final before.
    discard: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    /// The first section: what precedes it is a comment.
    Section,
    Line,
    /// The brace that opens a group, on the line after its name.
    Brace,
}

impl<'s> Reader<'s> {
    pub(super) fn new(sources: &'s mut dyn Sources) -> Reader<'s> {
        let profile = Profile::default();
        Reader { sources, profile, problems: Vec::new(), files: 0, bytes: 0 }
    }

    /// The profile, and a line for each problem.
    pub(super) fn finish(self) -> (Profile, Vec<String>) {
        (self.profile, self.problems)
    }

    /// Reads a file, whose values count less than those of files before it.
    pub(super) fn file(&mut self, path: &Path, bytes: &[u8]) {
        let mut root = Section::default();
        self.fragment(path, bytes, &mut root, 0);
        self.profile.files.push(root);
    }

    /// Reads all files of a folder that [`is_included`] as one file.
    pub(super) fn folder(&mut self, path: &Path) {
        let mut root = Section::default();
        if let Err(why) = self.include_folder(path, &mut root, 0) {
            self.note(format!("{}: {why}", path.display()));
        }
        self.profile.files.push(root);
    }

    /// Notes a problem.
    pub(super) fn note(&mut self, problem: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn fragment(&mut self, file: &Path, bytes: &[u8], root: &mut Section, depth: usize) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MOST_BYTES {
            return self.note(format!("{}: too long, not read", file.display()));
        }
        let text = String::from_utf8_lossy(bytes);
        let expect = Expect::Section;
        let mut place = Place { expect, path: Vec::new(), level: 0, discard: None };
        for (line, number) in text.split('\n').zip(1..) {
            // The end of the line, for a reader in C.
            let line = line.split('\0').next().unwrap_or_default();
            let line = line.trim_end_matches('\r');
            if let Err(why) = self.line(line, root, &mut place, depth) {
                self.note(format!("{}: line {number}: {why}", file.display()));
            }
        }
    }

    fn line(
        &mut self,
        line: &str,
        root: &mut Section,
        place: &mut Place,
        depth: usize,
    ) -> Result<(), String> {
        if let Some(path) = directive(line, "include") {
            return self.include(Path::new(path), root, depth);
        }
        if let Some(path) = directive(line, "includedir") {
            return self.include_folder(Path::new(path), root, depth);
        }
        match place.expect {
            Expect::Section if directive(line, "module").is_some() => {
                Err("modules are not supported".to_owned())
            }
            Expect::Section if !line.starts_with('[') => Ok(()),
            Expect::Brace => {
                place.expect = Expect::Line;
                if line.trim_start_matches(is_space).starts_with('{') {
                    return Ok(());
                }
                // The name had no value, and no group.
                place.close(root, false);
                place.standard(line, root)?;
                Err("a group must begin with a brace".to_owned())
            }
            Expect::Section | Expect::Line => {
                place.expect = Expect::Line;
                Ok(place.standard(line, root)?)
            }
        }
    }

    fn include(&mut self, path: &Path, root: &mut Section, depth: usize) -> Result<(), String> {
        if depth >= DEEPEST_INCLUDE {
            return Err("files include each other too deep".to_owned());
        }
        if self.files >= MOST_FILES {
            return Err("too many files".to_owned());
        }
        let bytes = self.sources.file(path).map_err(|why| format!("{}: {why}", path.display()))?;
        self.fragment(path, &bytes, root, depth + 1);
        Ok(())
    }

    fn include_folder(
        &mut self,
        path: &Path,
        root: &mut Section,
        depth: usize,
    ) -> Result<(), String> {
        let mut names =
            self.sources.folder(path).map_err(|why| format!("{}: {why}", path.display()))?;
        names.retain(|name| is_included(name));
        names.sort_unstable();
        let mut result = Ok(());
        for name in names {
            let included: PathBuf = path.join(name);
            result = result.and(self.include(&included, root, depth));
        }
        result
    }
}

impl Place {
    /// A line of a section.
    fn standard(&mut self, line: &str, root: &mut Section) -> Result<(), &'static str> {
        let line = line.trim_start_matches(is_space);
        match line.chars().next() {
            None | Some(';' | '#') => Ok(()),
            Some('[') => self.section(line, root),
            Some('}') if self.level < 2 => Err("a brace that closes nothing"),
            Some('}') => {
                self.close(root, line.starts_with("}*"));
                Ok(())
            }
            Some(_) => self.relation(line, root),
        }
    }

    fn section(&mut self, line: &str, root: &mut Section) -> Result<(), &'static str> {
        let (name, rest) = line[1..].split_once(']').ok_or("a bracket is not closed")?;
        let left_open = self.level > 1;
        let section = root.open(name);
        (self.path, self.level) = (vec![name.to_owned()], 1);
        self.discard = section.is_final.then_some(1);
        let rest = match rest.strip_prefix('*') {
            Some(rest) => {
                section.is_final = true;
                rest
            }
            None => rest,
        };
        if left_open {
            return Err("a section begins within braces");
        }
        match rest.trim_matches(is_space) {
            "" => Ok(()),
            _ => Err("text after the name of a section"),
        }
    }

    fn relation(&mut self, line: &str, root: &mut Section) -> Result<(), &'static str> {
        let (name, value) = line.split_once('=').ok_or("neither a relation nor a section")?;
        let name = name.trim_end_matches(is_space);
        if name.is_empty() || name.contains(is_space) {
            return Err("not the name of a relation");
        }
        let (name, is_final) = match name.split_once('*') {
            Some((name, _)) => (name, true),
            None => (name, false),
        };
        let value = value.trim_start_matches(is_space);
        if let Some(quoted) = value.strip_prefix('"') {
            self.add(name, unquote(quoted), is_final, root);
            return Ok(());
        }
        match value.trim_end_matches(is_space) {
            "" => {
                self.expect = Expect::Brace;
                self.open(name, is_final, root)
            }
            "{" => self.open(name, is_final, root),
            value => {
                self.add(name, value.to_owned(), is_final, root);
                Ok(())
            }
        }
    }

    fn add(&self, name: &str, value: String, is_final: bool, root: &mut Section) {
        if self.discard.is_none() {
            root.at(&self.path).add(name, value, is_final);
        }
    }

    /// Opens a group.
    fn open(&mut self, name: &str, is_final: bool, root: &mut Section) -> Result<(), &'static str> {
        self.level += 1;
        if self.discard.is_some() {
            return Ok(());
        }
        if self.level > DEEPEST_GROUP {
            // It is closed as one whose content does not count.
            self.path.push(name.to_owned());
            root.at(&self.path);
            self.discard = Some(self.level);
            return Err("groups are nested too deep");
        }
        let group = root.at(&self.path).open(name);
        self.path.push(name.to_owned());
        self.discard = group.is_final.then_some(self.level);
        group.is_final |= is_final;
        Ok(())
    }

    /// Closes a group.
    fn close(&mut self, root: &mut Section, is_final: bool) {
        if is_final {
            root.at(&self.path).is_final = true;
        }
        self.level = self.level.saturating_sub(1);
        self.discard = self.discard.filter(|&level| self.level >= level);
        // A group within one that does not count was not entered.
        if self.discard.is_none() {
            self.path.pop();
        }
    }
}

/// isspace() in C.
fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// What follows this word at the start of the line.
fn directive<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?;
    rest.starts_with(is_space).then(|| rest.trim_start_matches(is_space))
}

/// A string up to its closing quotation mark, with its escapes replaced.
fn unquote(text: &str) -> String {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next().filter(|&c| c != '"') {
        let c = match c {
            '\\' => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some('b') => '\x08',
                Some(other) => other,
                None => '\\',
            },
            c => c,
        };
        value.push(c);
    }
    value
}

/// Whether a folder's file is included: no editor's back-up, no package manager's left-over.
fn is_included(name: &str) -> bool {
    !name.starts_with('.')
        && (name.ends_with(".conf")
            || name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files by their paths; a folder is what they begin with.
    struct Texts(BTreeMap<&'static str, &'static str>);

    impl Sources for Texts {
        fn file(&mut self, path: &Path) -> Result<Vec<u8>, String> {
            let text = self.0.get(path.to_str().unwrap()).ok_or("no such file")?;
            Ok(text.as_bytes().to_vec())
        }

        fn folder(&mut self, path: &Path) -> Result<Vec<String>, String> {
            let folder = format!("{}/", path.display());
            let names: Vec<String> = self
                .0
                .keys()
                .filter_map(|name| Some(name.strip_prefix(&folder)?.to_owned()))
                .collect();
            if names.is_empty() { Err("no such folder".into()) } else { Ok(names) }
        }
    }

    fn read(texts: &[(&'static str, &'static str)], files: &[&str]) -> (Profile, Vec<String>) {
        let mut texts = Texts(texts.iter().copied().collect());
        let contents: Vec<Vec<u8>> =
            files.iter().map(|file| texts.file(Path::new(file)).unwrap()).collect();
        let mut reader = Reader::new(&mut texts);
        for (file, bytes) in files.iter().zip(contents) {
            reader.file(Path::new(file), &bytes);
        }
        reader.finish()
    }

    #[test]
    fn included_files_share_sections_and_not_braces() {
        let (profile, problems) = read(
            &[
                ("a", "include d/x.conf\n[s]\nv = a\ng = {\nincludedir d\n w = 1\n}\n"),
                ("d/x.conf", "[s]\nv = x\ng = {\n w = 0\n"),
                ("d/y-1", "[s]\nv = y"),
                ("d/.z.conf", "[s]\nv = z"),
                ("d/x.conf~", "[s]\nv = z"),
            ],
            &["a"],
        );
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(profile.values(&["s"], "v"), ["x", "a", "x", "y"]);
        assert_eq!(profile.values(&["s", "g"], "w"), ["0", "0", "1"]);
    }

    #[test]
    fn inclusion_ends() {
        let (_, problems) = read(&[("a", "include a\ninclude b\n")], &["a"]);
        assert!(problems.iter().any(|problem| problem.contains("too deep")), "{problems:?}");
        assert!(problems.iter().any(|problem| problem.contains("b: no such file")));
        let deep = "a = {\n".repeat(100_000);
        let text: &'static str = Box::leak(format!("[s]\n{deep}[t]\nb = c\n").into_boxed_str());
        let (profile, problems) = read(&[("a", text)], &["a"]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(profile.value(&["t"], "b"), Some("c"));
    }
}
