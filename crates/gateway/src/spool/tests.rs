//! A spool over kills, bounds and other processes.

use super::*;

fn value(number: usize) -> Bytes {
    Bytes::from(format!("value {number}"))
}

fn drain(spool: &Spool) -> Vec<Bytes> {
    let mut all = Vec::new();
    while let Some(oldest) = spool.oldest().unwrap() {
        all.extend(oldest.values.clone());
        spool.drained(&oldest).unwrap();
    }
    all
}

#[test]
fn what_was_appended_comes_out_in_order_also_after_an_end() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    (0..10).for_each(|number| spool.append(&[value(number), value(number + 100)]).unwrap());
    drop(spool);
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    spool.append(&[value(7_000)]).unwrap();
    let expected: Vec<Bytes> =
        (0..10).flat_map(|number| [value(number), value(number + 100)]).chain([value(7_000)]).collect();
    assert_eq!(drain(&spool), expected);
    assert!(spool.is_empty() && spool.bytes() == 0);
    spool.append(&[value(1)]).unwrap();
    assert_eq!(drain(&spool), [value(1)]);
}

#[test]
fn a_segment_that_is_not_drained_comes_again() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    spool.append(&[value(1)]).unwrap();
    assert_eq!(spool.oldest().unwrap().unwrap().values, [value(1)]);
    spool.append(&[value(2)]).unwrap();
    assert_eq!(spool.oldest().unwrap().unwrap().values, [value(1)], "what is being drained is not appended to");
    drop(spool);
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    assert_eq!(drain(&spool), [value(1), value(2)]);
}

#[test]
fn it_holds_no_more_than_it_may_and_takes_again_once_it_is_drained() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::open(root.path(), 2_000).unwrap();
    let large = Bytes::from(vec![7; 900]);
    spool.append(std::slice::from_ref(&large)).unwrap();
    spool.append(std::slice::from_ref(&large)).unwrap();
    assert!(matches!(spool.append(std::slice::from_ref(&large)), Err(SpoolError::Full(2_000))));
    assert_eq!(drain(&spool).len(), 2);
    spool.append(&[large]).unwrap();
}

#[test]
fn a_torn_tail_loses_what_was_not_acknowledged_and_damage_is_kept_aside() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    spool.append(&[value(1), value(2), value(3)]).unwrap();
    let path = spool.oldest().unwrap().unwrap().path;
    drop(spool);
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    assert_eq!(drain(&spool), [value(1), value(2)]);
    drop(spool);
    let mut damaged = whole;
    damaged[frame::HEAD_BYTES + frame::FRAME_BYTES] ^= 1;
    std::fs::write(&path, damaged).unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    assert_eq!(drain(&spool), [value(2), value(3)]);
    assert!(path.with_extension(DAMAGED).exists() && !path.exists());
}

#[test]
fn it_is_private_and_one_process_s() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let root = root.path().join("spool");
    let spool = Spool::open(&root, 1 << 20).unwrap();
    spool.append(&[value(1)]).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&root), mode(&spool.oldest().unwrap().unwrap().path)), (0o700, 0o600));
    assert!(matches!(Spool::open(&root, 1 << 20), Err(SpoolError::Locked(_))));
}

#[tokio::test]
async fn more_requests_than_the_queue_holds_wait_for_their_turn() {
    let root = tempfile::tempdir().unwrap();
    let spool = Spool::open(root.path(), 1 << 20).unwrap();
    let writer = Arc::new(Writer::start(spool.clone()).unwrap());
    let append = |number: usize| {
        let writer = Arc::clone(&writer);
        tokio::spawn(async move { writer.append(value(number)).await })
    };
    let appended: Vec<_> = (0..2_000).map(append).collect();
    for one in appended {
        assert_eq!(one.await.unwrap(), Ok(()));
    }
    assert_eq!(drain(&spool).len(), 2_000);
}
