use std::net::SocketAddr;

use super::*;
use crate::redis::resp::Reply;

fn keys(all: u64, lasting: u64) -> Keys {
    Keys { all, lasting }
}

#[test]
fn every_lasting_key_has_to_come_back() {
    let came_back = |before: Keys, after: Keys, lacking: u64, loaded: Keys| {
        let counts = Counts { before, after, loaded: Some(loaded), lacking };
        judged(LoadedFrom::Snapshot, counts, Told::default()).map(|restart| restart.came_back)
    };
    assert_eq!(came_back(keys(20, 20), keys(20, 20), 0, keys(20, 20)), Ok(true));
    assert_eq!(came_back(keys(20, 20), keys(20, 20), 0, keys(19, 19)), Ok(false));
    // What came and went during the copy may be in it or not.
    assert_eq!(came_back(keys(20, 20), keys(22, 22), 0, keys(18, 18)), Ok(true));
    assert_eq!(came_back(keys(20, 20), keys(22, 22), 0, keys(17, 17)), Ok(false));
    // A snapshot may lack what changed since.
    assert_eq!(came_back(keys(20, 20), keys(20, 20), 5, keys(15, 15)), Ok(true));
    assert!(came_back(keys(20, 20), keys(20, 20), 20, keys(0, 0)).is_err());
    // Keys with an expiry may end, but not most of them at once.
    assert_eq!(came_back(keys(20, 0), keys(20, 0), 0, keys(12, 0)), Ok(true));
    assert_eq!(came_back(keys(20, 0), keys(20, 0), 0, keys(2, 0)), Ok(false));
    assert!(came_back(keys(0, 0), keys(0, 0), 0, keys(0, 0)).is_err());
    let counts = Counts { before: keys(1, 1), after: keys(1, 1), loaded: None, lacking: 0 };
    let refused = judged(LoadedFrom::AppendOnlyFile, counts, Told::default()).unwrap();
    assert!(!refused.loads && !refused.came_back);
}

#[test]
fn as_many_keys_of_other_names_are_not_those_that_were_there() {
    let came_back = |lacking: u64, loaded: Keys| {
        let counts =
            Counts { before: keys(20, 10), after: keys(20, 10), loaded: Some(keys(20, 10)), lacking };
        let told = Told { expected: keys(8, 4), loaded };
        judged(LoadedFrom::AppendOnlyFile, counts, told).unwrap().came_back
    };
    assert!(came_back(0, keys(8, 4)));
    assert!(came_back(0, keys(4, 4)));
    assert!(!came_back(0, keys(3, 3)));
    assert!(!came_back(0, keys(7, 3)));
    assert!(came_back(1, keys(7, 3)));
    assert!(!came_back(0, keys(0, 0)));
}

#[test]
fn databases_are_counted_together() {
    let told = |text: &str| keys::counted(&Reply::Bulk(Some(text.to_owned())));
    let two =
        "# Keyspace\r\ndb0:keys=20,expires=3,avg_ttl=5\r\ndb7:keys=1,expires=0,avg_ttl=0,subexpiry=0\r\n";
    assert_eq!(told(two), Ok(keys(21, 18)));
    assert_eq!(told("# Keyspace\r\n"), Ok(keys(0, 0)));
    for odd in ["db0", "db0:keys=x,expires=0", "db0:keys=1"] {
        assert!(told(odd).is_err(), "{odd}");
    }
    let most = format!("db0:keys={0},expires=0\r\ndb1:keys={0},expires=0\r\n", u64::MAX);
    assert_eq!(told(&most), Ok(keys(u64::MAX, u64::MAX)));
}

#[test]
fn the_row_of_our_own_connection_names_the_socket() {
    let end = |text: &str| text.parse::<SocketAddr>().unwrap();
    let v4 = "   1: 0100007F:18EB 0100007F:C350 01 00000000:00000000 00:00000000 00000000   999        0 424242 1 0 20 4 30 10 -1";
    let v6 = "   2: 0000000000000000FFFF00000100007F:18EB 0000000000000000FFFF00000100007F:C350 01 00000000:00000000 00:00000000 00000000   999        0 434343 1";
    let (server, local) = (end("127.0.0.1:6379"), end("127.0.0.1:50000"));
    if cfg!(target_endian = "little") {
        assert_eq!(owner::row(v4, server, local), Some(424_242));
        assert_eq!(owner::row(v6, server, local), Some(434_343));
    }
    assert_eq!(owner::row(v4, local, server), None);
    assert_eq!(owner::row(v4, server, end("127.0.0.1:50001")), None);
    for odd in ["", "x", "0: zz:18EB 0100007F:C350", "0: 0100007F:18EB"] {
        assert_eq!(owner::row(odd, server, local), None, "{odd}");
    }
}
