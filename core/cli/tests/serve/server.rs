//! The server under test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::client::{self, Reply};

pub(crate) const KEY: &str = "key-of-the-tests";

pub(crate) const CONFIG: &str = r#"
[engine]
default_model = "test/echo"
prompts = "prompts"
block_network = true
[models]
fast = "test/echo"
[projects.support]
default_model = "fast"
models = { small = "test/echo" }
system_prompt = "You help {{customer}}."
[server]
keys = ["key-of-the-tests"]
"#;

pub(crate) const PROMPTS: &[(&str, &str)] = &[
    (
        "prompts/greet.prompt",
        "---\nconfig: {temperature: 0.5}\ninput: {schema: {name: string}, default: {name: World}}\n---\n{{role \"system\"}}Be kind.\n{{role \"user\"}}Hello {{name}}!",
    ),
    ("prompts/team/bye.prompt", "Goodbye {{name}}"),
    ("prompts/acme/shop/greet.prompt", "Welcome {{name}}"),
];

/// A running `slugline serve`; it ends with its value.
pub(crate) struct Server {
    pub(crate) child: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
    pub(crate) folder: tempfile::TempDir,
    /// What it wrote to standard output after its first line.
    pub(crate) out: Arc<Mutex<String>>,
    log: Arc<Mutex<String>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        Server::with(CONFIG, PROMPTS, &[])
    }

    pub(crate) fn with(config: &str, files: &[(&str, &str)], args: &[&str]) -> Server {
        let folder = folder(config, files);
        let mut child = command(folder.path(), args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let stderr = child.stderr.take().unwrap();
        let log = collect(BufReader::new(stderr));
        let address = line.trim().strip_prefix("http://").map(str::to_owned);
        let address = address.unwrap_or_else(|| {
            std::thread::sleep(Duration::from_millis(200));
            panic!("first line: {line:?}; {}", log.lock().unwrap())
        });
        Server {
            child,
            address,
            folder,
            out: collect(stdout),
            log,
        }
    }

    /// A request with the key.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let key = format!("Bearer {KEY}");
        let mut all = vec![("host", "localhost"), ("authorization", key.as_str())];
        all.extend(headers);
        self.bare(method, path, &all, body)
    }

    /// A request with nothing but what is given.
    pub(crate) fn bare(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        client::raw(
            &self.address,
            request(method, path, headers, body).as_bytes(),
        )
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Reply {
        let json = ("content-type", "application/json");
        self.ask("POST", path, &[json], &body.to_string())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "")
    }

    /// The access log, once it holds this text.
    pub(crate) fn logged(&self, text: &str) -> String {
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let log = self.log.lock().unwrap().clone();
            if log.contains(text) {
                return log;
            }
            assert!(Instant::now() < until, "no {text:?} in the log:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn folder(config: &str, files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("prompts")).unwrap();
    for (path, text) in files.iter().chain([&("slugline.toml", config)]) {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

pub(crate) fn command(folder: &std::path::Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slugline"));
    command.arg("serve").args(args).current_dir(folder);
    if !args.contains(&"--listen") {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.env_remove("SLUGLINE_CONFIG");
    command
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text
}

fn collect(mut from: impl std::io::BufRead + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let shared = text.clone();
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(count) = from.read(&mut part) {
            if count == 0 {
                break;
            }
            let part = String::from_utf8_lossy(&part[..count]);
            shared.lock().unwrap().push_str(&part);
        }
    });
    text
}
