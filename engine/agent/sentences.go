package agent

import (
	"context"
	"errors"
	"fmt"

	"holdfast/engine"
	"holdfast/engine/account"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// explain turns an error of the packages below into the one that a person reads:
// what happened, what it means for the files, what to do.
func explain(op, address string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*engine.Error](err); ok {
		return e
	}
	e := &engine.Error{Op: op, Path: address, Err: err, Kind: engine.KindOther}
	if _, ok := errors.AsType[*account.Changed](err); ok { // while the store was open
		return anotherCertificate(op, address, err)
	}
	if code, message, ok := refusedBy(err); ok {
		e.Kind, e.Message = refusal(code, message)
		return e
	}
	for _, s := range sentences {
		if errors.Is(err, s.is) {
			e.Kind = s.kind
			e.Message = fmt.Sprintf(s.text, address)
			return e
		}
	}
	e.Message = fmt.Sprintf("Something went wrong that Holdfast has no better words for: %v. What is stored is not touched by it. Try again; if it happens again, the History has the details.", err)
	return e
}

// sentences are looked through in order; %[1]s is the destination.
var sentences = []struct {
	is   error
	kind engine.Kind
	text string
}{
	{context.Canceled, engine.KindCancelled, "This was cancelled. What was stored until then is kept, and the next backup goes on from there.%.0[1]s"},
	{context.DeadlineExceeded, engine.KindUnreachable, "%[1]s did not answer in time. Your files on this computer are not affected; Holdfast tries again by itself."},
	{repo.ErrSecret, engine.KindSecret, "This password or recovery code does not open the backup in %[1]s. Nothing was changed. Check for typing mistakes, or use the printed recovery code."},
	{repo.ErrNewer, engine.KindTooNew, "The backup in %[1]s was made by a newer program than this one. Nothing was changed. Update Holdfast on this computer, then try again."},
	{repo.ErrNotRepository, engine.KindNotRepo, "There is no backup in %[1]s. Nothing was changed. Choose another folder, or an empty one to begin a new backup."},
	{repo.ErrLocked, engine.KindBusy, "Another program is working on the backup in %[1]s and must not be disturbed. Nothing is lost; Holdfast tries again by itself when it is done."},
	{storage.ErrFull, engine.KindFull, "There is no space left in %[1]s. What was stored before is safe and can be restored; new changes wait. Free some space there, or keep fewer versions in Settings."},
	{storage.ErrReadOnly, engine.KindReadOnly, "Nothing can be written to %[1]s: it is read-only. What was stored before is safe and can be restored; new changes wait. Make the drive writable again, or check it for errors."},
	{storage.ErrDenied, engine.KindDenied, "You have no permission to use %[1]s. What was stored before is not touched; new changes wait. Ask who owns the folder to let you write there."},
	{storage.ErrUnreachable, engine.KindUnreachable, "%[1]s is not there now. What was stored before is safe; new changes wait. Connect the drive or the network again, and Holdfast goes on by itself."},
	{repo.ErrDamaged, engine.KindDamaged, "A part of the backup in %[1]s is damaged. Files that do not need this part can be restored. Run a check (Settings, Check now): it stores again what this computer still has, and names what it cannot mend."},
	{repo.ErrNotFound, engine.KindDamaged, "A part of the backup in %[1]s is missing. Files that do not need this part can be restored. Run a check (Settings, Check now): it stores again what this computer still has, and names what it cannot mend."},
}

func notSetUp(op string) error {
	return &engine.Error{Op: op, Kind: engine.KindNotSetUp,
		Message: "Holdfast does not know yet where to keep your files. Choose a folder or a drive first (in a terminal: holdfast setup FOLDER)."}
}

func notFound(op, path string) error {
	return &engine.Error{Op: op, Kind: engine.KindNotFound, Path: path,
		Message: fmt.Sprintf("%s is not in the backup. Check the spelling, or search for its name: it may have been stored under another folder, or left out by the selection.", path)}
}

func invalid(op, path, message string) error {
	return &engine.Error{Op: op, Kind: engine.KindInvalid, Path: path, Message: message}
}
