//! Where the earlier turns of a session go in a call, and what of the call is its new turn.
//!
//! Instructions are no part of a turn: each call brings its own, so that a changed prompt holds from
//! the next call on.

use crate::chat::{Message, Role};

/// Puts the earlier turns after the instructions that a call of `chat` starts with, and gives what is new.
pub(super) fn chat(messages: &mut Vec<Message>, history: &[Message]) -> Vec<Message> {
    let at = messages
        .iter()
        .position(|message| !message.role.is_instruction())
        .unwrap_or(messages.len());
    let turn = spoken(&messages[at..]);
    messages.splice(at..at, history.iter().cloned());
    turn
}

/// The earlier turns stand where the template has them, by Dotprompt's rules. Where they were put before
/// a last user message and the call has messages of its own, these are what is new: the turns move
/// between the template and them.
pub(super) fn prompt(
    messages: &mut [Message],
    history: &[Message],
    appended: &[Message],
) -> Vec<Message> {
    // A turn ends with an answer, so a user's message at the end is never one of the history.
    let asked = messages
        .last()
        .filter(|message| message.role == Role::User)
        .cloned();
    if appended.is_empty() {
        return match asked {
            Some(asked) => vec![asked],
            None => prefilled(messages, history),
        };
    }
    if asked.is_some() && !history.is_empty() {
        let end = messages.len() - 1;
        let start = end.saturating_sub(history.len());
        if !messages[start..end].iter().any(is_placed) {
            messages[start..].rotate_right(1);
        }
    }
    spoken(appended)
}

/// A template may end with the beginning of the answer, behind the user's message that is the turn then. Dotprompt's
/// rules put the earlier turns behind both, where the model would go on from its own last answer: they move before.
fn prefilled(messages: &mut [Message], history: &[Message]) -> Vec<Message> {
    let placed = messages.iter().any(is_placed);
    let behind = if placed { 0 } else { history.len() };
    let end = messages.len().saturating_sub(behind);
    let own = |message: &&Message| !is_placed(message);
    let begun = messages[..end].iter().rev().take_while(own);
    let begun = begun
        .take_while(|message| message.role == Role::Assistant)
        .count();
    let Some(at) = end.checked_sub(begun + 1).filter(|_| begun > 0) else {
        return Vec::new();
    };
    let asked = messages[at].clone();
    if asked.role != Role::User || is_placed(&asked) {
        return Vec::new();
    }
    messages[at..].rotate_right(behind);
    vec![asked]
}

/// Whether the template has put this message of the history where it stands.
fn is_placed(message: &Message) -> bool {
    let purpose = message.metadata.get("purpose");
    purpose.is_some_and(|purpose| purpose == "history")
}

fn spoken(messages: &[Message]) -> Vec<Message> {
    messages
        .iter()
        .filter(|message| !message.role.is_instruction())
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(messages: &[Message]) -> Vec<String> {
        messages.iter().map(Message::text).collect()
    }

    fn earlier() -> Vec<Message> {
        vec![Message::user("q1"), Message::assistant("a1")]
    }

    #[test]
    fn instructions_stay_in_front_and_out_of_the_turn() {
        let mut messages = vec![Message::system("s"), Message::user("q2")];
        let turn = chat(&mut messages, &earlier());
        assert_eq!(said(&messages), ["s", "q1", "a1", "q2"]);
        assert_eq!(said(&turn), ["q2"]);
    }

    #[test]
    fn the_last_user_message_of_a_template_is_the_turn() {
        let mut messages = vec![
            Message::system("s"),
            Message::user("q1"),
            Message::assistant("a1"),
            Message::user("q2"),
        ];
        let turn = prompt(&mut messages, &earlier(), &[]);
        assert_eq!(said(&messages), ["s", "q1", "a1", "q2"]);
        assert_eq!(said(&turn), ["q2"]);
    }

    #[test]
    fn new_messages_follow_the_history_and_are_the_turn() {
        let mut messages = vec![
            Message::system("s"),
            Message::user("q1"),
            Message::assistant("a1"),
            Message::user("template"),
        ];
        let turn = prompt(&mut messages, &earlier(), &[Message::user("q2")]);
        assert_eq!(said(&messages), ["s", "template", "q1", "a1"]);
        assert_eq!(said(&turn), ["q2"]);
    }

    #[test]
    fn a_template_that_places_the_history_is_left_alone() {
        let mut placed = earlier();
        for message in &mut placed {
            message.metadata.insert("purpose".into(), "history".into());
        }
        let mut messages = placed.clone();
        messages.push(Message::user("template"));
        let turn = prompt(&mut messages, &earlier(), &[Message::user("q2")]);
        assert_eq!(said(&messages), ["q1", "a1", "template"]);
        assert_eq!(said(&turn), ["q2"]);
    }

    #[test]
    fn the_beginning_of_an_answer_stays_behind_its_question() {
        let template = [Message::user("q2"), Message::assistant("{")];
        let mut first = template.to_vec();
        assert_eq!(said(&prompt(&mut first, &[], &[])), ["q2"]);
        assert_eq!(said(&first), ["q2", "{"]);

        let mut next = [&template[..], &earlier()].concat();
        assert_eq!(said(&prompt(&mut next, &earlier(), &[])), ["q2"]);
        assert_eq!(said(&next), ["q1", "a1", "q2", "{"]);

        let mut placed = earlier();
        for message in &mut placed {
            message.metadata.insert("purpose".into(), "history".into());
        }
        let mut next = [&placed[..], &template].concat();
        assert_eq!(said(&prompt(&mut next, &earlier(), &[])), ["q2"]);
        assert_eq!(said(&next), ["q1", "a1", "q2", "{"]);

        let mut last = [&template[..], &placed].concat();
        assert!(prompt(&mut last, &earlier(), &[]).is_empty());
        assert_eq!(said(&last), ["q2", "{", "q1", "a1"]);
    }

    #[test]
    fn a_template_without_a_question_leaves_the_answer_alone_in_the_turn() {
        let mut messages = vec![Message::system("s")];
        assert!(prompt(&mut messages, &[], &[]).is_empty());
    }
}
