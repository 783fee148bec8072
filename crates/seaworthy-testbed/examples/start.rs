//! Starts a part, sound or sabotaged, to look at it by hand:
//! `cargo run -p seaworthy-testbed --example start -- web plain-http`. Ends when standard input does.

use std::error::Error;
use std::io::Write;

use seaworthy_testbed::Testbed;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let part = arguments.next().ok_or("which part? start PART [SABOTAGE]")?;
    let testbed = Testbed::open(concat!(env!("CARGO_MANIFEST_DIR"), "/../../testbed"))?;
    let sabotage = arguments.next().map(|name| testbed.sabotage(&part, &name)).transpose()?;
    let running = testbed.part(&part)?.start(sabotage.as_ref())?;
    let mut out = std::io::stdout();
    writeln!(out, "work: {}\n{}", running.work_dir().display(), running.environment())?;
    for (name, value) in running.secrets() {
        writeln!(out, "export {name}={value}")?;
    }
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(running.stop()?)
}
