#![allow(clippy::unwrap_used)]

use super::*;
use crate::store::{MemoryStore, Retention};

#[test]
fn what_was_taken_makes_room_at_once() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Retention::default()));
    let queue = Arc::new(Queue::default());
    // No thread: the batches are taken here.
    queue.lock().phase = Phase::Running;
    let push = |bytes| queue.push(Recording::default(), bytes, &store, &Arc::default());
    for _ in 0..BATCH {
        push(MOST_BYTES / (BATCH + 1)).unwrap();
    }
    push(1_000).unwrap();
    push(MOST_BYTES / 2).unwrap_err();
    assert_eq!(queue.next(Instant::now()).0.len(), BATCH);
    // One of them waits still, and only its bytes count.
    assert_eq!(queue.lock().bytes, 1_000);
    push(MOST_BYTES / 2).unwrap();
}

#[test]
fn nobody_waits_for_a_thread_that_has_ended() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Retention::default()));
    let (queue, lost) = (Arc::new(Queue::default()), Arc::new(Lost::default()));
    queue.lock().phase = Phase::Running;
    let push = || queue.push(Recording::default(), 0, &store, &lost);
    push().unwrap();
    let (done, flushed) = oneshot::channel();
    queue.lock().flushes.push((1, done));
    drop(Ending(&queue, &lost));
    flushed.now_or_never().unwrap().unwrap_err();
    assert_eq!(lost.count(), 1);
    push().unwrap_err();
}
