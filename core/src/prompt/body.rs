//! The compiled body of a prompt: one template, or a list of messages that are templates.
//!
//! Stands between the file formats and `template`: gives the compiler the place of each text
//! in its file, and collects what is missing over all templates of one render.

use super::messages::{self, Item};
use super::place::{Offsets, TextPlace};
use crate::Result;
use crate::chat::Message;
use crate::template::{
    CompileOptions, Helpers, HistoryPolicy, Limits, MissingVariable, Piece, RenderInput, Template,
    TemplateMessage, to_chat, to_messages,
};

/// What every template of a store is compiled and rendered with.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Limits of sources and renders.
    pub limits: Limits,
    /// The helpers templates may call.
    pub helpers: Helpers,
}

/// Compiles the texts of one file.
pub(crate) struct Compiler<'a> {
    pub(crate) file: &'a str,
    pub(crate) rules: &'a Rules,
    pub(crate) dynamic_partials: &'a [String],
}

impl Compiler<'_> {
    /// The body of a `.prompt` file, or a partial.
    pub(crate) fn body(&self, text: &str, place: TextPlace) -> Result<Template> {
        self.compile(text, place, None)
    }

    /// A text of a messages file: structure is not allowed in it.
    pub(crate) fn message(&self, text: &str, place: TextPlace, index: usize) -> Result<Template> {
        self.compile(text, place, u32::try_from(index).ok())
    }

    fn compile(&self, text: &str, place: TextPlace, message: Option<u32>) -> Result<Template> {
        let Offsets {
            lines,
            first_column,
            columns,
        } = place.offsets();
        let options = CompileOptions {
            file: Some(self.file),
            line_offset: lines,
            first_column_offset: first_column,
            column_offset: columns,
            message,
            text_only: message.is_some(),
            dynamic_partials: self.dynamic_partials,
            limits: &self.rules.limits,
            helpers: &self.rules.helpers,
        };
        Template::compile(text, &options)
    }
}

/// A compiled body.
#[derive(Debug)]
pub(crate) enum Body {
    /// Of a `.prompt` file.
    Text(Template),
    /// Of a messages file, or of a call.
    Messages(Vec<Item>),
}

impl Body {
    /// Every template in it, in the order of the file.
    pub(crate) fn templates(&self) -> Vec<&Template> {
        let mut out = Vec::new();
        match self {
            Body::Text(template) => out.push(template),
            Body::Messages(items) => {
                for item in items {
                    if let Item::Message(message) = item {
                        message.templates(&mut out);
                    }
                }
            }
        }
        out
    }

    /// The messages as written, texts unrendered. A `.prompt` body is cut at its role tags.
    pub(crate) fn written(&self) -> Vec<Message> {
        match self {
            Body::Text(template) => template
                .turns()
                .into_iter()
                .map(|(role, text)| Message::new(role.into(), text))
                .collect(),
            Body::Messages(items) => items
                .iter()
                .filter_map(|item| match item {
                    Item::Message(message) => Some(message.written()),
                    Item::History => None,
                })
                .collect(),
        }
    }

    /// Renders to chat messages, texts verbatim.
    pub(crate) fn render(
        &self,
        render: &mut Render<'_>,
        history: &[Message],
        policy: HistoryPolicy,
    ) -> Result<Vec<Message>> {
        match self {
            Body::Text(template) => {
                let pieces = render.pieces(template)?;
                Ok(to_chat(to_messages(pieces, history, policy)?))
            }
            Body::Messages(items) => render_items(items, render, history, policy),
        }
    }

    /// Renders to messages in Dotprompt's terms.
    pub(crate) fn render_template_messages(
        &self,
        render: &mut Render<'_>,
        history: &[Message],
        policy: HistoryPolicy,
    ) -> Result<Vec<TemplateMessage>> {
        match self {
            Body::Text(template) => to_messages(render.pieces(template)?, history, policy),
            Body::Messages(items) => {
                let messages = render_items(items, render, history, policy)?;
                // A finished message is what the history is made of, so it converts the same way.
                to_messages(Vec::new(), &messages, HistoryPolicy::Any)
            }
        }
    }
}

fn render_items(
    items: &[Item],
    render: &mut Render<'_>,
    history: &[Message],
    policy: HistoryPolicy,
) -> Result<Vec<Message>> {
    let placed = items.iter().any(|item| matches!(item, Item::History));
    let pieces = if placed {
        vec![Piece::History]
    } else {
        Vec::new()
    };
    let mut turns = Some(to_chat(to_messages(pieces, history, policy)?));
    let mut out = Vec::with_capacity(items.len() + history.len());
    for item in items {
        match item {
            Item::History => out.extend(turns.take().unwrap_or_default()),
            Item::Message(message) => out.extend(message.render(render)?),
        }
    }
    // Dotprompt's rule where no place is marked: before a last user message, else at the end.
    if let Some(turns) = turns {
        let at = match out.last() {
            Some(last) if last.role == crate::chat::Role::User => out.len() - 1,
            _ => out.len(),
        };
        out.splice(at..at, turns);
    }
    Ok(out)
}

/// What stands for a file where the call itself gave the messages.
pub(crate) const CALL_TEMPLATE: &str = "template";

/// Compiles the messages a call gives in place of the stored ones.
pub(crate) fn from_call(rules: &Rules, messages: &[Message]) -> Result<Body> {
    let compiler = Compiler {
        file: CALL_TEMPLATE,
        rules,
        dynamic_partials: &[],
    };
    messages::from_call(&compiler, messages).map(Body::Messages)
}

/// One render under way over all templates of a body.
pub(crate) struct Render<'a> {
    pub(crate) input: RenderInput<'a>,
    /// What was missing so far.
    pub(crate) missing: Vec<MissingVariable>,
}

impl Render<'_> {
    /// Renders a template to text.
    pub(crate) fn text(&mut self, template: &Template) -> Result<String> {
        let rendered = template.render_text(&self.input)?;
        self.missing.extend(rendered.missing);
        Ok(rendered.text)
    }

    fn pieces(&mut self, template: &Template) -> Result<Vec<Piece>> {
        let rendered = template.render(&self.input)?;
        self.missing.extend(rendered.missing);
        Ok(rendered.pieces)
    }
}
