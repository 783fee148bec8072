//! Copies of a store that came to harm: whatever is in them is found or reads as it was kept, and nothing panics.

use std::path::Path;

use super::power::large;
use super::{Fixture, SqliteStore};

/// Damaged copies that are tried.
const COPIES: u64 = 500;
/// Runs in the sound one.
const RUNS: u32 = 6;

/// A sequence of numbers that is the same in every test.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound.max(1)
    }
}

/// Does one kind of harm at one place.
fn harm(bytes: &mut Vec<u8>, number: u64) -> &'static str {
    const PAGE: usize = 4096;
    let mut numbers = Numbers(number);
    let place = numbers.below(bytes.len());
    let page = place / PAGE * PAGE;
    match number % 5 {
        0 => {
            bytes[place] ^= 1 << numbers.below(8);
            "a bit is turned"
        }
        1 => {
            bytes.truncate(place);
            "the end is cut off"
        }
        2 => {
            bytes[page..page + PAGE].fill(0);
            "a page is empty"
        }
        3 => {
            let other = numbers.below(bytes.len() / PAGE) * PAGE;
            bytes.copy_within(other..other + PAGE, page);
            "a page stands where another was"
        }
        _ => {
            let end = (place + 64).min(bytes.len());
            bytes[place..end].iter_mut().for_each(|byte| *byte = byte.wrapping_add(1));
            "some bytes are others"
        }
    }
}

/// What a damaged store says of itself.
enum Told {
    /// That it cannot be opened or read to its end.
    Nothing,
    /// That something is wrong.
    Fault,
    /// That all is well, and it is: nothing that counts was hit.
    Well,
    /// That all is well, and it is not.
    Lie(String),
}

async fn told(path: &Path, head: &str) -> Told {
    let Ok(store) = SqliteStore::open(path).await else { return Told::Nothing };
    let Ok(verified) = store.verify(Some(head)).await else { return Told::Nothing };
    if !verified.faults.is_empty() {
        return Told::Fault;
    }
    if verified.records != RUNS as usize {
        return Told::Lie(format!("{} runs of {RUNS}, and no fault", verified.records));
    }
    for number in 1..=RUNS {
        let sound = large(number);
        // An error is no lie; another run is.
        if let Ok(read) = store.get(Some(&sound.id)).await
            && read != sound
        {
            return Told::Lie(format!("run {number} reads as another, and no fault"));
        }
    }
    Told::Well
}

#[tokio::test]
async fn no_damaged_copy_passes_for_a_sound_one() {
    let fixture = Fixture::with_runs(0).await;
    let store = fixture.open().await;
    for number in 1..=RUNS {
        store.append(&large(number)).await.expect("keeps");
    }
    let head = store.list(1).await.expect("lists")[0].digest.clone();
    store.pool.close().await;
    let sound = std::fs::read(fixture.path()).expect("reads");
    assert!(sound.len() > 4096 && sound.len().is_multiple_of(4096), "{} bytes", sound.len());
    let folder = tempfile::tempdir().expect("a folder");
    let (mut nothing, mut faults, mut well, mut lies) = (0, 0, 0, Vec::new());
    for number in 0..COPIES {
        let mut bytes = sound.clone();
        let how = harm(&mut bytes, number);
        let path = folder.path().join(format!("{number}.db"));
        std::fs::write(&path, bytes).expect("writes");
        match told(&path, &head).await {
            Told::Nothing => nothing += 1,
            Told::Fault => faults += 1,
            Told::Well => well += 1,
            Told::Lie(lie) => lies.push(format!("copy {number}, {how}: {lie}")),
        }
    }
    println!(
        "{COPIES} copies: {nothing} not read, {faults} with faults, {well} not hit, {} lies",
        lies.len()
    );
    assert!(lies.is_empty(), "{}", lies.join("\n"));
    assert!(nothing > 0 && faults > 0 && well < COPIES / 2, "the harm reached too little");
}
