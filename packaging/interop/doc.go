// Package interop holds the proof that a person's files do not depend on us.
//
// Its tests run the built command and the restic that Debian ships side by side on
// one repository: what Holdfast wrote, restic checks and restores; what restic
// wrote, Holdfast lists, restores and continues; and a backup that is killed at a
// random moment, again and again, loses nothing and uploads little twice. A tree
// is equal when names, bytes, modes, times to the nanosecond, owners, extended
// attributes, links and hard links are.
//
// The tests build app/holdfast themselves, unless HOLDFAST_BIN names a program.
// KILLS sets how often a backup is killed (10). They need restic, and run on Linux.
package interop
