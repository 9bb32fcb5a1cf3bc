package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"holdfast/engine"
	"holdfast/engine/keychain"
	"holdfast/engine/repo"
	"holdfast/engine/storage/local"
)

// play is what the test program does as another process. It prints what the test
// waits for, or wants to know.
func play(role string) int {
	ctx := context.Background()
	if err := map[string]func(context.Context) error{
		"lock":       holdLock,
		"run":        runUntilKilled,
		"unreadable": backUpAsIs,
		"keyring":    useKeyring,
	}[role](ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// holdLock takes the lock that excludes all others, and waits to be killed.
func holdLock(ctx context.Context) error {
	store, err := local.Open(os.Getenv("HOLDFAST_TEST_DEST"))
	if err != nil {
		return err
	}
	r, err := repo.Open(ctx, store, os.Getenv("HOLDFAST_TEST_SECRET"))
	if err != nil {
		return err
	}
	if _, err := r.Lock(ctx, true); err != nil {
		return err
	}
	fmt.Println("locked")
	return untilKilled()
}

func openAs(ctx context.Context) (*Agent, error) {
	home := os.Getenv("HOLDFAST_TEST_STATE")
	keys, err := keychain.Open(keychain.Options{Folder: home + "/keys", FileOnly: true})
	if err != nil {
		return nil, err
	}
	return Open(ctx, Options{Home: home, Keychain: keys})
}

// runUntilKilled works on a state folder and waits to be killed.
func runUntilKilled(ctx context.Context) error {
	if _, err := openAs(ctx); err != nil {
		return err
	}
	fmt.Println("running")
	return untilKilled()
}

// untilKilled goes on for as long as the test does that holds the other end of the
// standard input, however long that takes.
func untilKilled() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// backUpAsIs captures the home folder with the rights of this process, and prints
// the result, the state and the problems.
func backUpAsIs(ctx context.Context) error {
	a, err := openAs(ctx)
	if err != nil {
		return err
	}
	defer a.Close()
	if _, err := a.Connect(ctx, engine.ConnectRequest{Address: os.Getenv("HOLDFAST_TEST_DEST"), Secret: os.Getenv("HOLDFAST_TEST_SECRET")}); err != nil {
		return err
	}
	var out seen
	if out.Result, err = a.BackUp(ctx, nil); err != nil {
		out.Error, out.Kind = err.Error(), engine.KindOf(err)
	}
	if out.Status, err = a.Status(ctx); err != nil {
		return err
	}
	if out.Problems, err = a.Problems(ctx); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// seen is what backUpAsIs prints.
type seen struct {
	Result   engine.CaptureResult
	Status   engine.Status
	Problems []engine.Problem
	Error    string
	Kind     engine.Kind
}

// useKeyring sets up with the keychain of the system, starts again and captures.
func useKeyring(ctx context.Context) error {
	home, dest := os.Getenv("HOLDFAST_TEST_STATE"), os.Getenv("HOLDFAST_TEST_DEST")
	for _, first := range []bool{true, false} {
		a, err := Open(ctx, Options{Home: home})
		if err != nil {
			return err
		}
		if first {
			out, err := a.Connect(ctx, engine.ConnectRequest{Address: dest})
			if err != nil {
				return err
			}
			fmt.Printf("note: %q\nplace: %s\n", out.KeyNote, a.Keychain.Place())
		}
		if _, err := a.BackUp(ctx, nil); err != nil {
			return err
		}
		if err := a.Close(); err != nil {
			return err
		}
	}
	a, err := Open(ctx, Options{Home: home})
	if err != nil {
		return err
	}
	defer a.Close()
	if _, err := a.Disconnect(ctx); err != nil {
		return err
	}
	_, err = a.Keychain.Get("anything")
	fmt.Println("after:", err)
	return nil
}
