// Package repo reads and writes the repository format of restic, version 2, and
// reads version 1.
//
// Its one idea: everything that lies in a repository has a name that is the
// SHA-256 of it, so nothing is ever changed in place and every byte read can be
// held against its name. Files are cut into blobs; blobs are compressed, sealed
// (AES-256-CTR, Poly1305-AES) and put into packs; index files say which blob lies
// in which pack; trees list the entries of one folder; a snapshot names a tree. A
// master key seals all of it, and small key files hold that master key, each
// sealed under a secret of its own.
//
// What is promised:
//
//   - A Repository is safe for use by many goroutines. Seal, Unseal, EncodeTree,
//     DecodeTree and Packer do no input or output.
//   - Bytes handed out were authenticated, and compared with their SHA-256 where
//     they have one, before the caller sees them. Otherwise the error is or wraps
//     ErrDamaged.
//   - No input makes a decoder panic or take memory out of proportion: lengths
//     are held against limits before anything is allocated.
//   - What EncodeTree writes is byte for byte what encoding/json would, because
//     equal folders have to have equal names in every program that uses the
//     format.
//   - Files are written whole or not at all; that is the Store's promise, which
//     this package relies on.
//
// What is left to others: where the files lie (engine/storage), which blobs exist
// already (engine/catalog, through Locator), the order of writing packs, index
// files and snapshots (engine/backup), and removing things in the opposite order
// (engine/retention).
//
// Source: restic's design document, doc/design.rst, sections "Repository Format",
// "Pack Format", "Unpacked Data Format", "Indexing", "Keys, Encryption and MAC",
// "Snapshots", "Trees and Data" and "Locks"; Daniel J. Bernstein, "The
// Poly1305-AES message-authentication code" (2005); RFC 7914 (scrypt); RFC 8878
// (Zstandard).
package repo
