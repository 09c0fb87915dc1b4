//! Principals: a name with its realm, owned.

use super::message::{PrincipalName, name_type, push_principal};

/// A principal's name with its realm.
#[derive(Debug, Clone)]
pub struct Principal {
    /// Name type (RFC 4120 6.2).
    pub name_type: i32,
    /// The realm.
    pub realm: Vec<u8>,
    /// The components of the name.
    pub components: Vec<Vec<u8>>,
}

impl Principal {
    /// The name in a message.
    pub fn from_name(name: &PrincipalName<'_>, realm: &[u8]) -> Principal {
        let components = name.components().map(<[u8]>::to_vec).collect();
        Principal { name_type: name.name_type, realm: realm.to_vec(), components }
    }

    /// The name in MIT's notation; invalid UTF-8 is replaced.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let components: Vec<_> =
            self.components.iter().map(|component| String::from_utf8_lossy(component)).collect();
        let realm = String::from_utf8_lossy(&self.realm);
        push_principal(components.iter().map(|component| &**component), &realm, &mut text);
        text
    }

    /// Whether it is `krbtgt/REALM`, of the same realm.
    pub(super) fn is_local_krbtgt(&self) -> bool {
        matches!(self.components.as_slice(), [service, instance] if service == b"krbtgt" && *instance == self.realm)
    }

    /// A principal with these components.
    pub fn new(name_type: i32, components: &[&str], realm: &str) -> Principal {
        let components = components.iter().map(|part| part.as_bytes().to_vec()).collect();
        Principal { name_type, realm: realm.as_bytes().to_vec(), components }
    }

    /// `krbtgt/of@issued_by`: the ticket-granting service of the realm `of`, as known to the realm
    /// `issued_by`.
    pub fn krbtgt(of: &str, issued_by: &str) -> Principal {
        Principal::new(name_type::SRV_INST, &["krbtgt", of], issued_by)
    }

    /// The realm whose ticket-granting service this is: `B` for `krbtgt/B@A`.
    pub fn krbtgt_of(&self) -> Option<&[u8]> {
        match self.components.as_slice() {
            [service, instance] if service == b"krbtgt" => Some(instance),
            _ => None,
        }
    }

    /// The name, encoded for a message.
    pub fn encode(&self) -> EncodedName {
        EncodedName {
            name_type: self.name_type,
            components: PrincipalName::encode_components(&self.components),
        }
    }
}

/// The encoded name of a [`Principal`], from which a message's name is borrowed.
#[derive(Debug, Clone)]
pub struct EncodedName {
    name_type: i32,
    components: Vec<u8>,
}

impl EncodedName {
    /// The name in a message; without components if there are more than a name may have.
    pub fn name(&self) -> PrincipalName<'_> {
        PrincipalName::new(self.name_type, &self.components).unwrap_or(PrincipalName::EMPTY)
    }
}

/// Names are equal if their components and realms are: the type is only a hint (RFC 4120 6.2).
impl PartialEq for Principal {
    fn eq(&self, other: &Self) -> bool {
        self.components == other.components && self.realm == other.realm
    }
}

impl Eq for Principal {}
