//! Bodies with a context of their own: loops, `with`, sections.

use serde_json::Value;

use super::evaluate::Evaluator;
use super::scope::{Context, Data, Params, Place, Round, Scope};
use super::tree::Arm;
use super::value::Val;
use crate::Result;
use crate::chat::JsonMap;

impl<'a> Evaluator<'a> {
    /// The body for each element; false for what has none.
    #[inline(never)]
    pub(super) fn each(
        &mut self,
        arm: &'a Arm,
        list: Val<'a>,
        place: &Place<'_, 'a>,
    ) -> Result<bool> {
        let count = match list.value() {
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            _ => 0,
        };
        if count == 0 {
            return Ok(false);
        }
        self.spend_rounds(count, place.unit, arm.at)?;
        if arm.body.nodes.is_empty() {
            return Ok(true);
        }
        match list {
            Val::Borrowed(Value::Array(list)) => self.each_element(arm, list, place)?,
            Val::Borrowed(Value::Object(map)) => self.each_field(arm, map, place)?,
            Val::Owned(made) => self.each_made(arm, *made, place)?,
            _ => {}
        }
        Ok(true)
    }

    #[inline(never)]
    fn each_element(
        &mut self,
        arm: &'a Arm,
        list: &'a [Value],
        place: &Place<'_, 'a>,
    ) -> Result<()> {
        for (index, value) in list.iter().enumerate() {
            let round = Round::of(index, None, list.len());
            self.body(arm, Val::Borrowed(value), Some(round), place)?;
        }
        Ok(())
    }

    #[inline(never)]
    fn each_field(&mut self, arm: &'a Arm, map: &'a JsonMap, place: &Place<'_, 'a>) -> Result<()> {
        for (index, (key, value)) in map.iter().enumerate() {
            let round = Round::of(index, Some(key), map.len());
            self.body(arm, Val::Borrowed(value), Some(round), place)?;
        }
        Ok(())
    }

    /// Over what a helper made.
    #[inline(never)]
    fn each_made(&mut self, arm: &'a Arm, made: Value, place: &Place<'_, 'a>) -> Result<()> {
        match made {
            Value::Array(list) => {
                let count = list.len();
                for (index, value) in list.into_iter().enumerate() {
                    let round = Round::of(index, None, count);
                    self.body(arm, Val::owned(value), Some(round), place)?;
                }
            }
            Value::Object(map) => {
                let count = map.len();
                for (index, (key, value)) in map.into_iter().enumerate() {
                    let round = Round::of(index, Some(&key), count);
                    self.body(arm, Val::owned(value), Some(round), place)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The body of an arm with a context, in a round of a loop or once.
    #[inline(never)]
    pub(super) fn body(
        &mut self,
        arm: &'a Arm,
        value: Val<'a>,
        round: Option<Round<'_>>,
        place: &Place<'_, 'a>,
    ) -> Result<()> {
        let mut inner = *place;
        let params;
        if arm.params > 0 {
            params = Params::of(&value, round, place.params);
            inner.params = Some(&params);
        }
        // `{{#with this}}` is no level of its own. Handlebars goes further and leaves out a level
        // wherever two neighbours are equal, so that `../` would depend on the data.
        if round.is_none() && place.scope.context.same(&value) {
            return self.program(&arm.body, &inner);
        }
        let data = Data {
            round,
            parent: place.data,
        };
        if round.is_some() {
            inner.data = Some(&data);
        }
        let root = self.is_root(&value);
        let context = Context::Plain(value);
        let scope = Scope {
            context: &context,
            parent: Some(place.scope),
            root,
        };
        inner.scope = &scope;
        self.program(&arm.body, &inner)
    }

    fn spend_rounds(&mut self, count: usize, unit: usize, at: u32) -> Result<()> {
        self.rounds = self.rounds.saturating_add(count);
        if self.rounds > self.limits.loop_iterations {
            let limit = self.limits.loop_iterations;
            return Err(self.fail(
                unit,
                at,
                &format!("the loops of this render go round more than {limit} times"),
            ));
        }
        Ok(())
    }
}
