//! The partials a render can reach, gathered before it starts.
//!
//! So the evaluator borrows everything it walks, and a partial is asked for once however often
//! it is expanded.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Partials, Template};
use crate::{Error, ErrorKind, Result};

/// Templates reached from one prompt; more than anybody writes.
const MOST: usize = 10_000;

/// A template and where the partials it names are in the library.
pub(super) struct Unit<'l> {
    pub(super) template: &'l Template,
    pub(super) links: &'l [Option<usize>],
}

/// The main template, unit 0, and every partial reached from it.
pub(super) struct Library<'m> {
    main: &'m Template,
    main_links: Vec<Option<usize>>,
    partials: Vec<(Arc<Template>, Vec<Option<usize>>)>,
}

impl<'m> Library<'m> {
    pub(super) fn gather(main: &'m Template, partials: &dyn Partials) -> Result<Self> {
        let mut library = Library {
            main,
            main_links: Vec::new(),
            partials: Vec::new(),
        };
        if main.names.is_empty() {
            return Ok(library);
        }
        // A name means another partial where another file includes it.
        let mut known: HashMap<(Option<String>, String), Option<usize>> = HashMap::new();
        let mut next = 0;
        loop {
            let template: &Template = match next {
                0 => main,
                _ => match library.partials.get(next - 1) {
                    Some((template, _)) => &Arc::clone(template),
                    None => return Ok(library),
                },
            };
            let from = template.origin.file.as_deref();
            let mut links = Vec::with_capacity(template.names.len());
            for name in &template.names {
                let key = (from.map(str::to_owned), name.clone());
                let link = match known.get(&key) {
                    Some(link) => *link,
                    None => {
                        let link = partials.partial(name, from).map(|partial| {
                            library.partials.push((partial, Vec::new()));
                            library.partials.len()
                        });
                        known.insert(key, link);
                        link
                    }
                };
                links.push(link);
            }
            if library.partials.len() > MOST {
                return Err(Error::new(
                    ErrorKind::TemplateError,
                    format!("more than {MOST} partials are reached from one template"),
                ));
            }
            match next.checked_sub(1) {
                None => library.main_links = links,
                Some(partial) => {
                    if let Some((_, own)) = library.partials.get_mut(partial) {
                        *own = links;
                    }
                }
            }
            next += 1;
        }
    }

    /// Unit 0 stands in for a number that was never given out.
    pub(super) fn unit(&self, index: usize) -> Unit<'_> {
        let partial = index
            .checked_sub(1)
            .and_then(|index| self.partials.get(index));
        match partial {
            Some((template, links)) => Unit { template, links },
            None => Unit {
                template: self.main,
                links: &self.main_links,
            },
        }
    }
}
