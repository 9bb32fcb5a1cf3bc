// Package catalog is the local index of one destination: a cache with a perfect
// memory in one SQLite file.
//
// The repository is the truth. The catalog answers from a local disk what would
// otherwise need reading trees: what a folder holds now or held at a moment, every
// version of a path, every path with a name, and in which pack a blob lies. Beside
// that it keeps the work in hand: what a running capture has found, folders to
// look at, restores, problems, events.
//
// The idea: a file is one row per path ever seen, with its present version inline;
// past versions are rows of their own keyed by (entry, time). A version lives from
// the snapshot that first held it (since) until the first one that did not (gone,
// until). So the tree as of a moment is a comparison of integers, and the clock of
// a file is one indexed read. Folders keep only the intervals in which they existed:
// what they held at a moment follows from what lies in them.
//
// Promises:
//   - Acknowledged state changes in Commit alone, in one transaction. A process that
//     is killed at any moment leaves it untouched, and what it had staged readable.
//   - A file that is missing, damaged, of another schema or of another repository
//     never stops anything: it is renamed aside, an empty one is made (Fresh) and
//     Sync fills it from the repository, with the same answers.
//   - Reading never waits for writing. One goroutine writes, in batches; readers have
//     connections of their own and no transaction that outlives a call.
//   - Memory is bounded whatever the size of the archive: page caches of fixed size
//     and a filter of ten bits a blob.
//
// Paths are absolute, with slashes, "/" being the top of a computer. Names are bytes,
// never normalised; only search compares them as folded text. Times are nanoseconds
// since 1970. Times of the snapshots of a device only ever grow: see NextTime.
//
// One process opens a catalog at a time; the lock that makes sure of it is the
// agent's. What lies in packs, trees and snapshots, and writing them, is engine/repo's.
//
// Sources: SQLite's documents on WAL mode, FTS5 (trigram tokenizer, contentless
// tables) and expression indexes; restic's design document for the objects mirrored.
package catalog
