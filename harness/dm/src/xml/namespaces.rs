//! What prefixes stand for while a document is read (Namespaces in XML 1.0).

use std::collections::HashMap;
use std::rc::Rc;

use super::fault::Rule;
use super::input::{Found, wrong};
use crate::element::{Namespace, shown};

/// What the prefix `xml` stands for, bound or not.
const XML: &str = "http://www.w3.org/XML/1998/namespace";

/// What the prefix `xmlns` stands for, which nobody can bind.
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// A namespace by a number: two have the same where their names are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Number(usize);

impl Number {
    /// Of attributes without a prefix.
    pub(super) const NONE: Self = Self(0);
    const XMLNS: Self = Self(1);
    const XML: Self = Self(2);
    const FIRST_FREE: usize = 3;
}

/// The bindings that hold where a document is read. Finding one and ending one take the same time however many there are.
#[derive(Debug)]
pub(super) struct Namespaces<'a> {
    /// Bindings of no prefix, the innermost last, each with the depth of the element that has it.
    default: Vec<(usize, Namespace)>,
    /// Bindings of each prefix, the innermost last.
    prefixed: HashMap<&'a str, Vec<(Namespace, Number)>>,
    /// Prefixes in the order in which they were bound, each with the depth of the element that has it.
    bound: Vec<(usize, &'a str)>,
    /// The numbers of the names that prefixes were bound to.
    numbers: HashMap<Rc<str>, Number>,
    /// The name of the last default that is none of SyncML, as documents repeat theirs.
    last: Rc<str>,
    /// No namespace.
    none: Namespace,
    /// That of the prefix `xml`.
    xml: Namespace,
}

impl Default for Namespaces<'_> {
    fn default() -> Self {
        let (none, xml) = (Namespace::Other(Rc::from("")), Namespace::Other(Rc::from(XML)));
        let (default, prefixed, bound, numbers) = (Vec::new(), HashMap::new(), Vec::new(), HashMap::new());
        Self { default, prefixed, bound, numbers, last: Rc::from(""), none, xml }
    }
}

impl<'a> Namespaces<'a> {
    /// Binds `prefix` to a namespace for the element at a depth; `at` is the place of the attribute.
    pub(super) fn bind(&mut self, prefix: Option<&'a str>, uri: &str, depth: usize, at: usize) -> Result<(), Found> {
        let reserved = |what: String| wrong(at, Rule::ReservedNamespace, what);
        match (prefix, uri) {
            (Some("xmlns"), _) => return reserved("the prefix `xmlns` cannot be bound".to_owned()),
            (Some("xml"), XML) => {}
            (Some("xml"), _) => return reserved("the prefix `xml` cannot be bound to another namespace".to_owned()),
            (_, XML | XMLNS) => return reserved(format!("the namespace `{uri}` cannot be bound to this prefix")),
            (Some(prefix), "") => {
                let what = format!("the prefix `{}` is bound to no namespace", shown(prefix));
                return wrong(at, Rule::PrefixDeclared, what);
            }
            _ => {}
        }
        let Some(prefix) = prefix else {
            let namespace = Namespace::known(uri).unwrap_or_else(|| {
                if *self.last != *uri {
                    self.last = Rc::from(uri);
                }
                Namespace::Other(Rc::clone(&self.last))
            });
            self.default.push((depth, namespace));
            return Ok(());
        };
        let number = match self.numbers.get(uri) {
            Some(number) => *number,
            None if uri == XML => Number::XML,
            None => {
                let number = Number(Number::FIRST_FREE + self.numbers.len());
                self.numbers.insert(Rc::from(uri), number);
                number
            }
        };
        let namespace = Namespace::known(uri).unwrap_or_else(|| Namespace::Other(Rc::from(uri)));
        self.prefixed.entry(prefix).or_default().push((namespace, number));
        self.bound.push((depth, prefix));
        Ok(())
    }

    /// The namespace of an element at an octet.
    #[inline]
    pub(super) fn of_element(&self, prefix: Option<&str>, at: usize) -> Result<&Namespace, Found> {
        match prefix {
            None => Ok(self.default.last().map_or(&self.none, |(_, namespace)| namespace)),
            Some("xml") => Ok(&self.xml),
            Some(prefix) => self.bound_to(prefix, at).map(|(namespace, _)| namespace),
        }
    }

    /// The namespace of an attribute at an octet. A default does not hold for attributes.
    pub(super) fn of_attribute(&self, prefix: Option<&str>, at: usize) -> Result<Number, Found> {
        match prefix {
            None => Ok(Number::NONE),
            Some("xmlns") => Ok(Number::XMLNS),
            Some("xml") => Ok(Number::XML),
            Some(prefix) => self.bound_to(prefix, at).map(|(_, number)| *number),
        }
    }

    fn bound_to(&self, prefix: &str, at: usize) -> Result<&(Namespace, Number), Found> {
        match self.prefixed.get(prefix).and_then(|bindings| bindings.last()) {
            Some(binding) => Ok(binding),
            None => {
                let what = format!("the prefix `{}` is not bound to a namespace", shown(prefix));
                wrong(at, Rule::PrefixDeclared, what)
            }
        }
    }

    /// Ends the bindings of elements as deep as `depth` and deeper.
    #[inline]
    pub(super) fn end(&mut self, depth: usize) {
        while self.default.last().is_some_and(|(bound, _)| *bound >= depth) {
            self.default.pop();
        }
        while let Some((_, prefix)) = self.bound.pop_if(|(bound, _)| *bound >= depth) {
            if let Some(bindings) = self.prefixed.get_mut(prefix) {
                bindings.pop();
            }
        }
    }
}
