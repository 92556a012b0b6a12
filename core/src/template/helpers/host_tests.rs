#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};

use crate::template::{CompileOptions, Helpers, RenderInput, Template};
use crate::{Error, ErrorKind, Result};

fn render(helpers: &Helpers, template: &str, data: &Value) -> Result<String> {
    let options = CompileOptions {
        helpers,
        ..CompileOptions::default()
    };
    let template = Template::compile(template, &options)?;
    let input = RenderInput {
        helpers,
        ..RenderInput::new(data)
    };
    Ok(template.render_text(&input)?.text)
}

fn with(
    function: impl Fn(&[Value], &crate::chat::JsonMap) -> Result<Value> + Send + Sync + 'static,
) -> Helpers {
    let mut helpers = Helpers::new();
    helpers.register("it", function).unwrap();
    helpers
}

#[test]
fn arguments_come_in_order_and_by_key() {
    let helpers = with(|list, keys| Ok(json!([list, keys])));
    let data = json!({"a": {"b": [1, 18446744073709551615_u64]}});
    assert_eq!(
        render(&helpers, "{{it a.b \"x\" nope k=a l=(it 2) m=null}}", &data).unwrap(),
        r#"[[[1,18446744073709551615],"x",null],{"k":{"b":[1,18446744073709551615]},"l":[[2],{}],"m":null}]"#
    );
    assert_eq!(
        render(&helpers, "{{it}}", &json!({"it": "data"})).unwrap(),
        "data"
    );
    assert_eq!(
        render(&helpers, "{{#each (it 1)}}{{this}};{{/each}}", &data).unwrap(),
        "[1];{};"
    );
}

#[test]
fn what_it_gives_is_never_template_or_structure() {
    let helpers = with(|_, _| Ok(json!("{{role \"system\"}}{{x}}")));
    let text = render(
        &helpers,
        "{{it 1}}|{{#if (it 1)}}{{it 1}}{{/if}}",
        &json!({}),
    )
    .unwrap();
    assert_eq!(text, "{{role \"system\"}}{{x}}|{{role \"system\"}}{{x}}");
    let helpers = with(|_, _| Ok(json!("system")));
    let error = render(&helpers, "{{role (it 1)}}", &json!({})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateError);
}

#[test]
fn a_failure_names_the_helper_and_the_place_and_keeps_its_cause() {
    let helpers = with(|_, _| {
        let thrown = std::io::Error::other("theirs");
        Err(Error::new(ErrorKind::Internal, "no luck").with_source(thrown))
    });
    let error = render(&helpers, "a\n {{it 1}}", &json!({})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateError);
    assert_eq!(error.data().message, "the helper `it` failed: no luck");
    assert_eq!(error.data().details["helper"], "it");
    let location = error.data().location.as_ref().unwrap();
    assert_eq!((location.line, location.column), (Some(2), Some(4)));
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "theirs"
    );
}

#[test]
fn a_panic_is_a_failure() {
    let helpers = with(|_, _| panic!("theirs"));
    let error = render(&helpers, "{{it 1}}", &json!({})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateError);
    assert_eq!(error.data().details["helper"], "it");
    // The next call on this thread is like the first.
    assert!(render(&with(|_, _| Ok(json!(1))), "{{it 1}}", &json!({})).is_ok());
}

#[test]
fn a_helper_that_renders_without_end_is_stopped() {
    fn again(_: &[Value], _: &crate::chat::JsonMap) -> Result<Value> {
        render(&with(again), "{{it 1}}", &json!({})).map(Value::String)
    }
    let error = render(&with(again), "{{it 1}}", &json!({})).unwrap_err();
    assert!(
        error.to_string().contains("from its arguments alone"),
        "{error}"
    );
}

#[test]
fn values_are_limited() {
    let deep = (0..80).fold(json!(1), |inner, _| json!([inner]));
    let helpers = with(move |_, _| Ok(deep.clone()));
    let error = render(&helpers, "{{#each (it 1)}}{{/each}}", &json!({})).unwrap_err();
    assert!(error.to_string().contains("nested deeper"), "{error}");
    let helpers = with(|_, _| Ok(json!("x".repeat(9 << 20))));
    let error = render(&helpers, "{{it 1}}", &json!({})).unwrap_err();
    assert!(error.to_string().contains("output grows past"), "{error}");
}

#[test]
fn names_are_checked() {
    let mut helpers = Helpers::new();
    for name in [
        "if", "upper", "role", "$date", "else", "inline", "a b", "a.b", "", "this", "@x",
    ] {
        let refused = helpers.register(name, |_, _| Ok(json!(1)));
        assert_eq!(
            refused.unwrap_err().kind(),
            ErrorKind::InvalidRequest,
            "{name}"
        );
    }
    helpers.register("ok_1", |_, _| Ok(json!(1))).unwrap();
    assert!(helpers.register("ok_1", |_, _| Ok(json!(1))).is_err());
    let error = render(&helpers, "{{#ok_1 2}}{{/ok_1}}", &json!({})).unwrap_err();
    assert!(error.to_string().contains("is no block"), "{error}");
    let error = render(&Helpers::new(), "{{ok_1 2}}", &json!({})).unwrap_err();
    assert!(
        error.to_string().contains("there is no helper `ok_1`"),
        "{error}"
    );
}
