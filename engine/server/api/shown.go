package api

import (
	"errors"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/people"
	"holdfast/engine/server/store"
)

// The nouns as the routes answer them, for the commands that print the same.

// ShowPerson is a person in JSON, with the bytes that their account uses.
func ShowPerson(p people.Person, used int64) any {
	return struct {
		person
		Used int64 `json:"used"`
	}{wirePerson(p), used}
}

// ShowRequest is a request for access in JSON.
func ShowRequest(r people.Request) any { return wireRequest(r) }

// ShowComputer is a computer in JSON, with the id of its person.
func ShowComputer(c computers.Computer) any {
	out := wire(c, access.Caller{})
	out.Person = c.Person
	return out
}

// ShowRemoval is a removal in JSON.
func ShowRemoval(r store.Removal) any {
	return map[string]any{"id": r.ID, "person": r.Account, "computer": r.Computer, "state": r.State, "why": r.Why, "allowed": r.Allowed,
		"opened": r.Opened, "expires": r.Expires, "ended": moment(r.Ended), "undone": moment(r.Undone),
		"snapshots": r.Snapshots, "indexes": r.Indexes, "packs": r.Packs, "bytes": r.Bytes}
}

// ShowEntry is an entry of the audit log in JSON.
func ShowEntry(e audit.Entry) any { return wireEntry(e) }

// Sentence is what an error of the services says to a person.
func Sentence(err error) string {
	if p, ok := errors.AsType[access.Problem](told(err)); ok {
		return p.Message
	}
	return sentence(err)
}
