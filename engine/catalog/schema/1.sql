-- The catalog of one destination. Times are nanoseconds since 1970 in UTC.
-- Changing anything here asks for another number in schemaVersion: a catalog of
-- another number is put aside and rebuilt from the repository.

-- Small facts: the repository's id, marks of unfinished work, the agent's own keys.
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;

-- Computers. files and bytes are what is present, kept up with every change.
-- reload: the tree must be read again from all snapshots.
CREATE TABLE device (
	id            INTEGER PRIMARY KEY,
	uid           TEXT NOT NULL UNIQUE,
	name          TEXT NOT NULL DEFAULT '',
	home          TEXT NOT NULL DEFAULT '',
	this          INTEGER NOT NULL DEFAULT 0,
	files         INTEGER NOT NULL DEFAULT 0,
	bytes         INTEGER NOT NULL DEFAULT 0,
	reload        INTEGER NOT NULL DEFAULT 0
);

-- Snapshots in the repository, by computer and time.
CREATE TABLE snapshot (
	id      INTEGER PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	device  INTEGER NOT NULL,
	time    INTEGER NOT NULL,
	tree    BLOB NOT NULL,
	partial INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX snapshot_time ON snapshot (device, time);

-- Every name once. Bytes, because a name need not be text. Found by key, 48 bits of
-- their SHA-256: an index of the names themselves would be three times the size.
CREATE TABLE name (
	id    INTEGER PRIMARY KEY,
	bytes BLOB NOT NULL,
	key   INTEGER NOT NULL
);
CREATE INDEX name_key ON name (key);

-- Trigrams of the folded text of names. Nothing but the trigrams is stored (no text,
-- no positions): a hit is compared with the name itself. meta.names_indexed is the
-- last name that is in here.
CREATE VIRTUAL TABLE name_text USING fts5 (
	text, content='', columnsize=0, detail=none, tokenize='trigram case_sensitive 1'
);

-- One row per path ever seen. The columns from kind on are the present version, or
-- the last one when gone is not 0. content: for a file the numbers of its blobs as
-- varints; for a folder the 32 bytes of its tree's id, empty when not known.
-- parent of the top of a computer is the negative number of the computer.
CREATE TABLE entry (
	id      INTEGER PRIMARY KEY,
	device  INTEGER NOT NULL,
	parent  INTEGER NOT NULL,
	name    INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	mode    INTEGER NOT NULL,
	size    INTEGER NOT NULL,
	mtime   INTEGER NOT NULL,
	ctime   INTEGER NOT NULL,
	inode   INTEGER NOT NULL,
	content BLOB,
	since   INTEGER NOT NULL,
	gone    INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX entry_place ON entry (parent, name);
CREATE INDEX entry_name ON entry (name);

-- Past versions: present in every snapshot with since <= time < until.
CREATE TABLE old (
	entry   INTEGER NOT NULL,
	since   INTEGER NOT NULL,
	until   INTEGER NOT NULL,
	kind    INTEGER NOT NULL,
	mode    INTEGER NOT NULL,
	size    INTEGER NOT NULL,
	mtime   INTEGER NOT NULL,
	content BLOB,
	PRIMARY KEY (entry, since)
) WITHOUT ROWID;

-- What a capture has found but not committed: per folder any number of parcels, each
-- the encoding of some results (see stage.go), applied in the order of id.
CREATE TABLE staged (
	id     INTEGER PRIMARY KEY,
	device INTEGER NOT NULL,
	dir    BLOB NOT NULL,
	data   BLOB NOT NULL
);
CREATE INDEX staged_dir ON staged (device, dir);

-- Packs at the destination. The blobs first..last were new with this pack; others
-- that it holds are in extra. indexed: an index file of the repository lists it.
CREATE TABLE pack (
	id      INTEGER PRIMARY KEY,
	hash    BLOB NOT NULL UNIQUE,
	size    INTEGER NOT NULL,
	blobs   INTEGER NOT NULL,
	first   INTEGER NOT NULL,
	last    INTEGER NOT NULL,
	indexed INTEGER NOT NULL
);
CREATE INDEX pack_unindexed ON pack (id) WHERE indexed = 0;

-- Blobs. Numbers are never given twice, because contents refer to them. pack 0: known
-- by name only. plain 0: stored uncompressed. Found by the first six bytes of the
-- hash: the same answer as from all 32 and an index of a quarter of the size.
CREATE TABLE blob (
	id     INTEGER PRIMARY KEY,
	hash   BLOB NOT NULL,
	type   INTEGER NOT NULL,
	pack   INTEGER NOT NULL,
	offset INTEGER NOT NULL,
	length INTEGER NOT NULL,
	plain  INTEGER NOT NULL
);
CREATE INDEX blob_hash ON blob (substr(hash, 1, 6));

-- Blobs in packs other than the one with which their number was given.
CREATE TABLE extra (
	pack   INTEGER NOT NULL,
	blob   INTEGER NOT NULL,
	offset INTEGER NOT NULL,
	length INTEGER NOT NULL,
	plain  INTEGER NOT NULL,
	PRIMARY KEY (pack, blob)
) WITHOUT ROWID;
CREATE INDEX extra_blob ON extra (blob);

-- The filter over blob, as of the last clean close, in parts. See filter.go.
CREATE TABLE filter (
	part INTEGER PRIMARY KEY,
	data BLOB NOT NULL
);

-- Index files of the repository that are in here.
CREATE TABLE index_file (
	hash BLOB PRIMARY KEY
) WITHOUT ROWID;

-- Folders to look at.
CREATE TABLE todo (
	device     INTEGER NOT NULL,
	path       BLOB NOT NULL,
	recursive  INTEGER NOT NULL,
	not_before INTEGER NOT NULL,
	added      INTEGER NOT NULL,
	PRIMARY KEY (device, path)
) WITHOUT ROWID;
CREATE INDEX todo_time ON todo (device, not_before);

-- What could not be stored as it is.
CREATE TABLE problem (
	path   BLOB PRIMARY KEY,
	kind   TEXT NOT NULL,
	reason TEXT NOT NULL,
	advice TEXT NOT NULL,
	since  INTEGER NOT NULL
) WITHOUT ROWID;

-- The history.
CREATE TABLE event (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL,
	tone TEXT NOT NULL,
	kind TEXT NOT NULL,
	text TEXT NOT NULL
);
CREATE INDEX event_time ON event (time);

-- What each day stored; day is the number of the day in the caller's time zone.
CREATE TABLE day (
	day   INTEGER PRIMARY KEY,
	files INTEGER NOT NULL,
	bytes INTEGER NOT NULL
);

-- Restores and their files.
CREATE TABLE restore_job (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	request  BLOB NOT NULL,
	title    TEXT NOT NULL,
	device   TEXT NOT NULL,
	target   TEXT NOT NULL,
	state    TEXT NOT NULL,
	message  TEXT NOT NULL,
	planned  INTEGER NOT NULL,
	files    INTEGER NOT NULL,
	bytes    INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	ended    INTEGER NOT NULL
);
CREATE TABLE restore_item (
	job     INTEGER NOT NULL,
	n       INTEGER NOT NULL,
	path    BLOB NOT NULL,
	target  BLOB NOT NULL,
	tree    BLOB,
	name    BLOB,
	node    BLOB,
	size    INTEGER NOT NULL,
	state   TEXT NOT NULL,
	reason  TEXT NOT NULL,
	renamed BLOB NOT NULL,
	PRIMARY KEY (job, n)
) WITHOUT ROWID;
CREATE INDEX restore_state ON restore_item (job, state, n);
