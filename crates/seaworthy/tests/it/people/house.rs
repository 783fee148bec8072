//! A small repository with people, whose keys OpenSSH made.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::support::{Ended, ended, run, seaworthy};

/// The people, by the names of their key files, and their roles.
pub(crate) const PEOPLE: [(&str, &str); 4] = [
    ("tech-lead", "technical-lead"),
    ("product", "product-owner"),
    ("security", "security"),
    ("ops", "operations"),
];

/// A folder with a manifest and keys.
pub(crate) struct House {
    pub(crate) folder: tempfile::TempDir,
}

impl House {
    /// Four people with one role and one key each, and whatever else the manifest says.
    pub(crate) fn with(manifest: &str) -> Self {
        let house = Self { folder: tempfile::tempdir().expect("a folder") };
        for folder in ["shop", "keys"] {
            std::fs::create_dir(house.folder.path().join(folder)).expect("makes");
        }
        let people: String = PEOPLE.iter().map(|(name, role)| house.person(name, role)).collect();
        house.write("seaworthy.yaml", &format!("service: {{name: shop}}\n{manifest}\npeople:\n{people}"));
        house.write("README.md", "# Shop\n");
        house
    }

    /// The lines of a person in the manifest, with a new key in the file of that name.
    pub(crate) fn person(&self, name: &str, roles: &str) -> String {
        self.keygen(name, "");
        let public = self.read(&format!("../keys/{name}.pub"));
        format!("  {name}@example.com:\n    roles: [{roles}]\n    keys: [\"{}\"]\n", public.trim())
    }

    pub(crate) fn keygen(&self, name: &str, passphrase: &str) {
        self.tool(
            "ssh-keygen",
            &["-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", &format!("../keys/{name}")],
        );
    }

    /// Runs a tool of others in the folder.
    pub(crate) fn tool(&self, program: &str, words: &[&str]) -> Output {
        let output = Command::new(program).args(words).current_dir(self.path()).output().expect(program);
        assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Changes the store as someone would who knows SQL, and puts the trigger back that stood in the way.
    pub(crate) fn tamper(&self, trigger: &str, sql: &str) {
        const SCRIPT: &str = "import sqlite3, sys\nd = sqlite3.connect('.seaworthy/runs.db')\n\
            made = d.execute('SELECT sql FROM sqlite_master WHERE name = ?', [sys.argv[1]]).fetchone()[0]\n\
            d.execute('DROP TRIGGER ' + sys.argv[1])\nd.execute(sys.argv[2])\nd.execute(made)\nd.commit()";
        self.tool("python3", &["-c", SCRIPT, trigger, sql]);
    }

    /// The repository. The keys are beside it, where nobody commits them.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.file(name), text).expect("writes");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.file(name)).expect(name)
    }

    /// Runs the binary here.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        run(&self.path(), words)
    }

    /// Runs the binary here with variables.
    pub(crate) fn run_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = seaworthy(&self.path());
        ended(&command.args(words).envs(variables.iter().copied()).output().expect("the binary starts"))
    }

    /// Runs the binary here and reads its JSON, whatever it decided.
    pub(crate) fn json(&self, words: &[&str]) -> Json {
        let ended = self.run(words);
        serde_json::from_str(&ended.out)
            .unwrap_or_else(|error| panic!("{words:?}: {error}\n{}{}", ended.out, ended.err))
    }

    /// Commits everything, as a user would.
    pub(crate) fn commit(&self, message: &str) {
        if !self.file(".git").exists() {
            self.tool("git", &["init", "-q"]);
        }
        self.tool("git", &["add", "-A"]);
        let author =
            ["-c", "user.name=dev", "-c", "user.email=dev@example.com", "commit", "-q", "-m", message];
        self.tool("git", &author);
    }

    /// Checks this folder, keeps the run, gives it.
    pub(crate) fn check(&self) -> Json {
        self.json(&["check", "--format", "json"])
    }
}

/// Refused as a wrong request, for this reason.
pub(crate) fn assert_refused(ended: &Ended, why: &str) {
    assert_eq!(ended.code, Some(2), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains(why), "wanted `{why}`: {}", ended.err);
    assert!(ended.err.contains("help: "), "no way out: {}", ended.err);
    assert!(ended.out.is_empty(), "{}", ended.out);
}
