//! What comes from the environment: the configuration's name, and AWS credentials. A process has one
//! environment, so each case runs this test binary again with its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::process::Command;

use slugline::config::{Config, ConfigSource};
use slugline::provider::{Credentials, KeySource};

/// What `child` says in this environment.
fn says(about: &str, variables: &[(&str, &str)]) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "child", "--nocapture"]);
    command.env_clear().env("ABOUT", about);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find_map(|line| line.split_once("SAYS "));
    line.expect("the child says something").1.to_owned()
}

#[test]
#[ignore = "runs in an environment of its own"]
fn child() {
    let said = match std::env::var("ABOUT").unwrap().as_str() {
        "config" => match Config::open(ConfigSource::Default, serde_json::Map::new()) {
            Ok(config) => format!("{:?}", config.engine.default_model),
            Err(error) => error.to_string(),
        },
        "aws" => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            match runtime.block_on(KeySource::Aws.resolve("bedrock", true)) {
                Ok(Credentials::Key(key)) => format!("key {}", key.expose()),
                Ok(Credentials::Aws {
                    access_key_id,
                    secret_access_key,
                    session_token,
                }) => format!(
                    "aws {access_key_id} {} {}",
                    secret_access_key.expose(),
                    session_token.is_some()
                ),
                Ok(other) => format!("{other:?}"),
                Err(error) => format!("{} {error}", error.code()),
            }
        }
        other => panic!("{other}"),
    };
    println!("SAYS {said}");
}

#[test]
fn a_variable_names_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[engine]\ndefault_model = \"openai/gpt-5\"\n").unwrap();
    let path = path.to_str().unwrap();
    assert_eq!(
        says("config", &[("SLUGLINE_CONFIG", path)]),
        "[\"openai/gpt-5\"]"
    );
    assert_eq!(says("config", &[]), "[]");
    assert_eq!(says("config", &[("SLUGLINE_CONFIG", "")]), "[]");
    let missing = says("config", &[("SLUGLINE_CONFIG", "/nowhere/c.toml")]);
    assert!(
        missing.contains("/nowhere/c.toml: cannot read"),
        "{missing}"
    );
}

#[test]
fn aws_credentials_are_looked_for_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().to_str().unwrap();
    let none = says("aws", &[("HOME", home)]);
    assert!(none.starts_with("authentication "), "{none}");
    assert!(none.contains("AWS_BEARER_TOKEN_BEDROCK"), "{none}");

    let aws = Path::new(home).join(".aws");
    std::fs::create_dir(&aws).unwrap();
    std::fs::write(
        aws.join("credentials"),
        "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s1\n\
         [work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = s2\naws_session_token = t\n",
    )
    .unwrap();
    assert_eq!(says("aws", &[("HOME", home)]), "aws AKIDFILE s1 false");
    let work = [("HOME", home), ("AWS_PROFILE", "work")];
    assert_eq!(says("aws", &work), "aws AKIDWORK s2 true");
    let keys = [
        ("HOME", home),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s3"),
    ];
    assert_eq!(says("aws", &keys), "aws AKIDENV s3 false");
    let bearer = [
        ("AWS_BEARER_TOKEN_BEDROCK", "bearer"),
        ("AWS_ACCESS_KEY_ID", "AKIDENV"),
        ("AWS_SECRET_ACCESS_KEY", "s3"),
    ];
    assert_eq!(says("aws", &bearer), "key bearer");
    let half = says("aws", &[("HOME", home), ("AWS_ACCESS_KEY_ID", "AKIDENV")]);
    assert!(half.starts_with("authentication "), "{half}");
    assert!(!half.contains("AKIDENV"), "{half}");
}
