//! What the turns of several dialects are alike in: instructions lifted out of the conversation, results
//! matched to their calls, and the text of a message cut into the pieces it once came in.

use std::borrow::Cow;

use super::told::Told;
use crate::chat::{Content, Message, Role};
use crate::error::{Error, Result};

/// Refuses instructions with anything but text in them.
pub(super) fn only_text(place: usize, message: &Message) -> Result<()> {
    if let Some(Content::Parts(parts)) = &message.content
        && let Some(odd) = parts.iter().position(|part| part.as_text().is_none())
    {
        let param = format!("messages[{place}].content[{odd}]");
        let message = format!("`{param}` is no text; instructions to this provider hold text only");
        return Err(Error::invalid(param, message));
    }
    Ok(())
}

/// Tells of instructions for which it is too late to be lifted out.
pub(super) fn late_instructions(place: usize, told: &mut Told<'_>) {
    told.adapted(
        &format!("messages[{place}].role"),
        "instructions after the first turn go into the user's turn",
    );
}

/// The text of a message, borrowed where it is in one piece.
pub(super) fn text(message: &Message) -> Cow<'_, str> {
    match &message.content {
        None => Cow::Borrowed(""),
        Some(Content::Text(said)) => Cow::Borrowed(said),
        Some(parts) => Cow::Owned(parts.text()),
    }
}

/// The next so many bytes of a text; `None` where it has no such piece.
pub(super) fn next<'a>(
    text: &Cow<'a, str>,
    from: &mut usize,
    bytes: usize,
) -> Option<Cow<'a, str>> {
    let to = from.checked_add(bytes)?;
    let from = std::mem::replace(from, to);
    match text {
        Cow::Borrowed(text) => text.get(from..to).map(Cow::Borrowed),
        Cow::Owned(text) => text.get(from..to).map(|piece| piece.to_owned().into()),
    }
}

/// Refuses a call without an id; `path` is that of the call.
pub(super) fn has_id(id: &str, path: &str) -> Result<()> {
    if id.is_empty() {
        let param = format!("{path}.id");
        let message = format!("`{param}` is empty; the result of the call refers to it");
        return Err(Error::invalid(param, message));
    }
    Ok(())
}

/// The error of a result for a call that was never made; `field` is where it names the call.
pub(super) fn no_call(place: usize, field: &str) -> Error {
    let param = format!("messages[{place}].{field}");
    let message = format!("`{param}` names no tool call of an earlier assistant message");
    Error::invalid(param, message)
}

/// The calls of a conversation so far: id on the wire and name of the function.
#[derive(Debug, Default)]
pub(super) struct Calls<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Calls<'a> {
    pub(super) fn add(&mut self, id: Cow<'a, str>, name: &'a str) {
        self.0.push((id, name));
    }

    /// The wire's id of the call that this message answers; the old `function` role names the function alone.
    /// `wire` is how the dialect writes ids.
    pub(super) fn answered(
        &self,
        place: usize,
        message: &'a Message,
        wire: impl Fn(&'a str) -> Cow<'a, str>,
    ) -> Result<Cow<'a, str>> {
        if let (Role::Function, None, Some(name)) =
            (message.role, &message.tool_call_id, &message.name)
        {
            let call = self.0.iter().rev().find(|(_, known)| known == name);
            return call
                .map(|(id, _)| id.clone())
                .ok_or_else(|| no_call(place, "name"));
        }
        let given = message.tool_call_id.as_deref().map(wire);
        given
            .filter(|id| self.0.iter().any(|(known, _)| known == id))
            .ok_or_else(|| no_call(place, "tool_call_id"))
    }
}
