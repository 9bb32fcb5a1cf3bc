package source

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"holdfast/engine"
)

// Classify says what an error about a file or folder of the user means: its kind, one
// sentence why it could not be read, and one what to do about it.
func Classify(err error) (kind engine.ProblemKind, reason, advice string) {
	switch {
	case err == nil:
		return "", "", ""
	case errors.Is(err, ErrPlaceholder):
		return engine.ProblemCloud, "It lies only in the cloud and is not downloaded for the backup.",
			"To have it backed up, choose “Always keep on this device” for it."
	case errors.Is(err, fs.ErrNotExist), isVanished(err):
		return engine.ProblemVanished, "It was deleted or moved while the backup looked at it.",
			"Nothing has to be done; versions stored before stay."
	case errors.Is(err, ErrNotRegular), errors.Is(err, ErrNotDir):
		return engine.ProblemVanished, "It was replaced by something else while the backup looked at it.",
			"Nothing has to be done; the next backup takes what is there now."
	case isLocked(err):
		return engine.ProblemLocked, "Another program keeps it for itself.",
			"Close the program that uses it; the next backup tries again."
	case errors.Is(err, fs.ErrPermission):
		return engine.ProblemUnreadable, "There is no permission to read it.",
			"Give your account the right to read it, or leave it out in Manage Files."
	case isAbsent(err):
		return engine.ProblemAbsent, "The drive or share it lies on does not answer.",
			"Connect the drive or the network; the backup goes on by itself. Versions stored before stay."
	case isTooMany(err):
		return engine.ProblemUnreadable, "Too many files are open on this computer.",
			"Close some programs; the next backup tries again."
	case isSpecial(err):
		return engine.ProblemSpecial, "It is of a kind that cannot be read as a file.",
			"Leave it out in Manage Files if the message disturbs."
	case isDamaged(err), errors.Is(err, io.ErrUnexpectedEOF):
		return engine.ProblemUnreadable, "The drive could not read it: input/output error.",
			"Check the drive soon, it may be failing; older versions of the file are in Get Files."
	}
	return engine.ProblemUnreadable, "It could not be read: " + bare(err).Error() + ".",
		"Choose Retry; if it stays, leave it out in Manage Files."
}

// bare takes the operation and the path off an error: the row shows the path already.
func bare(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}
