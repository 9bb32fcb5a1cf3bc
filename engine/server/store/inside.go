package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/people"
	"holdfast/engine/storage"
)

// inside is the repository of one account for a program of the server itself. It goes
// through the same steps as a computer that comes by HTTP: hashed, never overwritten,
// held by the quota, removing only under an open removal.
type inside struct {
	*Service
	account string
	right   string
}

// Inside is the repository of an account as a storage.Store, for work on the server
// itself. right is that of a removal which was opened without a computer; locks can be
// removed without one.
func (s *Service) Inside(account, right string) (storage.Store, error) {
	if !isAccount(account) {
		return nil, fmt.Errorf("%q is not the id of an account", account)
	}
	return &inside{s, account, right}, nil
}

func (i *inside) file(ctx context.Context, k storage.Kind, name string) (file, error) {
	if err := ctx.Err(); err != nil {
		return file{}, err
	}
	return newFile(i.account, k, name)
}

// Put implements storage.Store.
func (i *inside) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	f, err := i.file(ctx, k, name)
	if err != nil {
		return err
	}
	if int64(len(data)) > most(k) {
		return fmt.Errorf("a file of %s may be %d bytes long at most, not %d", k, most(k), len(data))
	}
	for try := 1; ; try++ {
		err := i.put(ctx, f, data)
		if try < putTries && errors.Is(err, errLost) {
			continue
		}
		if p, ok := errors.AsType[access.Problem](err); ok && p.Code == "exists" {
			return storage.ErrExists
		}
		return plain(err)
	}
}

// putTries bounds how often a file is sent again: the server that serves beside takes an
// upload that is not its own for one that a crash left (left).
const putTries = 5

func (i *inside) put(ctx context.Context, f file, data []byte) error {
	c := access.Caller{Person: &people.Person{ID: i.account}, Computer: &computers.Computer{}}
	quota, err := i.room(ctx, c)
	if err != nil {
		return err
	}
	size := int64(len(data))
	return i.receive(ctx, incoming{f, newContent(bytes.NewReader(data), size, f.name), size, quota, c, true})
}

// Get implements storage.Store.
func (i *inside) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	f, err := i.file(ctx, k, name)
	if err != nil {
		return nil, err
	}
	there, err := i.stat(ctx, f)
	if err != nil {
		return nil, plain(err)
	}
	length, err = storage.Range(there.size, offset, length)
	if err != nil {
		return nil, err
	}
	from, err := i.bytes.Open(ctx, f.key(), offset, length)
	if err != nil {
		return nil, plain(err)
	}
	defer from.Close()
	if int64(cap(buf)) < length {
		buf = make([]byte, length)
	}
	buf = buf[:length]
	if _, err := io.ReadFull(from, buf); err != nil {
		return nil, fmt.Errorf("%s of %d bytes: %w", f.key(), there.size, err)
	}
	return buf, nil
}

// Stat implements storage.Store.
func (i *inside) Stat(ctx context.Context, k storage.Kind, name string) (storage.Info, error) {
	f, err := i.file(ctx, k, name)
	if err != nil {
		return storage.Info{}, err
	}
	there, err := i.stat(ctx, f)
	return storage.Info{Name: name, Size: there.size, ModTime: there.received}, plain(err)
}

// List implements storage.Store. What it says of the times is when the server received
// a file.
func (i *inside) List(ctx context.Context, k storage.Kind, fn func(storage.Info) error) error {
	if k == storage.Config {
		info, err := i.Stat(ctx, k, "")
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(info)
	}
	return i.each(ctx, i.account, k, func(o Object) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fn(storage.Info{Name: o.Name, Size: o.Size, ModTime: o.Received})
	})
}

// Remove implements storage.Store.
func (i *inside) Remove(ctx context.Context, k storage.Kind, name string) error {
	f, err := i.file(ctx, k, name)
	if err != nil {
		return err
	}
	switch k {
	case storage.Locks:
		return plain(i.unlock(ctx, f))
	case storage.Packs, storage.Index, storage.Snapshots:
		removal, err := i.Removing(ctx, computers.Computer{Person: i.account}, i.right)
		if err != nil {
			return err
		}
		return plain(i.explain(i.removeIn(ctx, removal, f, "")))
	}
	return fmt.Errorf("%w: nobody removes %s", storage.ErrDenied, k)
}

// Free implements storage.Store.
func (i *inside) Free(ctx context.Context) (int64, error) {
	u, err := i.Usage(ctx, i.account)
	if err != nil || u.Quota <= 0 {
		return -1, err
	}
	return max(0, u.Quota-u.Used), nil
}

// Location implements storage.Store.
func (i *inside) Location() string { return "the storage of this server" }

// Close implements storage.Store.
func (i *inside) Close() error { return nil }

// plain is an error of the service in the words of package storage.
func plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return errors.Join(storage.ErrNotFound, err)
	case errors.Is(err, ErrExists):
		return errors.Join(storage.ErrExists, err)
	case errors.Is(err, ErrFull), errors.Is(err, errQuota), database.IsFull(err):
		return errors.Join(storage.ErrFull, err)
	}
	return err
}
