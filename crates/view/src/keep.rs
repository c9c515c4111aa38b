//! The thread that keeps a view: it follows the topics and, when somebody wishes it or when the topics no longer have what the view
//! lacks, makes one anew beside it. The old one answers until the new one has everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use store::Stores;

use crate::Share;
use crate::anew::Anew;
use crate::follow::Follow;
use crate::place::Error;
use crate::rebuild::Rebuild;

/// How long it waits for a wish before it looks whether it is to stop.
const WAIT: Duration = Duration::from_millis(50);

/// What to keep.
pub struct Keep {
    /// What is followed into the view.
    pub follow: Follow,
    /// Where the view's store is.
    pub stores: Arc<dyn Stores>,
    /// The store's name.
    pub name: &'static str,
}

impl Keep {
    /// Keeps it on a thread of its own until `stop`. Where the view's store refuses, it says why in the log and in
    /// [`View::standing`](crate::View::standing), and waits for the wish for another.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(self, stop: &Arc<AtomicBool>) -> std::io::Result<JoinHandle<()>> {
        let stop = Arc::clone(stop);
        self.follow.begin();
        std::thread::Builder::new().name("view".to_owned()).spawn(move || self.run(&stop))
    }

    fn run(&self, stop: &AtomicBool) {
        let view = &self.follow.view;
        while !stop.load(Ordering::Acquire) {
            if view.anew() == Anew::Asked {
                self.make_anew(stop);
            } else if view.standing().halted.is_some() {
                view.wish.wait(WAIT);
            } else if let Err(error) = self.follow.run(stop) {
                self.halt(&error);
            }
        }
    }

    fn halt(&self, error: &Error) {
        tracing::error!(%error, "the view stands still: pages show what it knew");
        self.follow.view.halt(Some(error.to_string()));
        // What the topics lack does not come again, a disk may.
        if matches!(error, Error::Behind { .. }) {
            self.follow.view.ask_anew();
        }
    }

    fn make_anew(&self, stop: &AtomicBool) {
        let view = &self.follow.view;
        tracing::info!("the view is made anew from the topics; the old one answers until it is there");
        view.wish.set(Anew::Making(Share::default()));
        match self.made_anew(stop) {
            Ok(true) => {
                // It has what there was when it began, and the old one besides.
                view.know(|begun| std::mem::take(begun).lacks().is_some());
                view.wish.set(Anew::No);
                view.halt(None);
                tracing::info!("the new view answers");
            }
            Ok(false) => view.wish.set(Anew::Failed("the process was stopped: ask again".to_owned())),
            Err(error) => {
                tracing::error!(%error, "no new view could be made: the old one answers");
                view.wish.set(Anew::Failed(error.to_string()));
            }
        }
    }

    /// Whether it was made before `stop`.
    fn made_anew(&self, stop: &AtomicBool) -> Result<bool, Error> {
        let (stores, view) = (self.stores.as_ref(), &self.follow.view);
        let rebuild = Rebuild::begin(stores, self.name, view.log())?;
        let beside = Follow { view: Arc::clone(rebuild.view()), ..self.follow.clone() };
        beside.begin();
        while let Some(share) = beside.view.lacks().filter(|_| !stop.load(Ordering::Acquire)) {
            view.wish.set(Anew::Making(share));
            self.go_on(stop);
            step(&beside, stop)?;
        }
        // The old one waits now: the new one is never older.
        while !stop.load(Ordering::Acquire) && self.is_older(&beside)? {
            step(&beside, stop)?;
        }
        beside.view.flush()?;
        drop(beside);
        let is_made = !stop.load(Ordering::Acquire);
        if is_made {
            rebuild.take_over(stores, self.name, view)?;
        }
        Ok(is_made)
    }

    /// The old one follows as long as it can: whoever looks at it meanwhile sees what happens.
    fn go_on(&self, stop: &AtomicBool) {
        if self.follow.view.standing().halted.is_some() {
            return;
        }
        if let Err(error) = self.follow.catch_up(stop) {
            tracing::error!(%error, "the old view stands still");
            self.follow.view.halt(Some(error.to_string()));
        }
    }

    fn is_older(&self, beside: &Follow) -> Result<bool, Error> {
        for (topic, partition) in beside.sources() {
            let stands = |follow: &Follow| follow.view.snapshot().position(topic, partition);
            if stands(beside)? < stands(&self.follow)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// One batch of every partition, or a wait for more.
fn step(beside: &Follow, stop: &AtomicBool) -> Result<(), Error> {
    let seen = beside.log.version();
    if !beside.catch_up(stop)? {
        beside.log.wait(seen, WAIT);
    }
    Ok(())
}
