//! White space around tags: `~`, and tags alone on their lines.
//!
//! The rules are Handlebars' to the byte, odd corners included, because prompts are compared
//! with what other Dotprompt tools make of them.

use super::prepass::{BlockTokens, Prepass, Tag, TagKind, Token};
use super::word::is_space;

/// Strips what tags take away from the texts beside them, and notes the indentation of partials.
pub(super) fn settle(prepass: &mut Prepass) {
    let edges: Vec<Edges> = prepass.tokens.iter().map(Edges::of).collect();
    let mut cuts = vec![Cut::default(); prepass.tokens.len()];
    let mut space = Space {
        tokens: &mut prepass.tokens,
        edges,
        cuts: &mut cuts,
    };
    for index in 0..space.tokens.len() {
        space.outside(index);
    }
    for block in &prepass.blocks {
        space.block(block);
    }
    for (token, cut) in prepass.tokens.iter_mut().zip(cuts) {
        if let Token::Text(text) = token {
            cut.apply(text);
        }
    }
}

/// What the ends of a text look like before anything is cut.
#[derive(Clone, Copy, Default)]
struct Edges {
    text: bool,
    /// White space alone.
    blank: bool,
    /// The white space at its start, or end, has a line break.
    starts_line: bool,
    ends_line: bool,
}

impl Edges {
    fn of(token: &Token) -> Self {
        let Token::Text(text) = token else {
            return Edges::default();
        };
        let leading = text.trim_start_matches(is_space);
        let trailing = text.trim_end_matches(is_space);
        let head = text.get(..text.len() - leading.len()).unwrap_or_default();
        let tail = text.get(trailing.len()..).unwrap_or_default();
        Edges {
            text: true,
            blank: leading.is_empty(),
            starts_line: head.contains('\n'),
            ends_line: tail.contains('\n'),
        }
    }
}

/// How a text is cut at its two ends.
#[derive(Clone, Copy, Default)]
struct Cut {
    start: Side,
    end: Side,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    #[default]
    Keep,
    /// Blanks up to the line break, and at the start the line break itself.
    Line,
    /// All white space.
    All,
}

impl Cut {
    fn apply(self, text: &mut String) {
        match self.end {
            Side::Keep => {}
            Side::Line => text.truncate(text.trim_end_matches([' ', '\t']).len()),
            Side::All => text.truncate(text.trim_end_matches(is_space).len()),
        }
        let rest = match self.start {
            Side::Keep => return,
            Side::All => text.trim_start_matches(is_space),
            Side::Line => {
                let rest = text.trim_start_matches([' ', '\t']);
                let rest = rest.strip_prefix('\r').unwrap_or(rest);
                rest.strip_prefix('\n').unwrap_or(rest)
            }
        };
        let cut = text.len() - rest.len();
        text.drain(..cut);
    }
}

struct Space<'t> {
    tokens: &'t mut [Token],
    edges: Vec<Edges>,
    cuts: &'t mut [Cut],
}

impl Space<'_> {
    /// What a tag does outside of any block it belongs to.
    fn outside(&mut self, index: usize) {
        let Some(tag) = self.tag(index) else { return };
        let (kind, before, after) = (tag.kind, tag.trims_before, tag.trims_after);
        let part = |kind| matches!(kind, TagKind::Else | TagKind::ElseChain);
        let single = matches!(kind, TagKind::Print | TagKind::Comment | TagKind::Partial);
        if before && !part(kind) && kind != TagKind::Close {
            self.cut_end(index.checked_sub(1), Side::All);
        }
        if after && (single || kind == TagKind::Close) {
            self.cut_start(index + 1, Side::All);
        }
        let may_stand_alone = matches!(kind, TagKind::Comment | TagKind::Partial);
        if may_stand_alone && self.line_starts(index) && self.line_ends(index) {
            self.cut_start(index + 1, Side::Line);
            if kind == TagKind::Partial && !before {
                let indent = self.blanks_before(index);
                if let Some(Token::Tag(tag)) = self.tokens.get_mut(index) {
                    tag.indent = indent;
                }
            }
            self.cut_end(index.checked_sub(1), Side::Line);
        }
    }

    /// What the tags of a block do to its bodies, and to the lines they stand on.
    fn block(&mut self, block: &BlockTokens) {
        let mut tags = vec![block.open];
        tags.extend(&block.elses);
        tags.push(block.close);
        // The first and last token of each body, where it has any.
        let mut bodies: Vec<(usize, Option<usize>)> = tags
            .windows(2)
            .map(|pair| match pair {
                [tag, next] => (tag + 1, next.checked_sub(1)),
                _ => (usize::MAX, None),
            })
            .collect();
        // Handlebars trades the two bodies of `{{^x}}..{{else}}..{{/x}}` before it looks at space.
        if self
            .tag(block.open)
            .is_some_and(|tag| tag.kind == TagKind::InverseBlock)
            && bodies.len() == 2
        {
            bodies.swap(0, 1);
        }
        let start = |body: usize| bodies.get(body).map_or(usize::MAX, |body| body.0);
        let end = |body: usize| bodies.get(body).and_then(|body| body.1);
        let last = block.elses.len();
        let chained = self
            .tag(tags.get(1).copied().unwrap_or_default())
            .is_some_and(|tag| tag.kind == TagKind::ElseChain);

        if self.trims(block.open).1 {
            self.cut_start(start(0), Side::All);
        }
        for (index, tag) in block.elses.iter().enumerate() {
            let (before, after) = self.trims(*tag);
            let chain = self
                .tag(*tag)
                .is_some_and(|tag| tag.kind == TagKind::ElseChain);
            if before {
                self.cut_end(end(index), Side::All);
                // From the second link on, Handlebars takes this for the `~` of the closing tag.
                if index > 0 && chain {
                    self.cut_end(end((index + 2).min(last)), Side::All);
                }
            }
            if after {
                self.cut_start(start(index + 1), Side::All);
            }
            if self.ends_line(end(index)) && self.starts_line(start(index + 1)) {
                self.cut_end(end(index), Side::Line);
                self.cut_start(start(index + 1), Side::Line);
            }
        }
        if self.trims(block.close).0 {
            // In a chain the `~` of the closing tag reaches the first two links.
            self.cut_end(end(last.min(1)), Side::All);
            if chained {
                self.cut_end(end(last.min(2)), Side::All);
            }
        }
        if self.starts_line(start(0)) && self.line_starts(block.open) {
            self.cut_start(start(0), Side::Line);
            self.cut_end(block.open.checked_sub(1), Side::Line);
        }
        if self.ends_line(end(last.min(1))) && self.line_ends(block.close) {
            self.cut_start(block.close + 1, Side::Line);
            // In a chain the blanks before the closing tag stay.
            if !chained {
                self.cut_end(end(last.min(1)), Side::Line);
            }
        }
    }

    fn tag(&self, index: usize) -> Option<&Tag> {
        match self.tokens.get(index) {
            Some(Token::Tag(tag)) => Some(tag),
            _ => None,
        }
    }

    fn trims(&self, index: usize) -> (bool, bool) {
        self.tag(index)
            .map_or((false, false), |tag| (tag.trims_before, tag.trims_after))
    }

    fn edge(&self, index: usize) -> Edges {
        self.edges.get(index).copied().unwrap_or_default()
    }

    /// The token at `index` is a text that ends a line.
    fn ends_line(&self, index: Option<usize>) -> bool {
        index.is_some_and(|text| self.edge(text).ends_line)
    }

    /// The token at `index` is a text that starts with the end of a line.
    fn starts_line(&self, index: usize) -> bool {
        self.edge(index).starts_line
    }

    /// Only blanks stand before the tag on its line; the start of the template counts.
    fn line_starts(&self, index: usize) -> bool {
        match index.checked_sub(1) {
            None => true,
            Some(0) if self.edge(0).text => self.edge(0).blank || self.edge(0).ends_line,
            text => self.ends_line(text),
        }
    }

    /// Only blanks follow the tag on its line; the end of the template counts.
    fn line_ends(&self, index: usize) -> bool {
        let next = index + 1;
        if next >= self.tokens.len() {
            return true;
        }
        let edge = self.edge(next);
        let last = next + 1 == self.tokens.len();
        edge.starts_line || (last && edge.text && edge.blank)
    }

    fn cut_end(&mut self, index: Option<usize>, side: Side) {
        if let Some(cut) = index.and_then(|text| self.cuts.get_mut(text)) {
            cut.end = cut.end.max(side);
        }
    }

    fn cut_start(&mut self, index: usize, side: Side) {
        if let Some(cut) = self.cuts.get_mut(index) {
            cut.start = cut.start.max(side);
        }
    }

    /// The blanks between the start of the line and the tag, unless the tag beside them took them.
    fn blanks_before(&self, index: usize) -> Option<String> {
        let text = index.checked_sub(1)?;
        let taken = text
            .checked_sub(1)
            .and_then(|left| self.tag(left))
            .is_some_and(|left| {
                let beside = matches!(
                    left.kind,
                    TagKind::Print | TagKind::Comment | TagKind::Partial | TagKind::Close
                );
                beside && left.trims_after && self.edge(text).blank
            });
        let Some(Token::Text(text)) = self.tokens.get(text).filter(|_| !taken) else {
            return None;
        };
        let kept = text.trim_end_matches([' ', '\t']).len();
        let blanks = text.get(kept..).unwrap_or_default();
        (!blanks.is_empty()).then(|| blanks.to_owned())
    }
}
