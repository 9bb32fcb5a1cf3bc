package control

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/engine"
)

// Each line makes both ends of a call from a method of the interface: what the
// server runs goes into methods, what the client runs is the value. The name is on
// the wire.
var (
	inspect    = ask1("Inspect", engine.Engine.Inspect)
	connect    = ask1("Connect", engine.Engine.Connect)
	disconnect = ask0("Disconnect", engine.Engine.Disconnect)

	findServer   = ask1("FindServer", engine.Engine.FindServer)
	signIn       = ask1("SignIn", engine.Engine.SignIn)
	waitSignIn   = ask1("WaitSignIn", engine.Engine.WaitSignIn)
	cancelSignIn = do1("CancelSignIn", engine.Engine.CancelSignIn)
	join         = ask1("Join", engine.Engine.Join)

	certificate       = ask0("Certificate", engine.Engine.Certificate)
	acceptCertificate = do1("AcceptCertificate", engine.Engine.AcceptCertificate)

	replacement   = ask0("Replacement", engine.Engine.Replacement)
	beginReplace  = ask1("BeginReplace", engine.Engine.BeginReplace)
	saveReplace   = do1("SaveReplace", engine.Engine.SaveReplace)
	oldSettings   = ask0("OldSettings", engine.Engine.OldSettings)
	finishReplace = do1("FinishReplace", engine.Engine.FinishReplace)
	cancelReplace = do0("CancelReplace", engine.Engine.CancelReplace)

	status   = ask0("Status", engine.Engine.Status)
	backUp   = ask1("BackUp", engine.Engine.BackUp)
	pause    = do1("Pause", engine.Engine.Pause)
	resume   = do0("Resume", engine.Engine.Resume)
	problems = ask0("Problems", engine.Engine.Problems)
	retry    = do1("Retry", engine.Engine.Retry)
	details  = ask0("Details", engine.Engine.Details)

	selection        = ask0("Selection", engine.Engine.Selection)
	saveSelection    = do1("SaveSelection", engine.Engine.SaveSelection)
	roots            = ask1("Roots", engine.Engine.Roots)
	children         = ask2("Children", engine.Engine.Children)
	folderSize       = ask1("FolderSize", engine.Engine.FolderSize)
	estimate         = ask1("Estimate", engine.Engine.Estimate)
	why              = ask2("Why", engine.Engine.Why)
	previewExclusion = ask2("PreviewExclusion", engine.Engine.PreviewExclusion)
	removeFromBackup = ask1("RemoveFromBackup", engine.Engine.RemoveFromBackup)
	removeAlso       = ask1("RemoveAlso", engine.Engine.RemoveAlso)
	undoRemove       = do1("UndoRemove", engine.Engine.UndoRemove)
	removals         = ask0("Removals", engine.Engine.Removals)

	computers = ask0("Computers", engine.Engine.Computers)
	list      = ask1("List", engine.Engine.List)
	find      = ask1("Find", engine.Engine.Find)
	versions  = ask2("Versions", engine.Engine.Versions)
	moments   = ask1("Moments", engine.Engine.Moments)
	preview   = ask2("Preview", engine.Engine.Preview)

	planGet   = ask1("PlanGet", engine.Engine.PlanGet)
	get       = ask1("Get", engine.Engine.Get)
	waitJob   = ask1("WaitJob", engine.Engine.WaitJob)
	jobs      = ask0("Jobs", engine.Engine.Jobs)
	pauseJob  = do1("PauseJob", engine.Engine.PauseJob)
	resumeJob = do1("ResumeJob", engine.Engine.ResumeJob)
	cancelJob = do1("CancelJob", engine.Engine.CancelJob)
	forgetJob = do1("ForgetJob", engine.Engine.ForgetJob)
	jobItems  = ask1("JobItems", engine.Engine.JobItems)
	answer    = do3("Answer", engine.Engine.Answer)

	maintain = ask0("Maintain", engine.Engine.Maintain)
	check    = ask1("Check", engine.Engine.Check)
	drill    = ask0("Drill", engine.Engine.Drill)

	keyList         = ask0("KeyList", engine.Engine.KeyList)
	newRecoveryCode = ask0("NewRecoveryCode", engine.Engine.NewRecoveryCode)
	setPassphrase   = do1("SetPassphrase", engine.Engine.SetPassphrase)
	revokeKey       = do1("RevokeKey", engine.Engine.RevokeKey)

	settings         = ask0("Settings", engine.Engine.Settings)
	saveSettings     = do1("SaveSettings", engine.Engine.SaveSettings)
	previewRetention = ask1("PreviewRetention", engine.Engine.PreviewRetention)
	events           = ask1("Events", engine.Engine.Events)
)

// watchMethod is the one call with a stream; see session.watch and Client.Watch.
const (
	watchMethod = "Watch"
	watching    = engine.Topic("watching") // the server's word that from now on nothing is missed
)

// method is what the server runs for a call.
type method func(ctx context.Context, e engine.Engine, args []json.RawMessage) (result any, err error)

// methods is filled by the lines above.
var methods map[string]method

func register(name string, m method) {
	if methods == nil {
		methods = map[string]method{}
	}
	methods[name] = m
}

// The numbers in the names are those of the arguments; ask has an answer, do none.

func ask0[R any](name string, run func(engine.Engine, context.Context) (R, error)) func(*Client, context.Context) (R, error) {
	register(name, func(ctx context.Context, e engine.Engine, args []json.RawMessage) (any, error) {
		if err := arguments(name, args); err != nil {
			return nil, err
		}
		return run(e, ctx)
	})
	return func(c *Client, ctx context.Context) (result R, err error) {
		err = c.call(ctx, name, &result)
		return result, err
	}
}

func ask1[A, R any](name string, run func(engine.Engine, context.Context, A) (R, error)) func(*Client, context.Context, A) (R, error) {
	register(name, func(ctx context.Context, e engine.Engine, args []json.RawMessage) (any, error) {
		var a A
		if err := arguments(name, args, &a); err != nil {
			return nil, err
		}
		return run(e, ctx, a)
	})
	return func(c *Client, ctx context.Context, a A) (result R, err error) {
		err = c.call(ctx, name, &result, a)
		return result, err
	}
}

func ask2[A, B, R any](name string, run func(engine.Engine, context.Context, A, B) (R, error)) func(*Client, context.Context, A, B) (R, error) {
	register(name, func(ctx context.Context, e engine.Engine, args []json.RawMessage) (any, error) {
		var a A
		var b B
		if err := arguments(name, args, &a, &b); err != nil {
			return nil, err
		}
		return run(e, ctx, a, b)
	})
	return func(c *Client, ctx context.Context, a A, b B) (result R, err error) {
		err = c.call(ctx, name, &result, a, b)
		return result, err
	}
}

func do0(name string, run func(engine.Engine, context.Context) error) func(*Client, context.Context) error {
	ask := ask0(name, func(e engine.Engine, ctx context.Context) (struct{}, error) { return struct{}{}, run(e, ctx) })
	return func(c *Client, ctx context.Context) error { _, err := ask(c, ctx); return err }
}

func do1[A any](name string, run func(engine.Engine, context.Context, A) error) func(*Client, context.Context, A) error {
	ask := ask1(name, func(e engine.Engine, ctx context.Context, a A) (struct{}, error) { return struct{}{}, run(e, ctx, a) })
	return func(c *Client, ctx context.Context, a A) error { _, err := ask(c, ctx, a); return err }
}

func do3[A, B, C any](name string, run func(engine.Engine, context.Context, A, B, C) error) func(*Client, context.Context, A, B, C) error {
	register(name, func(ctx context.Context, e engine.Engine, args []json.RawMessage) (any, error) {
		var a A
		var b B
		var third C
		if err := arguments(name, args, &a, &b, &third); err != nil {
			return nil, err
		}
		return struct{}{}, run(e, ctx, a, b, third)
	})
	return func(c *Client, ctx context.Context, a A, b B, third C) error {
		return c.call(ctx, name, &struct{}{}, a, b, third)
	}
}

// arguments reads the arguments of a call, exactly as many as it has.
func arguments(name string, args []json.RawMessage, into ...any) error {
	invalid := func(err error) error {
		return &engine.Error{Op: name, Kind: engine.KindInvalid, Err: err}
	}
	if len(args) != len(into) {
		return invalid(fmt.Errorf("%d arguments, not %d", len(args), len(into)))
	}
	for i, a := range args {
		if err := decode(a, into[i]); err != nil {
			return invalid(fmt.Errorf("argument %d: %w", i+1, err))
		}
	}
	return nil
}
