package agent

import (
	"context"
	"encoding/json"
	"errors"

	"holdfast/engine"
	"holdfast/engine/catalog"
)

// faultKey is why the last capture failed, so that the next process knows it too:
// the status must not turn to Protected because somebody started the program anew.
const faultKey = "last fault"

type keptFault struct {
	Kind    engine.Kind `json:"kind"`
	Message string      `json:"message"`
}

// keepFault notes a fault, or that there is none. One that is known is not written
// again.
func (a *Agent) keepFault(c *catalog.Catalog, fault error) {
	if c == nil {
		return
	}
	var text []byte
	if e, ok := errors.AsType[*engine.Error](fault); ok {
		var err error
		if text, err = json.Marshal(keptFault{e.Kind, e.Message}); err != nil {
			a.Log.Error("a fault could not be kept", "error", err)
			return
		}
	}
	ctx := context.WithoutCancel(a.ctx)
	if known, err := c.Get(ctx, faultKey); err == nil && known == string(text) || errors.Is(err, catalog.ErrNotFound) && text == nil {
		return
	}
	if err := c.Set(ctx, faultKey, string(text)); err != nil {
		a.Log.Error("a fault could not be kept", "error", err)
	}
}

// forgiven forgets a fault that a person has just mended.
func (a *Agent) forgiven() {
	a.mu.Lock()
	a.fault, a.failures = nil, 0
	c := a.catalog
	a.mu.Unlock()
	a.keepFault(c, nil)
}

// keptFaultOf is the fault that an earlier process noted; nil: none.
func keptFaultOf(ctx context.Context, c *catalog.Catalog) error {
	var k keptFault
	text, err := c.Get(ctx, faultKey)
	if err != nil || text == "" || json.Unmarshal([]byte(text), &k) != nil {
		return nil
	}
	return &engine.Error{Op: "back up", Kind: k.Kind, Message: k.Message}
}
