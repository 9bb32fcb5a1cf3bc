package catalog

import (
	"context"
	"fmt"
	"sync"

	"holdfast/engine/repo"
)

// deviceNumbers remembers the numbers of devices; they are few and never change.
type deviceNumbers struct {
	sync.Mutex
	number map[string]int64
	uid    map[int64]string
}

func (n *deviceNumbers) keep(uid string, number int64) {
	n.Lock()
	defer n.Unlock()
	if n.number == nil {
		n.number, n.uid = make(map[string]int64), make(map[int64]string)
	}
	n.number[uid], n.uid[number] = number, uid
}

// device finds the number of a device, ErrNotFound when there is none.
func (c *Catalog) device(s *session, uid string) (int64, error) {
	c.numbers.Lock()
	n, ok := c.numbers.number[uid]
	c.numbers.Unlock()
	if ok {
		return n, nil
	}
	n, ok, err := s.number("SELECT id FROM device WHERE uid = ?", uid)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("device %s: %w", uid, ErrNotFound)
	}
	return n, nil
}

// madeDevice is device for the writer, which makes what is missing. The number is
// remembered only when it is read again: this transaction may still fail.
func (c *Catalog) madeDevice(s *session, uid string) (int64, error) {
	_, _, err := s.exec("INSERT INTO device (uid) VALUES (?) ON CONFLICT DO NOTHING", uid)
	if err != nil {
		return 0, err
	}
	return c.device(s, uid)
}

func (c *Catalog) deviceName(s *session, number int64) (string, error) {
	c.numbers.Lock()
	uid, ok := c.numbers.uid[number]
	c.numbers.Unlock()
	if ok {
		return uid, nil
	}
	ok, err := s.first(func(r row) { uid = r.text(0) }, "SELECT uid FROM device WHERE id = ?", number)
	if err == nil && !ok {
		err = fmt.Errorf("device %d: %w", number, ErrNotFound)
	}
	if err == nil {
		c.numbers.keep(uid, number)
	}
	return uid, err
}

// Devices lists the computers, this one first, then by name.
func (c *Catalog) Devices(ctx context.Context) ([]Device, error) {
	var devices []Device
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			d := Device{
				ID: r.text(0), Name: r.text(1), Home: r.text(2), This: r.int(3) != 0,
				Files: r.int(4), Bytes: r.int(5), LastTime: timeOf(r.int(7)),
			}
			copy(d.LastSnapshot[:], r.bytes(6))
			devices = append(devices, d)
			return nil
		}, `SELECT d.uid, d.name, d.home, d.this, d.files, d.bytes, n.hash, n.time
			FROM device d LEFT JOIN snapshot n ON n.id =
				(SELECT id FROM snapshot WHERE device = d.id ORDER BY time DESC LIMIT 1)
			WHERE d.this OR d.name <> '' OR n.id IS NOT NULL
			ORDER BY d.this DESC, d.name, d.uid`)
	})
	return devices, err
}

// Device returns one of Devices, ErrNotFound when there is none of this id.
func (c *Catalog) Device(ctx context.Context, id string) (Device, error) {
	devices, err := c.Devices(ctx)
	for _, d := range devices {
		if d.ID == id {
			return d, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("device %s: %w", id, ErrNotFound)
	}
	return Device{}, err
}

// PutDevice stores ID, Name, Home and This; the other fields are kept by the catalog.
// At most one device is this one.
func (c *Catalog) PutDevice(ctx context.Context, d Device) error {
	return c.write(ctx, func(s *session) error {
		if d.This {
			if _, _, err := s.exec("UPDATE device SET this = 0 WHERE this AND uid <> ?", d.ID); err != nil {
				return err
			}
		}
		_, _, err := s.exec(`INSERT INTO device (uid, name, home, this) VALUES (?, ?, ?, ?)
			ON CONFLICT (uid) DO UPDATE SET name = excluded.name, home = excluded.home, this = excluded.this`,
			d.ID, d.Name, d.Home, d.This)
		return err
	})
}

// idOf copies the bytes of a stored id.
func idOf(b []byte) (id repo.ID) {
	copy(id[:], b)
	return id
}
