package repo_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"holdfast/engine/repo"
)

// writer makes a repository's contents the short way.
type writer struct {
	t     *testing.T
	r     *repo.Repository
	packs []repo.PackInfo
	data  *repo.Packer
	trees *repo.Packer
}

func (w *writer) add(p **repo.Packer, blobType repo.BlobType, plain []byte) repo.ID {
	w.t.Helper()
	if *p == nil {
		*p = w.r.NewPacker(blobType, nil)
	}
	id := repo.Hash(plain)
	sealed, err := w.r.Seal(blobType, id, plain, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	(*p).Add(sealed)
	if (*p).Size() > 4<<20 {
		w.finish(p)
	}
	return id
}

func (w *writer) finish(p **repo.Packer) {
	w.t.Helper()
	if *p == nil {
		return
	}
	info, data, err := (*p).Finish()
	if err == nil {
		err = w.r.SavePack(w.t.Context(), info.ID, data)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.packs = append(w.packs, info)
	*p = nil
}

func (w *writer) file(name string, data []byte) repo.Node {
	n := repo.Node{Name: name, Type: repo.NodeFile, Mode: 0o640, ModTime: time.Unix(1e9, 123456789), UID: 1000, GID: 100, User: "anna", Size: uint64(len(data)), Links: 1}
	for chunk := range slices.Chunk(data, 1<<20) {
		n.Content = append(n.Content, w.add(&w.data, repo.Data, chunk))
	}
	return n
}

func (w *writer) folder(nodes []repo.Node) repo.ID {
	w.t.Helper()
	tree, err := repo.EncodeTree(nodes, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.add(&w.trees, repo.Tree, tree)
}

func (w *writer) snapshot(tree repo.ID) repo.ID {
	w.t.Helper()
	w.finish(&w.data)
	w.finish(&w.trees)
	if _, err := w.r.SaveIndex(w.t.Context(), w.packs, nil); err != nil {
		w.t.Fatal(err)
	}
	id, err := w.r.SaveSnapshot(w.t.Context(), &repo.Snapshot{Time: time.Now(), Tree: tree, Paths: []string{"/"}, Hostname: "anna-laptop", Username: "anna",
		Tags: []string{"holdfast", "device=1"}, ProgramVersion: "holdfast", Unknown: map[string]json.RawMessage{"later": []byte(`1`)}})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}
