//! Messages to contents: instructions lifted into `systemInstruction`, neighbours of one role merged,
//! calls and results with the names they need, and replayed turns rebuilt with their signatures.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::chat::{Message, Role, ToolCall};
use crate::error::{Error, Result};
use crate::provider::told::Told;
use crate::provider::{Call, Target, arguments, turns};

use super::models::Model;
use super::parts::{self, text};
use super::replay::{self, Entry, Referred};
use super::types::{Args, Content, Data, FunctionCall, FunctionResponse, Part, Response};

/// What Google documents for calls whose signature is not known, such as those of another provider:
/// without one Gemini 3 refuses the whole request.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// `systemInstruction` and `contents` of a request.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    pub(super) system: Option<Content<'a>>,
    pub(super) contents: Vec<Content<'a>>,
}

/// Turns the messages of a call. Errors are `invalid_request` with the path of what is wrong, or
/// `unsupported` for content the API has no place for.
pub(super) fn conversation<'a>(
    call: Call<'a>,
    model: &Model,
    told: &mut Told<'_>,
) -> Result<Conversation<'a>> {
    let mut builder = Builder {
        system: Vec::new(),
        contents: Vec::new(),
        known: Vec::new(),
        target: call.target,
        third: model.third,
        told,
    };
    for (place, message) in call.messages.iter().enumerate() {
        builder.message(place, message)?;
    }
    builder.finish()
}

struct Builder<'a, 't, 'w> {
    system: Vec<Part<'a>>,
    contents: Vec<Content<'a>>,
    /// Id and name of the calls so far.
    known: Vec<(&'a str, &'a str)>,
    target: &'a Target,
    third: bool,
    told: &'t mut Told<'w>,
}

impl<'a> Builder<'a, '_, '_> {
    fn message(&mut self, place: usize, message: &'a Message) -> Result<()> {
        match message.role {
            Role::System | Role::Developer => self.instruction(place, message),
            Role::User => {
                if message.name.is_some() {
                    self.told
                        .dropped("messages.name", "Gemini has no names of speakers")?;
                }
                let parts = self.parts(place, message)?;
                self.push("user", parts);
                Ok(())
            }
            Role::Assistant => self.model(place, message),
            Role::Tool | Role::Function => self.result(place, message),
        }
    }

    fn push(&mut self, role: &'static str, mut parts: Vec<Part<'a>>) {
        if parts.is_empty() {
            return;
        }
        match self.contents.last_mut() {
            Some(content) if content.role == Some(role) => content.parts.append(&mut parts),
            _ => self.contents.push(Content {
                role: Some(role),
                parts,
            }),
        }
    }

    fn instruction(&mut self, place: usize, message: &'a Message) -> Result<()> {
        turns::only_text(place, message)?;
        let mut parts = self.parts(place, message)?;
        if self.contents.is_empty() {
            self.system.append(&mut parts);
        } else if !parts.is_empty() {
            turns::late_instructions(place, self.told);
            self.push("user", parts);
        }
        Ok(())
    }

    fn model(&mut self, place: usize, message: &'a Message) -> Result<()> {
        let mut parts = match replay::entries(message) {
            Some(entries) if is_unchanged(message, &entries) => {
                self.replayed(place, message, &entries)?
            }
            // Changed since: text is free, but calls still need the signatures they came with.
            Some(entries) => self.rebuilt(place, message, &entries)?,
            None => self.rebuilt(place, message, &[])?,
        };
        if self.third {
            // Of calls made together the first alone has a signature.
            let first = |part: &&mut Part<'a>| matches!(part.data, Data::FunctionCall(_));
            if let Some(part) = parts.iter_mut().find(first) {
                part.thought_signature.get_or_insert(NO_SIGNATURE);
            }
        }
        self.push("model", parts);
        Ok(())
    }

    fn rebuilt(
        &mut self,
        place: usize,
        message: &'a Message,
        entries: &[Entry<'a>],
    ) -> Result<Vec<Part<'a>>> {
        let mut parts = self.parts(place, message)?;
        if let (true, Some(refusal)) = (parts.is_empty(), &message.refusal)
            && !refusal.is_empty()
        {
            parts.push(text(refusal));
        }
        for (index, call) in message.tool_calls.iter().enumerate() {
            let of_call = |entry: &&Entry<'a>| entry.part == Referred::Call(index);
            let signature = entries
                .iter()
                .find(of_call)
                .and_then(|entry| entry.signature);
            parts.push(self.function_call(place, index, call, signature)?);
        }
        if let Some(call) = &message.function_call {
            let param = format!("messages[{place}].function_call.arguments");
            let args = arguments::object(&call.arguments, &param)?;
            self.known.push(("", &call.name));
            parts.push(Part::from(Data::FunctionCall(FunctionCall {
                id: None,
                name: &call.name,
                args: Args(args),
            })));
        }
        Ok(parts)
    }

    fn replayed(
        &mut self,
        place: usize,
        message: &'a Message,
        entries: &[Entry<'a>],
    ) -> Result<Vec<Part<'a>>> {
        let said = turns::text(message);
        let mut parts = Vec::with_capacity(entries.len());
        let mut from = 0;
        for entry in entries {
            let mut part = match entry.part {
                Referred::Text(bytes) => {
                    let piece = turns::next(&said, &mut from, bytes);
                    Part::from(Data::Text(piece.unwrap_or_default()))
                }
                Referred::Call(index) => match message.tool_calls.get(index) {
                    Some(call) => self.function_call(place, index, call, None)?,
                    None => continue,
                },
                Referred::Annotation(at) => match message.annotations.get(at) {
                    Some(annotation) => Part::from(Data::Replayed(annotation)),
                    None => continue,
                },
            };
            part.thought_signature = entry.signature;
            parts.push(part);
        }
        Ok(parts)
    }

    fn function_call(
        &mut self,
        place: usize,
        index: usize,
        call: &'a ToolCall,
        thought_signature: Option<&'a str>,
    ) -> Result<Part<'a>> {
        let param = format!("messages[{place}].tool_calls[{index}].function.arguments");
        let args = arguments::object(&call.function.arguments, &param)?;
        self.known.push((&call.id, &call.function.name));
        Ok(Part {
            data: Data::FunctionCall(FunctionCall {
                id: Some(call.id.as_str()).filter(|id| !id.is_empty()),
                name: &call.function.name,
                args: Args(args),
            }),
            thought_signature,
        })
    }

    /// The result of a call. Gemini wants the function's name, which only the call itself has.
    fn result(&mut self, place: usize, message: &'a Message) -> Result<()> {
        let id = message.tool_call_id.as_deref().filter(|id| !id.is_empty());
        let found = match (id, &message.name) {
            (None, Some(name)) if message.role == Role::Function => Some(name.as_str()),
            (None, _) => None,
            (Some(id), _) => {
                let of_id = |(known, _): &&(&str, &str)| *known == id;
                self.known.iter().rev().find(of_id).map(|(_, name)| *name)
            }
        };
        let Some(name) = found else {
            return Err(turns::no_call(place, "tool_call_id"));
        };
        let media = parts::media(place, message, self.target, self.third, self.told)?;
        let response = response(turns::text(message));
        self.push(
            "user",
            vec![Part::from(Data::FunctionResponse(FunctionResponse {
                id,
                name,
                response,
                parts: media,
            }))],
        );
        Ok(())
    }

    fn parts(&mut self, place: usize, message: &'a Message) -> Result<Vec<Part<'a>>> {
        parts::of(place, message, self.target, self.told)
    }

    fn finish(self) -> Result<Conversation<'a>> {
        let Builder {
            system,
            mut contents,
            told,
            ..
        } = self;
        if !contents.is_empty() {
            return Ok(Conversation {
                system: (!system.is_empty()).then_some(Content {
                    role: None,
                    parts: system,
                }),
                contents,
            });
        }
        if system.is_empty() {
            let message = "`messages` has no content: every message is empty";
            return Err(Error::invalid("messages", message));
        }
        // A prompt of instructions alone is whole elsewhere; here somebody must speak.
        told.adapted(
            "messages",
            "there are only instructions, which go as the user's turn",
        );
        contents.push(Content {
            role: Some("user"),
            parts: system,
        });
        Ok(Conversation {
            system: None,
            contents,
        })
    }
}

fn response(said: Cow<'_, str>) -> Response<'_> {
    match said {
        Cow::Borrowed(said) => match serde_json::from_str::<&RawValue>(said) {
            Ok(raw) if raw.get().starts_with('{') => Response::Object(Cow::Borrowed(raw)),
            _ => Response::Text(Cow::Borrowed(said)),
        },
        Cow::Owned(said) => match serde_json::from_str::<Box<RawValue>>(&said) {
            Ok(raw) if raw.get().starts_with('{') => Response::Object(Cow::Owned(raw)),
            _ => Response::Text(Cow::Owned(said)),
        },
    }
}

/// Whether the message is still what the API gave.
fn is_unchanged(message: &Message, entries: &[Entry<'_>]) -> bool {
    let said = turns::text(message);
    let mut from = 0;
    let mut calls = 0;
    for entry in entries {
        match entry.part {
            Referred::Text(bytes) => {
                from += bytes;
                if !said.is_char_boundary(from) {
                    return false;
                }
            }
            Referred::Call(place) => {
                if place != calls {
                    return false;
                }
                calls += 1;
            }
            Referred::Annotation(place) => {
                if place >= message.annotations.len() {
                    return false;
                }
            }
        }
    }
    from == said.len() && calls == message.tool_calls.len()
}
