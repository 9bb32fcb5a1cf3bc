package store

import (
	"errors"
	"net/http"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
)

// problems say for each error what happened, what it means for the files and what to do.
var problems = []struct {
	err     error
	problem access.Problem
}{
	{ErrNotFound, access.Problem{Status: http.StatusNotFound, Code: "not_found", Message: "There is no such file in the repository."}},
	{ErrExists, access.Problem{Status: http.StatusForbidden, Code: "exists", Message: "The account has a repository already, and it is never overwritten. Open it in place of making one."}},
	{errHash, access.Problem{Status: http.StatusBadRequest, Code: "wrong_hash", Message: "What arrived is not what its name says, so none of it was kept. Something on the way, or the memory of the computer, changes data; send it again."}},
	{errBroken, access.Problem{Status: http.StatusBadRequest, Code: "bad_request", Message: "The upload broke off before all of it had arrived, so none of it was kept. Send it again."}},
	{errQuota, access.Problem{Status: http.StatusInsufficientStorage, Code: "quota", Message: "The account has used up its storage, so this was not stored. What is stored stays and can be restored. Ask your administrator for more."}},
	{errLocks, access.Problem{Status: http.StatusConflict, Code: "conflict", Message: "The repository has 1,000 locks, which is as many as it may. Remove those that programs left behind (restic unlock)."}},
	{errLost, access.Problem{Status: http.StatusConflict, Code: "conflict", Message: "The same file is arriving from elsewhere at this moment. Send it again in a little while.", RetryAfter: 2 * time.Second}},
	{ErrRemovalOver, access.Problem{Status: http.StatusForbidden, Code: "removal_over", Message: "The right to remove has run out or was taken back. What was removed until then can be brought back by an administrator for 30 days. Sign in again to go on."}},
	{errFrozen, access.Problem{Status: http.StatusForbidden, Code: "removal_frozen", Message: "Much more would be removed than usual, so the server has stopped it. What was removed until then can be brought back by an administrator for 30 days. The administrators were told; one of them has to let it go on."}},
	{errUndoing, access.Problem{Status: http.StatusConflict, Code: "conflict", Message: "An administrator is bringing back what was removed from this account, so nothing can be removed now. Nothing is lost; try again in a while.", RetryAfter: time.Minute}},
	{errSuperseded, access.Problem{Status: http.StatusConflict, Code: "conflict", Message: "The snapshot that takes the place of this one is not stored, so this one was not removed."}},
	{ErrFull, access.Problem{Status: http.StatusInsufficientStorage, Code: "full", Message: "The server has no space left, so this was not stored. What is stored stays and can be restored. Your administrator has to add space."}},
	{ErrAway, access.Problem{Status: http.StatusServiceUnavailable, Code: "internal", Message: "The server cannot reach the place where it keeps the files just now, so nothing can be stored or got back for the moment. What is stored is safe, and backup goes on by itself once that place is back. If it stays, tell your administrators.", RetryAfter: 2 * time.Second}},
	{computers.ErrInstitutionNetwork, access.Problem{Status: http.StatusForbidden, Code: "institution_network", Message: "A personal computer does not back up over the institution's network. Nothing was stored; backup goes on from any other network."}},
	{computers.ErrNoInstitution, access.Problem{Status: http.StatusForbidden, Code: "institution_computer_missing", Message: "A personal computer backs up only while a computer of the institution does too. Nothing was stored; back up the institution's computer, and this one goes on."}},
}

// explain turns an error into what the client is told. Others are internal, as
// package access sees to.
func (s *Service) explain(err error) error {
	if _, ok := errors.AsType[access.Problem](err); ok {
		return err
	}
	if database.IsFull(err) {
		err = errors.Join(ErrFull, err)
	}
	for _, p := range problems {
		if errors.Is(err, p.err) {
			problem := p.problem
			problem.Err = err
			return problem
		}
	}
	return err
}
