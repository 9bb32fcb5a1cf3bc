package control

import (
	"context"
	"time"

	"holdfast/engine"
)

// The methods of engine.Engine, each carried as table.go says.

func (c *Client) Inspect(ctx context.Context, address string) (engine.Place, error) {
	return inspect(c, ctx, address)
}

func (c *Client) Connect(ctx context.Context, request engine.ConnectRequest) (engine.Connected, error) {
	return connect(c, ctx, request)
}

func (c *Client) Disconnect(ctx context.Context) (engine.Disconnected, error) {
	return disconnect(c, ctx)
}

func (c *Client) FindServer(ctx context.Context, address string) (engine.Server, error) {
	return findServer(c, ctx, address)
}

func (c *Client) SignIn(ctx context.Context, request engine.SignInRequest) (engine.SignIn, error) {
	return signIn(c, ctx, request)
}

func (c *Client) WaitSignIn(ctx context.Context, id string) (engine.SignedIn, error) {
	return waitSignIn(c, ctx, id)
}

func (c *Client) CancelSignIn(ctx context.Context, id string) error {
	return cancelSignIn(c, ctx, id)
}

func (c *Client) Join(ctx context.Context, request engine.JoinRequest) (engine.Connected, error) {
	return join(c, ctx, request)
}

func (c *Client) Certificate(ctx context.Context) (engine.Certificate, error) {
	return certificate(c, ctx)
}

func (c *Client) AcceptCertificate(ctx context.Context, fingerprint string) error {
	return acceptCertificate(c, ctx, fingerprint)
}

func (c *Client) Replacement(ctx context.Context) (engine.Replacement, error) {
	return replacement(c, ctx)
}

func (c *Client) BeginReplace(ctx context.Context, computer string) (engine.Replacement, error) {
	return beginReplace(c, ctx, computer)
}

func (c *Client) SaveReplace(ctx context.Context, r engine.Replacement) error {
	return saveReplace(c, ctx, r)
}

func (c *Client) OldSettings(ctx context.Context) (engine.OldSettings, error) {
	return oldSettings(c, ctx)
}

func (c *Client) FinishReplace(ctx context.Context, computer string) error {
	return finishReplace(c, ctx, computer)
}

func (c *Client) CancelReplace(ctx context.Context) error {
	return cancelReplace(c, ctx)
}

func (c *Client) Status(ctx context.Context) (engine.Status, error) {
	return status(c, ctx)
}

func (c *Client) BackUp(ctx context.Context, paths []string) (engine.CaptureResult, error) {
	return backUp(c, ctx, paths)
}

func (c *Client) Pause(ctx context.Context, until time.Time) error {
	return pause(c, ctx, until)
}

func (c *Client) Resume(ctx context.Context) error {
	return resume(c, ctx)
}

func (c *Client) Problems(ctx context.Context) ([]engine.Problem, error) {
	return problems(c, ctx)
}

func (c *Client) Retry(ctx context.Context, path string) error {
	return retry(c, ctx, path)
}

func (c *Client) Details(ctx context.Context) (engine.Details, error) {
	return details(c, ctx)
}

func (c *Client) Selection(ctx context.Context) (engine.Selection, error) {
	return selection(c, ctx)
}

func (c *Client) SaveSelection(ctx context.Context, selection engine.Selection) error {
	return saveSelection(c, ctx, selection)
}

func (c *Client) Roots(ctx context.Context, draft engine.Selection) ([]engine.SelectRow, error) {
	return roots(c, ctx, draft)
}

func (c *Client) Children(ctx context.Context, draft engine.Selection, path string) ([]engine.SelectRow, error) {
	return children(c, ctx, draft, path)
}

func (c *Client) FolderSize(ctx context.Context, path string) (engine.Amount, error) {
	return folderSize(c, ctx, path)
}

func (c *Client) Estimate(ctx context.Context, draft engine.Selection) (engine.Estimate, error) {
	return estimate(c, ctx, draft)
}

func (c *Client) Why(ctx context.Context, draft engine.Selection, path string) (engine.Reason, error) {
	return why(c, ctx, draft, path)
}

func (c *Client) PreviewExclusion(ctx context.Context, draft engine.Selection, exclusion engine.Exclusion) (engine.ExclusionPreview, error) {
	return previewExclusion(c, ctx, draft, exclusion)
}

func (c *Client) RemoveFromBackup(ctx context.Context, path string) (engine.Removal, error) {
	return removeFromBackup(c, ctx, path)
}

func (c *Client) RemoveAlso(ctx context.Context, path string) ([]string, error) {
	return removeAlso(c, ctx, path)
}

func (c *Client) UndoRemove(ctx context.Context, id int64) error {
	return undoRemove(c, ctx, id)
}

func (c *Client) Removals(ctx context.Context) ([]engine.Removal, error) {
	return removals(c, ctx)
}

func (c *Client) Computers(ctx context.Context) ([]engine.Computer, error) {
	return computers(c, ctx)
}

func (c *Client) List(ctx context.Context, request engine.ListRequest) ([]engine.Item, error) {
	return list(c, ctx, request)
}

func (c *Client) Find(ctx context.Context, request engine.FindRequest) ([]engine.Item, error) {
	return find(c, ctx, request)
}

func (c *Client) Versions(ctx context.Context, computer, path string) ([]engine.Version, error) {
	return versions(c, ctx, computer, path)
}

func (c *Client) Moments(ctx context.Context, computer string) ([]time.Time, error) {
	return moments(c, ctx, computer)
}

func (c *Client) Preview(ctx context.Context, ref engine.Ref, limit int64) (engine.Preview, error) {
	return preview(c, ctx, ref, limit)
}

func (c *Client) PlanGet(ctx context.Context, request engine.GetRequest) (engine.Plan, error) {
	return planGet(c, ctx, request)
}

func (c *Client) Get(ctx context.Context, request engine.GetRequest) (int64, error) {
	return get(c, ctx, request)
}

func (c *Client) WaitJob(ctx context.Context, id int64) (engine.Job, error) {
	return waitJob(c, ctx, id)
}

func (c *Client) Jobs(ctx context.Context) ([]engine.Job, error) {
	return jobs(c, ctx)
}

func (c *Client) PauseJob(ctx context.Context, id int64) error {
	return pauseJob(c, ctx, id)
}

func (c *Client) ResumeJob(ctx context.Context, id int64) error {
	return resumeJob(c, ctx, id)
}

func (c *Client) CancelJob(ctx context.Context, id int64) error {
	return cancelJob(c, ctx, id)
}

func (c *Client) ForgetJob(ctx context.Context, id int64) error {
	return forgetJob(c, ctx, id)
}

func (c *Client) JobItems(ctx context.Context, id int64) ([]engine.JobItem, error) {
	return jobItems(c, ctx, id)
}

func (c *Client) Answer(ctx context.Context, id int64, path string, choice engine.Existing) error {
	return answer(c, ctx, id, path, choice)
}

func (c *Client) Maintain(ctx context.Context) (engine.MaintainResult, error) {
	return maintain(c, ctx)
}

func (c *Client) Check(ctx context.Context, percent float64) (engine.CheckResult, error) {
	return check(c, ctx, percent)
}

func (c *Client) Drill(ctx context.Context) (engine.Proof, error) {
	return drill(c, ctx)
}

func (c *Client) KeyList(ctx context.Context) ([]engine.Key, error) {
	return keyList(c, ctx)
}

func (c *Client) NewRecoveryCode(ctx context.Context) (string, error) {
	return newRecoveryCode(c, ctx)
}

func (c *Client) SetPassphrase(ctx context.Context, passphrase string) error {
	return setPassphrase(c, ctx, passphrase)
}

func (c *Client) RevokeKey(ctx context.Context, id string) error {
	return revokeKey(c, ctx, id)
}

func (c *Client) Settings(ctx context.Context) (engine.Settings, error) {
	return settings(c, ctx)
}

func (c *Client) SaveSettings(ctx context.Context, settings engine.Settings) error {
	return saveSettings(c, ctx, settings)
}

func (c *Client) PreviewRetention(ctx context.Context, retention engine.Retention) (engine.RetentionPreview, error) {
	return previewRetention(c, ctx, retention)
}

func (c *Client) Events(ctx context.Context, query engine.EventQuery) ([]engine.Event, error) {
	return events(c, ctx, query)
}
