package backup

import (
	"os"
	"sort"

	"holdfast/engine/repo"
)

// extraChanged says whether the virtual folder has to be written anew. It is part
// of the root's tree, which is small, so that the root is always encoded when
// there is one and the tree's id tells whether anything changed.
func (c *capture) extraChanged() bool { return len(c.Extra) > 0 }

// withExtra puts the virtual folder among the nodes of the root. Its times are
// those of the files in it, so that the same settings give the same tree.
func (c *capture) withExtra(nodes []repo.Node) ([]repo.Node, error) {
	if len(c.Extra) == 0 {
		return nodes, nil
	}
	inside := make([]repo.Node, 0, len(c.Extra))
	folder := repo.Node{Name: ExtraFolder, Type: repo.NodeDir, Mode: os.ModeDir | 0o700}
	for _, x := range c.Extra {
		id := repo.Hash(x.Data)
		if _, _, err := c.saver.save(repo.Data, id, x.Data, nil); err != nil {
			return nil, err
		}
		inside = append(inside, repo.Node{
			Name: x.Name, Type: repo.NodeFile, Mode: 0o600, Size: uint64(len(x.Data)), Links: 1,
			ModTime: x.ModTime, AccessTime: x.ModTime, ChangeTime: x.ModTime,
			Content: []repo.ID{id},
		})
		if x.ModTime.After(folder.ModTime) {
			folder.ModTime, folder.AccessTime, folder.ChangeTime = x.ModTime, x.ModTime, x.ModTime
		}
	}
	sort.Slice(inside, func(i, j int) bool { return inside[i].Name < inside[j].Name })
	id, err := c.saveTree(inside)
	if err != nil {
		return nil, err
	}
	folder.Subtree = &id
	kept := nodes[:0]
	for _, n := range nodes {
		if n.Name != ExtraFolder {
			kept = append(kept, n)
		}
	}
	nodes = append(kept, folder)
	sort.Slice(nodes, func(i, j int) bool { return nodes[i].Name < nodes[j].Name })
	return nodes, nil
}
