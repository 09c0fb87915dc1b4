//! The realms between a client's realm and a service's.

use std::collections::BTreeMap;

/// Paths between realms, as krb5.conf's `[capaths]` has them for clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capaths {
    /// The realms between, for each pair of realms; none if they have a key in common.
    paths: BTreeMap<(String, String), Vec<String>>,
}

impl Capaths {
    /// No configured path.
    pub fn new() -> Capaths {
        Capaths::default()
    }

    /// Configures the realms between `client` and `server`, in the order in which they are passed.
    /// An empty list, or the only value `.`, says that the two have a key in common.
    pub fn insert(&mut self, client: &str, server: &str, between: &[&str]) {
        let between = between.iter().filter(|realm| **realm != ".").map(|&realm| realm.to_owned());
        self.paths.insert((client.to_owned(), server.to_owned()), between.collect());
    }

    /// The realms from `client` to `server`, both included: as configured, or else by the hierarchy
    /// of their names (RFC 4120 1.2): up from the client's to what both end with, and down to the
    /// server's. Realms whose names have no end in common can only have a key in common.
    pub fn path(&self, client: &str, server: &str) -> Vec<String> {
        let between = match self.paths.get(&(client.to_owned(), server.to_owned())) {
            Some(configured) => configured.clone(),
            None => hierarchy(client, server),
        };
        let ends = |realm: &String| realm != client && realm != server;
        let mut path = vec![client.to_owned()];
        path.extend(between.into_iter().filter(ends));
        path.push(server.to_owned());
        path
    }
}

/// The realms between two others in the hierarchy of names.
fn hierarchy(client: &str, server: &str) -> Vec<String> {
    let up: Vec<&str> = ancestors(client).collect();
    let down: Vec<&str> = ancestors(server).collect();
    let Some(common) = up.iter().find(|realm| down.contains(realm)) else { return Vec::new() };
    let below = |realms: &[&str]| realms.iter().take_while(|realm| *realm != common).count();
    let down = down.get(..below(&down)).unwrap_or_default();
    up.iter().take(below(&up) + 1).chain(down.iter().rev()).map(|&realm| realm.to_owned()).collect()
}

/// The realm and those above it: `A.B.C`, `B.C`, `C`.
fn ancestors(realm: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(realm), |realm| realm.split_once('.').map(|(_, above)| above))
        .filter(|realm| !realm.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4120 1.2 and 3.3.3.2: the client's tree is climbed to the common ancestor.
    #[test]
    fn without_configuration_the_names_tell_the_path() {
        let capaths = Capaths::new();
        for (client, server, path) in [
            ("A.B.X", "C.D.X", &["A.B.X", "B.X", "X", "D.X", "C.D.X"][..]),
            ("A.X", "X", &["A.X", "X"]),
            ("X", "A.X", &["X", "A.X"]),
            ("X", "B.A.X", &["X", "A.X", "B.A.X"]),
            ("A.X", "B.X", &["A.X", "X", "B.X"]),
            ("ABC.X", "BC.X", &["ABC.X", "X", "BC.X"]),
            ("A.X", "B.Y", &["A.X", "B.Y"]),
            ("A", "B", &["A", "B"]),
            ("A.", "B.", &["A.", "B."]),
        ] {
            assert_eq!(capaths.path(client, server), path);
        }
    }

    #[test]
    fn configured_paths_come_first() {
        let mut capaths = Capaths::new();
        capaths.insert("A.X", "B.X", &["."]);
        capaths.insert("A.X", "C.Y", &["M", "N"]);
        capaths.insert("A.X", "D.Y", &["A.X", "M", "D.Y"]);
        assert_eq!(capaths.path("A.X", "B.X"), ["A.X", "B.X"]);
        assert_eq!(capaths.path("A.X", "C.Y"), ["A.X", "M", "N", "C.Y"]);
        assert_eq!(capaths.path("A.X", "D.Y"), ["A.X", "M", "D.Y"]);
        assert_eq!(capaths.path("B.X", "A.X"), ["B.X", "X", "A.X"]);
    }
}
