//! DER as a tree whose nodes can be changed one by one.

use crate::random::Random;

/// One element.
#[derive(Clone)]
pub struct Node {
    /// The field that it is or belongs to.
    pub name: &'static str,
    pub tag: u8,
    pub body: Body,
    pub length: Length,
}

#[derive(Clone)]
pub enum Body {
    Leaf(Vec<u8>),
    Inner(Vec<Node>),
}

/// The encoding of an element's length.
#[derive(Clone, Copy, PartialEq)]
pub enum Length {
    Minimal,
    /// With that many octets more than necessary.
    Long(usize),
    /// 0x80, and two zeros at the end.
    Indefinite,
    /// Wrong by this amount.
    Wrong(i64),
}

pub fn leaf(name: &'static str, tag: u8, contents: impl Into<Vec<u8>>) -> Node {
    Node { name, tag, body: Body::Leaf(contents.into()), length: Length::Minimal }
}

pub fn inner(name: &'static str, tag: u8, children: Vec<Node>) -> Node {
    Node { name, tag, body: Body::Inner(children), length: Length::Minimal }
}

/// `[n]` around a node.
pub fn field(n: u8, node: Node) -> Node {
    inner(node.name, 0xa0 | n, vec![node])
}

pub fn sequence(name: &'static str, children: Vec<Node>) -> Node {
    inner(name, 0x30, children)
}

/// `[APPLICATION n] SEQUENCE`.
pub fn message(name: &'static str, n: u8, children: Vec<Node>) -> Node {
    inner(name, 0x60 | n, vec![sequence(name, children)])
}

pub fn integer(name: &'static str, value: i64) -> Node {
    leaf(name, 2, integer_octets(value))
}

pub fn integer_octets(value: i64) -> Vec<u8> {
    let mut octets = value.to_be_bytes().to_vec();
    while octets.len() > 1
        && (octets[0] == 0 && octets[1] < 0x80 || octets[0] == 0xff && octets[1] >= 0x80)
    {
        octets.remove(0);
    }
    octets
}

pub fn octets(name: &'static str, contents: impl Into<Vec<u8>>) -> Node {
    leaf(name, 4, contents)
}

pub fn string(name: &'static str, text: impl Into<Vec<u8>>) -> Node {
    leaf(name, 0x1b, text)
}

pub fn bits(name: &'static str, flags: u32) -> Node {
    leaf(name, 3, [&[0][..], &flags.to_be_bytes()].concat())
}

/// Seconds since 1970 as GeneralizedTime.
pub fn time(name: &'static str, unix: i64) -> Node {
    leaf(name, 0x18, negossp::kerberos::message::time::format(unix))
}

impl Node {
    pub fn encode(&self) -> Vec<u8> {
        let contents = match &self.body {
            Body::Leaf(contents) => contents.clone(),
            Body::Inner(children) => children.iter().flat_map(Node::encode).collect(),
        };
        let mut out = vec![self.tag];
        let (length, extra) = match self.length {
            Length::Indefinite => {
                out.push(0x80);
                out.extend(contents);
                out.extend([0, 0]);
                return out;
            }
            Length::Minimal => (contents.len(), 0),
            Length::Long(extra) => (contents.len(), extra),
            Length::Wrong(by) => ((contents.len() as i64 + by).max(0) as usize, 0),
        };
        if length < 0x80 && extra == 0 {
            out.push(length as u8);
        } else {
            let octets = length.to_be_bytes();
            let needed = octets.len() - octets.iter().take_while(|octet| **octet == 0).count();
            out.push(0x80 | (needed + extra) as u8);
            out.extend(vec![0; extra]);
            out.extend(&octets[octets.len() - needed..]);
        }
        out.extend(contents);
        out
    }

    /// Nodes in the tree, this one included.
    fn count(&self) -> usize {
        match &self.body {
            Body::Leaf(_) => 1,
            Body::Inner(children) => 1 + children.iter().map(Node::count).sum::<usize>(),
        }
    }

    /// Applies a function to the node with this number, which may change its place among its
    /// siblings; returns its path.
    fn at(
        &mut self,
        number: usize,
        path: &str,
        work: &mut dyn FnMut(&mut Vec<Node>, usize),
    ) -> String {
        let Body::Inner(children) = &mut self.body else {
            unreachable!("numbers are those of nodes")
        };
        let mut left = number;
        for index in 0..children.len() {
            let child = &mut children[index];
            let same = path.rsplit('.').next() == Some(child.name);
            let path = if same { path.to_owned() } else { format!("{path}.{}", child.name) };
            if left == 0 {
                work(children, index);
                return path;
            }
            let count = child.count();
            if left < count {
                return child.at(left - 1, &path, work);
            }
            left -= count;
        }
        unreachable!("numbers are those of nodes")
    }

    /// Changes one node, and returns a description.
    pub fn spoil(&mut self, random: &mut Random) -> String {
        let number = random.below(self.count() - 1);
        let mut how = String::new();
        let name = self.name;
        let path = self
            .at(number, name, &mut |siblings, index| how = spoil_among(siblings, index, random));
        format!("{how} {path}")
    }
}

/// Boundary values.
const NUMBERS: [i64; 18] = [
    -1,
    0,
    1,
    2,
    3,
    4,
    5,
    127,
    128,
    255,
    256,
    999_999,
    1_000_000,
    0x7fff_ffff,
    0x8000_0000,
    -0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
];

/// Times that are invalid, not in the form of KerberosTime, or far away.
const TIMES: [&str; 14] = [
    "",
    "Z",
    "20010101000000",
    "20010101000000.5Z",
    "20010101000000+0000",
    "200101010000Z",
    "20011301000000Z",
    "20010230000000Z",
    "20010101240000Z",
    "20010101000060Z",
    "2001010100000:Z",
    "19691231235959Z",
    "21070101000000Z",
    "99991231235959Z",
];

fn spoil_among(siblings: &mut Vec<Node>, index: usize, random: &mut Random) -> String {
    let last = index + 1 == siblings.len();
    let node = &mut siblings[index];
    match random.below(12) {
        0 => {
            siblings.remove(index);
            return "absent".into();
        }
        1 => {
            let copy = node.clone();
            siblings.insert(index, copy);
            return "twice".into();
        }
        2 if !last => {
            siblings.swap(index, index + 1);
            return "out of order".into();
        }
        3 => {
            node.tag ^= 1 << random.below(8);
            return "another tag".into();
        }
        4 => {
            node.length = Length::Long(1 + random.below(3));
            return "long length".into();
        }
        5 => {
            node.length = Length::Indefinite;
            return "indefinite length".into();
        }
        6 => {
            node.length = Length::Wrong([-2, -1, 1, 2][random.below(4)]);
            return "wrong length".into();
        }
        _ => {}
    }
    match &mut node.body {
        Body::Leaf(contents) => {
            if node.tag == 2 && random.below(2) == 0 {
                let value = NUMBERS[random.below(NUMBERS.len())];
                *contents = integer_octets(value);
                return format!("{value}");
            }
            if node.tag == 2 && random.below(4) == 0 {
                contents.insert(0, if contents[0] < 0x80 { 0 } else { 0xff });
                return "padded number".into();
            }
            if node.tag == 0x18 {
                // Computed without a clock: the same in every run.
                let time = *random.of(&TIMES);
                *contents = time.into();
                return format!("\"{time}\"");
            }
            match random.below(5) {
                0 => {
                    contents.truncate(random.below(contents.len().max(1)));
                    "cut".into()
                }
                1 => {
                    let more = 1 + random.below(3);
                    contents.extend((0..more).map(|_| random.byte()));
                    "longer".into()
                }
                2 => {
                    contents.clear();
                    "empty".into()
                }
                _ if contents.is_empty() => {
                    contents.push(random.byte());
                    "longer".into()
                }
                _ => {
                    let at = random.below(contents.len());
                    contents[at] ^= 1 << random.below(8);
                    "a bit".into()
                }
            }
        }
        Body::Inner(children) => match random.below(4) {
            0 => {
                children.clear();
                "empty".into()
            }
            1 => {
                children.push(leaf("more", random.byte() & 0xdf, vec![1, 2, 3]));
                "one more in".into()
            }
            2 => {
                // A field that a later version may define.
                children.push(field(20 + random.below(10) as u8, integer("more", 7)));
                "a new field in".into()
            }
            _ => {
                children.truncate(random.below(children.len().max(1)));
                "fewer in".into()
            }
        },
    }
}
