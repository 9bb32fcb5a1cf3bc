package agent

import (
	"context"
	"time"

	"holdfast/engine/repo"
	"holdfast/engine/storage/rest"
)

// removing is how files are taken away from the destination: from a folder by this
// computer as it is, from an account under a removal, for which its person has signed
// in just now. In an account, versions count by the time and the clock of the server.
type removing struct {
	repo     *repo.Repository
	now      func() time.Time
	received bool
	replace  func(ctx context.Context, old, by repo.ID) error // nil: by removing the old one
	end      func()                                           // gives the right back
}

// removing begins to; it is asked before anything is changed.
func (a *Agent) removing(ctx context.Context, op string, r *repo.Repository) (*removing, error) {
	_, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if where.Account == nil {
		return &removing{repo: r, now: a.Now, end: func() {}}, nil
	}
	session, _, err := a.freshSession(ctx, op)
	if err != nil {
		return nil, err
	}
	device, err := a.asDevice(ctx, where)
	if err != nil {
		return nil, err
	}
	right, err := session.BeginRemoval(ctx, where.Device)
	if err != nil {
		device.Close()
		return nil, explainServer(op, where.Address, err)
	}
	began := time.Now()
	end := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), serverPatient)
		defer cancel()
		if err := device.EndRemoval(ctx, right); err != nil { // it ends by itself
			a.Log.Warn("the removal could not be ended", "error", err)
		}
		device.Close()
	}
	store, err := device.StoreRemoving(right)
	if err != nil {
		end()
		return nil, explain(op, where.Address, err)
	}
	return &removing{
		repo:     r.On(store),
		now:      func() time.Time { return right.Now.Add(time.Since(began)).In(a.Now().Location()) },
		received: true,
		replace:  replaceIn(store),
		end: func() {
			end()
			store.Close()
		},
	}, nil
}

func replaceIn(store *rest.Store) func(ctx context.Context, old, by repo.ID) error {
	return func(ctx context.Context, old, by repo.ID) error {
		return store.ReplaceSnapshot(ctx, old.String(), by.String())
	}
}

// mayRemove says whether a person has to sign in before anything can be removed.
func (a *Agent) mayRemove(ctx context.Context, op string) error {
	_, where, err := a.connected(op)
	if err != nil || where.Account == nil {
		return err
	}
	_, _, err = a.freshSession(ctx, op)
	return err
}
