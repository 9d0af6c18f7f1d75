//! The portal's data in one SQLite file: every change is written before it is answered, so that a portal that is killed loses
//! nothing it has acknowledged.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::sandbox::store::{Changes, Store};
use crate::value::Object;

/// The layout of the file; one of another layout is not touched.
const LAYOUT: i64 = 1;

/// A file that keeps a portal's data.
pub(super) struct Db {
    connection: Connection,
}

impl std::fmt::Debug for Db {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Db").finish_non_exhaustive()
    }
}

impl Db {
    /// Opens a file or makes it. The store is none where it holds no data yet.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(super) fn open(path: &Path) -> Result<(Self, Option<Store>), String> {
        let told = |error: rusqlite::Error| {
            let hint = match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::DatabaseBusy) => "; another portal uses it",
                Some(rusqlite::ErrorCode::NotADatabase) => "; it is no SQLite file",
                _ => "",
            };
            format!("cannot keep data in {}: {error}{hint}", path.display())
        };
        let mut db = Self { connection: Connection::open(path).map_err(told)? };
        // Written data are the operating system's once a call has been answered: they outlive the process, not the machine.
        db.connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(told)?;
        db.connection.pragma_update(None, "journal_mode", "WAL").map_err(told)?;
        db.connection.pragma_update(None, "synchronous", "NORMAL").map_err(told)?;
        let layout: i64 = db.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(told)?;
        match layout {
            0 => {
                let tables: i64 = db
                    .connection
                    .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
                    .map_err(told)?;
                if tables > 0 {
                    return Err(format!("{} is no file of a simulated portal; name another", path.display()));
                }
                let batch = format!(
                    "BEGIN;
                     CREATE TABLE record (collection TEXT, id INTEGER, json TEXT NOT NULL, PRIMARY KEY (collection, id));
                     CREATE TABLE counter (collection TEXT PRIMARY KEY, last INTEGER NOT NULL);
                     PRAGMA user_version = {LAYOUT};
                     COMMIT;"
                );
                db.connection.execute_batch(&batch).map_err(told)?;
                Ok((db, None))
            }
            LAYOUT => {
                let store = db.load().map_err(told)?;
                Ok((db, Some(store)))
            }
            other => {
                Err(format!("{} has the layout {other}, this version reads {LAYOUT}; name another", path.display()))
            }
        }
    }

    fn load(&mut self) -> rusqlite::Result<Store> {
        let mut store = Store::default();
        let mut rows = self.connection.prepare("SELECT collection, id, json FROM record")?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let (collection, id, json): (String, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let record: Option<Object> = serde_json::from_str(&json).ok();
            if let (Some(record), Ok(id)) = (record, u64::try_from(id)) {
                store.put(&collection, id, record);
            }
        }
        let mut counters = self.connection.prepare("SELECT collection, last FROM counter")?;
        let mut counters = counters.query([])?;
        while let Some(row) = counters.next()? {
            let (collection, last): (String, i64) = (row.get(0)?, row.get(1)?);
            store.set_last(&collection, u64::try_from(last).unwrap_or(0));
        }
        Ok(store)
    }

    /// Writes what has changed, whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn write(&mut self, store: &Store, changes: &Changes) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut put = transaction
                .prepare_cached("INSERT OR REPLACE INTO record (collection, id, json) VALUES (?1, ?2, ?3)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM record WHERE collection = ?1 AND id = ?2")?;
            let mut count =
                transaction.prepare_cached("INSERT OR REPLACE INTO counter (collection, last) VALUES (?1, ?2)")?;
            for (collection, id) in &changes.records {
                match store.get(collection, *id) {
                    Some(record) => put.execute(params![collection, number(*id), json(record)])?,
                    None => remove.execute(params![collection, number(*id)])?,
                };
            }
            let touched = changes.records.iter().map(|(collection, _)| collection).chain(&changes.counters);
            for collection in touched.collect::<std::collections::BTreeSet<_>>() {
                count.execute(params![collection, number(store.last(collection))])?;
            }
        }
        transaction.commit()
    }

    /// Writes everything in place of what there was.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn replace(&mut self, store: &Store) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute_batch("DELETE FROM record; DELETE FROM counter;")?;
        {
            let mut put = transaction.prepare("INSERT INTO record (collection, id, json) VALUES (?1, ?2, ?3)")?;
            let mut count = transaction.prepare("INSERT INTO counter (collection, last) VALUES (?1, ?2)")?;
            for collection in store.names() {
                for (id, record) in store.all(collection) {
                    put.execute(params![collection, number(*id), json(record)])?;
                }
                count.execute(params![collection, number(store.last(collection))])?;
            }
        }
        transaction.commit()
    }

    /// How many records there are.
    #[cfg(test)]
    fn count(&self) -> rusqlite::Result<i64> {
        self.connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0))
    }
}

/// SQLite's numbers end at 2^63; ours never come near.
fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

fn json(record: &Object) -> String {
    serde_json::to_string(record).unwrap_or_else(|_| "{}".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(name: &str) -> Object {
        json!({"NAME": name, "LIST": [1, "a"]}).as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("portal.db");
        let (mut db, found) = Db::open(&path).expect("a new file");
        assert!(found.is_none());
        let mut store = Store::default();
        store.put("a", 7, record("first"));
        db.replace(&store).expect("written");
        store.watch();
        let id = store.next("a");
        store.put("a", id, record("second"));
        store.remove("a", 7);
        store.next("b");
        let changes = store.changes().expect("something has changed");
        db.write(&store, &changes).expect("written");
        assert_eq!((store.changes(), db.count().expect("counted")), (None, 1));
        assert!(Db::open(&path).is_err_and(|error| error.contains("another portal")), "one at a time");
        drop(db);
        let (_, found) = Db::open(&path).expect("the file");
        let found = found.expect("data");
        assert_eq!(found.get("a", 8), Some(&record("second")));
        assert_eq!((found.get("a", 7), found.last("a"), found.last("b")), (None, 8, 1));
    }

    #[test]
    fn other_files_are_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no database, but long enough to look like one ".repeat(100)).expect("written");
        assert!(Db::open(&text).is_err_and(|error| error.contains("no SQLite file")));
        let other = folder.path().join("other.db");
        Connection::open(&other).and_then(|db| db.execute_batch("CREATE TABLE x (y)")).expect("made");
        assert!(Db::open(&other).is_err_and(|error| error.contains("no file of a simulated portal")));
    }
}
