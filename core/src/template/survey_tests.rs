#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;

use crate::template::{CompileOptions, Helpers, Partials, Scope, Survey, Template, TemplateRole};

fn helpers() -> Helpers {
    let mut helpers = Helpers::new();
    helpers.register("host", |_, _| Ok(1.into())).unwrap();
    helpers
}

fn compiled(source: &str) -> Template {
    let helpers = helpers();
    let options = CompileOptions {
        helpers: &helpers,
        dynamic_partials: &["p".to_owned(), "q".to_owned()],
        ..CompileOptions::default()
    };
    Template::compile(source, &options).unwrap()
}

fn survey(source: &str, partials: &[(&str, &str)]) -> Survey {
    let partials: HashMap<String, Arc<Template>> = partials
        .iter()
        .map(|(name, source)| ((*name).to_owned(), Arc::new(compiled(source))))
        .collect();
    compiled(source).survey(&partials as &dyn Partials)
}

/// `name` of root variables, `.name` of inner ones; `!` after those that are printed as they are,
/// `?` after those that only decide.
fn names(source: &str, partials: &[(&str, &str)]) -> String {
    let survey = survey(source, partials);
    let shown = survey.variables.iter().map(|variable| {
        let dot = if variable.scope == Scope::Inner {
            "."
        } else {
            ""
        };
        let how = match (variable.printed, variable.shown) {
            (true, _) => "!",
            (false, true) => "",
            (false, false) => "?",
        };
        format!("{dot}{}{how}", variable.name)
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn roles(source: &str, name: &str) -> String {
    let survey = survey(source, &[]);
    let variable = survey
        .variables
        .iter()
        .find(|one| one.name == name)
        .unwrap();
    let words: Vec<&str> = variable.roles.iter().map(|role| role.as_str()).collect();
    words.join(" ")
}

#[test]
fn names_in_the_order_of_the_source_with_what_becomes_of_them() {
    assert_eq!(
        names("{{a}} {{b.c}} {{{d}}} {{json e}} {{upper (lower f)}}", &[]),
        "a! b! d! e f"
    );
    assert_eq!(
        names("{{#if a}}{{b}}{{else if c}}{{else}}{{d}}{{/if}}", &[]),
        "a? b! c? d!"
    );
    assert_eq!(
        names("{{#if (eq a b)}}{{/if}}{{len c}}{{host d k=e}}", &[]),
        "a? b? c? d e"
    );
    assert_eq!(
        names("{{role a}}{{section b}}{{media url=c contentType=d}}", &[]).replace(['!', '?'], ""),
        "a b c d"
    );
}

#[test]
fn each_place_is_told_once() {
    let survey = survey("{{a}}\n {{a}}{{#each l}}{{@root.a}}{{/each}}", &[]);
    let places: Vec<(&str, u32, u32)> = survey
        .variables
        .iter()
        .filter(|variable| variable.name == "a")
        .map(|variable| (variable.path.as_str(), variable.line, variable.column))
        .collect();
    assert_eq!(places, [("a", 1, 3), ("a", 2, 4), ("@root.a", 2, 20)]);
}

#[test]
fn scopes() {
    assert_eq!(
        names(
            "{{#each l}}{{x}}{{../y}}{{@root.z}}{{@index}}{{this}}{{/each}}",
            &[]
        )
        .replace(['!', '?'], ""),
        "l .x y z .this"
    );
    assert_eq!(
        names("{{#with o}}{{x}}{{else}}{{y}}{{/with}}", &[]).replace('?', ""),
        "o .x! y!"
    );
    assert_eq!(
        names("{{#each l as |v k|}}{{v.x}}{{k}}{{y}}{{/each}}", &[]).replace('?', ""),
        "l .y!"
    );
    assert_eq!(
        names("{{#l}}{{x}}{{/l}}{{^m}}{{y}}{{/m}}", &[]).replace('?', ""),
        "l .x! m y!"
    );
    assert_eq!(
        names("{{this}}{{@root}}{{@first}}{{@state.x}}", &[]).replace('!', ""),
        "this @root"
    );
}

#[test]
fn partials_are_followed_with_what_they_are_given() {
    let p = [("p", "{{x}}{{y}}{{@root.z}}")];
    assert_eq!(names("{{> p}}", &p), "x! y! z!");
    assert_eq!(names("{{> p x=a}}", &p).replace(['!', '?'], ""), "a y z");
    assert_eq!(names("{{> p o}}", &p).replace(['!', '?'], ""), "o .x .y z");
    assert_eq!(
        names("{{#> p}}{{w}}{{/p}}", &[("p", "{{> @partial-block}}{{x}}")]),
        "w! x!"
    );
    assert_eq!(names("{{#> nope}}{{w}}{{/nope}}", &[]), "w!");
    assert_eq!(
        names("{{#*inline \"i\"}}{{x}}{{/inline}}{{> i}}", &[]),
        "x!"
    );
    assert_eq!(
        names("{{> (lookup . \"w\")}}", &[("p", "{{x}}"), ("q", "{{y}}")]).replace(['!', '?'], ""),
        "this x y"
    );
}

#[test]
fn partials_and_helpers_have_their_places() {
    let survey = survey(
        "{{> p}}\n{{#> q}}{{host (upper a)}}{{/q}}{{> p}}",
        &[("p", "{{json b}}")],
    );
    let partials: Vec<_> = survey
        .partials
        .iter()
        .map(|one| {
            (
                one.name.as_str(),
                one.line,
                one.column,
                one.fallback,
                one.found,
            )
        })
        .collect();
    assert_eq!(
        partials,
        [
            ("p", 1, 1, false, true),
            ("q", 2, 1, true, false),
            ("p", 2, 33, false, true)
        ]
    );
    let mut helpers: Vec<&str> = survey.helpers.iter().map(|one| one.name.as_str()).collect();
    helpers.dedup();
    helpers.sort_unstable();
    helpers.dedup();
    assert_eq!(helpers, ["host", "json", "upper"]);
    assert_eq!(survey.reached.len(), 1);
}

#[test]
fn roles_follow_the_tags_that_may_have_been_passed() {
    assert_eq!(roles("{{x}}", "x"), "user");
    assert_eq!(roles("{{role \"system\"}}{{x}}", "x"), "system");
    assert_eq!(
        roles("{{#if a}}{{role \"system\"}}{{/if}}{{x}}", "x"),
        "system user"
    );
    assert_eq!(
        roles(
            "{{role \"system\"}}{{#if a}}{{role \"user\"}}{{else}}{{role \"model\"}}{{/if}}{{x}}",
            "x"
        ),
        "user model"
    );
    assert_eq!(
        roles("{{#each l}}{{x}}{{role \"system\"}}{{/each}}", "x"),
        "system user"
    );
    assert_eq!(roles("{{role r}}{{x}}", "x"), "user model");
    assert_eq!(roles("{{role \"system\"}}{{history}}{{x}}", "x"), "model");
    let text_only = CompileOptions {
        text_only: true,
        ..CompileOptions::default()
    };
    let survey = Template::compile("{{x}}", &text_only).unwrap().survey(&());
    assert_eq!(survey.variables[0].roles, Vec::<TemplateRole>::new());
}

#[test]
fn it_ends_whatever_includes_whatever() {
    let survey = survey(
        "{{> p}}",
        &[("p", "{{x}}{{> q}}{{> p}}"), ("q", "{{y}}{{> p}}{{> q}}")],
    );
    let mut names: Vec<&str> = survey
        .variables
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["x", "y"]);
}
