package control

import (
	"context"
	"sync"
	"time"

	"holdfast/engine"
)

// fake is an engine that does as a test says and remembers what it was asked.
type fake struct {
	mu     sync.Mutex
	calls  []asked
	answer func(ctx context.Context, method string) (any, error) // nil: zero values
	topics chan engine.Topic
}

type asked struct {
	method string
	args   []any
}

var _ engine.Engine = (*fake)(nil)

func reply[R any](f *fake, ctx context.Context, method string, args ...any) (r R, err error) {
	f.mu.Lock()
	f.calls = append(f.calls, asked{method, args})
	answer := f.answer
	f.mu.Unlock()
	if answer == nil {
		return r, nil
	}
	result, err := answer(ctx, method)
	r, _ = result.(R)
	return r, err
}

// Watch passes on what the test puts into topics, until the context ends.
func (f *fake) Watch(ctx context.Context) (<-chan engine.Topic, error) {
	if _, err := reply[struct{}](f, ctx, "Watch"); err != nil {
		return nil, err
	}
	out := make(chan engine.Topic)
	go func() {
		defer close(out)
		for {
			select {
			case t := <-f.topics:
				select {
				case out <- t:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (f *fake) Inspect(ctx context.Context, address string) (engine.Place, error) {
	return reply[engine.Place](f, ctx, "Inspect", address)
}

func (f *fake) Connect(ctx context.Context, request engine.ConnectRequest) (engine.Connected, error) {
	return reply[engine.Connected](f, ctx, "Connect", request)
}

func (f *fake) Disconnect(ctx context.Context) (engine.Disconnected, error) {
	return reply[engine.Disconnected](f, ctx, "Disconnect")
}

func (f *fake) FindServer(ctx context.Context, address string) (engine.Server, error) {
	return reply[engine.Server](f, ctx, "FindServer", address)
}

func (f *fake) SignIn(ctx context.Context, request engine.SignInRequest) (engine.SignIn, error) {
	return reply[engine.SignIn](f, ctx, "SignIn", request)
}

func (f *fake) WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error) {
	return reply[engine.SignedIn](f, ctx, "WaitSignIn", id)
}

func (f *fake) CancelSignIn(ctx context.Context, id string) error {
	_, err := reply[struct{}](f, ctx, "CancelSignIn", id)
	return err
}

func (f *fake) Join(ctx context.Context, request engine.JoinRequest) (engine.Connected, error) {
	return reply[engine.Connected](f, ctx, "Join", request)
}

func (f *fake) Certificate(ctx context.Context) (engine.Certificate, error) {
	return reply[engine.Certificate](f, ctx, "Certificate")
}

func (f *fake) AcceptCertificate(ctx context.Context, fingerprint string) error {
	_, err := reply[struct{}](f, ctx, "AcceptCertificate", fingerprint)
	return err
}

func (f *fake) Replacement(ctx context.Context) (engine.Replacement, error) {
	return reply[engine.Replacement](f, ctx, "Replacement")
}

func (f *fake) BeginReplace(ctx context.Context, computer string) (engine.Replacement, error) {
	return reply[engine.Replacement](f, ctx, "BeginReplace", computer)
}

func (f *fake) SaveReplace(ctx context.Context, r engine.Replacement) error {
	_, err := reply[struct{}](f, ctx, "SaveReplace", r)
	return err
}

func (f *fake) OldSettings(ctx context.Context) (engine.OldSettings, error) {
	return reply[engine.OldSettings](f, ctx, "OldSettings")
}

func (f *fake) FinishReplace(ctx context.Context, computer string) error {
	_, err := reply[struct{}](f, ctx, "FinishReplace", computer)
	return err
}

func (f *fake) CancelReplace(ctx context.Context) error {
	_, err := reply[struct{}](f, ctx, "CancelReplace")
	return err
}

func (f *fake) Status(ctx context.Context) (engine.Status, error) {
	return reply[engine.Status](f, ctx, "Status")
}

func (f *fake) BackUp(ctx context.Context, paths []string) (engine.CaptureResult, error) {
	return reply[engine.CaptureResult](f, ctx, "BackUp", paths)
}

func (f *fake) Pause(ctx context.Context, until time.Time) error {
	_, err := reply[struct{}](f, ctx, "Pause", until)
	return err
}

func (f *fake) Resume(ctx context.Context) error {
	_, err := reply[struct{}](f, ctx, "Resume")
	return err
}

func (f *fake) Problems(ctx context.Context) ([]engine.Problem, error) {
	return reply[[]engine.Problem](f, ctx, "Problems")
}

func (f *fake) Retry(ctx context.Context, path string) error {
	_, err := reply[struct{}](f, ctx, "Retry", path)
	return err
}

func (f *fake) Details(ctx context.Context) (engine.Details, error) {
	return reply[engine.Details](f, ctx, "Details")
}

func (f *fake) Selection(ctx context.Context) (engine.Selection, error) {
	return reply[engine.Selection](f, ctx, "Selection")
}

func (f *fake) SaveSelection(ctx context.Context, selection engine.Selection) error {
	_, err := reply[struct{}](f, ctx, "SaveSelection", selection)
	return err
}

func (f *fake) Roots(ctx context.Context, draft engine.Selection) ([]engine.SelectRow, error) {
	return reply[[]engine.SelectRow](f, ctx, "Roots", draft)
}

func (f *fake) Children(ctx context.Context, draft engine.Selection, path string) ([]engine.SelectRow, error) {
	return reply[[]engine.SelectRow](f, ctx, "Children", draft, path)
}

func (f *fake) FolderSize(ctx context.Context, path string) (engine.Amount, error) {
	return reply[engine.Amount](f, ctx, "FolderSize", path)
}

func (f *fake) Estimate(ctx context.Context, draft engine.Selection) (engine.Estimate, error) {
	return reply[engine.Estimate](f, ctx, "Estimate", draft)
}

func (f *fake) Why(ctx context.Context, draft engine.Selection, path string) (engine.Reason, error) {
	return reply[engine.Reason](f, ctx, "Why", draft, path)
}

func (f *fake) PreviewExclusion(ctx context.Context, draft engine.Selection, exclusion engine.Exclusion) (engine.ExclusionPreview, error) {
	return reply[engine.ExclusionPreview](f, ctx, "PreviewExclusion", draft, exclusion)
}

func (f *fake) RemoveFromBackup(ctx context.Context, path string) (engine.Removal, error) {
	return reply[engine.Removal](f, ctx, "RemoveFromBackup", path)
}

func (f *fake) RemoveAlso(ctx context.Context, path string) ([]string, error) {
	return reply[[]string](f, ctx, "RemoveAlso", path)
}

func (f *fake) UndoRemove(ctx context.Context, id int64) error {
	_, err := reply[struct{}](f, ctx, "UndoRemove", id)
	return err
}

func (f *fake) Removals(ctx context.Context) ([]engine.Removal, error) {
	return reply[[]engine.Removal](f, ctx, "Removals")
}

func (f *fake) Computers(ctx context.Context) ([]engine.Computer, error) {
	return reply[[]engine.Computer](f, ctx, "Computers")
}

func (f *fake) List(ctx context.Context, request engine.ListRequest) ([]engine.Item, error) {
	return reply[[]engine.Item](f, ctx, "List", request)
}

func (f *fake) Find(ctx context.Context, request engine.FindRequest) ([]engine.Item, error) {
	return reply[[]engine.Item](f, ctx, "Find", request)
}

func (f *fake) Versions(ctx context.Context, computer, path string) ([]engine.Version, error) {
	return reply[[]engine.Version](f, ctx, "Versions", computer, path)
}

func (f *fake) Moments(ctx context.Context, computer string) ([]time.Time, error) {
	return reply[[]time.Time](f, ctx, "Moments", computer)
}

func (f *fake) Preview(ctx context.Context, ref engine.Ref, limit int64) (engine.Preview, error) {
	return reply[engine.Preview](f, ctx, "Preview", ref, limit)
}

func (f *fake) PlanGet(ctx context.Context, request engine.GetRequest) (engine.Plan, error) {
	return reply[engine.Plan](f, ctx, "PlanGet", request)
}

func (f *fake) Get(ctx context.Context, request engine.GetRequest) (int64, error) {
	return reply[int64](f, ctx, "Get", request)
}

func (f *fake) WaitJob(ctx context.Context, id int64) (engine.Job, error) {
	return reply[engine.Job](f, ctx, "WaitJob", id)
}

func (f *fake) Jobs(ctx context.Context) ([]engine.Job, error) {
	return reply[[]engine.Job](f, ctx, "Jobs")
}

func (f *fake) PauseJob(ctx context.Context, id int64) error {
	_, err := reply[struct{}](f, ctx, "PauseJob", id)
	return err
}

func (f *fake) ResumeJob(ctx context.Context, id int64) error {
	_, err := reply[struct{}](f, ctx, "ResumeJob", id)
	return err
}

func (f *fake) CancelJob(ctx context.Context, id int64) error {
	_, err := reply[struct{}](f, ctx, "CancelJob", id)
	return err
}

func (f *fake) ForgetJob(ctx context.Context, id int64) error {
	_, err := reply[struct{}](f, ctx, "ForgetJob", id)
	return err
}

func (f *fake) JobItems(ctx context.Context, id int64) ([]engine.JobItem, error) {
	return reply[[]engine.JobItem](f, ctx, "JobItems", id)
}

func (f *fake) Answer(ctx context.Context, id int64, path string, choice engine.Existing) error {
	_, err := reply[struct{}](f, ctx, "Answer", id, path, choice)
	return err
}

func (f *fake) Maintain(ctx context.Context) (engine.MaintainResult, error) {
	return reply[engine.MaintainResult](f, ctx, "Maintain")
}

func (f *fake) Check(ctx context.Context, percent float64) (engine.CheckResult, error) {
	return reply[engine.CheckResult](f, ctx, "Check", percent)
}

func (f *fake) Drill(ctx context.Context) (engine.Proof, error) {
	return reply[engine.Proof](f, ctx, "Drill")
}

func (f *fake) KeyList(ctx context.Context) ([]engine.Key, error) {
	return reply[[]engine.Key](f, ctx, "KeyList")
}

func (f *fake) NewRecoveryCode(ctx context.Context) (string, error) {
	return reply[string](f, ctx, "NewRecoveryCode")
}

func (f *fake) SetPassphrase(ctx context.Context, passphrase string) error {
	_, err := reply[struct{}](f, ctx, "SetPassphrase", passphrase)
	return err
}

func (f *fake) RevokeKey(ctx context.Context, id string) error {
	_, err := reply[struct{}](f, ctx, "RevokeKey", id)
	return err
}

func (f *fake) Settings(ctx context.Context) (engine.Settings, error) {
	return reply[engine.Settings](f, ctx, "Settings")
}

func (f *fake) SaveSettings(ctx context.Context, settings engine.Settings) error {
	_, err := reply[struct{}](f, ctx, "SaveSettings", settings)
	return err
}

func (f *fake) PreviewRetention(ctx context.Context, retention engine.Retention) (engine.RetentionPreview, error) {
	return reply[engine.RetentionPreview](f, ctx, "PreviewRetention", retention)
}

func (f *fake) Events(ctx context.Context, query engine.EventQuery) ([]engine.Event, error) {
	return reply[[]engine.Event](f, ctx, "Events", query)
}
