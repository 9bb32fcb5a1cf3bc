package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"holdfast/engine/server/store/s3"
	"holdfast/engine/server/tooltest"
)

// Gateway is a versitygw, which serves what lies in a folder as S3.
type Gateway struct {
	program string
	dir     string
	port    *tooltest.Port // kept for as long as there is the gateway
	options s3.Options
	life    io.Closer // the end of a pipe; when this process lets go of it the gateway ends
	ended   chan struct{}
}

var running struct {
	once sync.Once
	*Gateway
	err error
}

// S3 is the address of a new, empty bucket of a real S3 service, versitygw, which
// lives as long as the test program.
func S3(t testing.TB) (address string, o s3.Options) {
	t.Helper()
	running.once.Do(func() {
		var dir string
		if dir, running.err = os.MkdirTemp("", "holdfast-s3-"); running.err != nil {
			return
		}
		if running.Gateway, running.err = newGateway(tooltest.Path(t, tooltest.Versitygw), dir); running.err == nil {
			running.err = running.start(`trap 'rm -rf "$2"' EXIT`)
		}
	})
	if running.err != nil {
		t.Fatal(running.err)
	}
	return running.Bucket(t)
}

// StartGateway starts one of the test's own, which it may stop and start again, on a
// folder that holds extended attributes.
func StartGateway(t testing.TB, dir string) *Gateway {
	t.Helper()
	g, err := newGateway(tooltest.Path(t, tooltest.Versitygw), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.port.Close() })
	t.Cleanup(g.Stop)
	g.Start(t)
	return g
}

// Start starts a gateway that was stopped, at the address that it had.
func (g *Gateway) Start(t testing.TB) {
	t.Helper()
	if err := g.start(""); err != nil {
		t.Fatal(err)
	}
}

// Stop ends the gateway, and returns when it is gone.
func (g *Gateway) Stop() {
	if g.life != nil {
		g.life.Close()
		<-g.ended
	}
}

// Bucket makes a new one, and gives its address.
func (g *Gateway) Bucket(t testing.TB) (address string, o s3.Options) {
	t.Helper()
	client, err := g.client()
	if err != nil {
		t.Fatal(err)
	}
	bucket := "test-" + strings.ToLower(rand.Text()[:16])
	if err := client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("s3://%s/%s?insecure=1", g.port.Address, bucket), g.options
}

func (g *Gateway) client() (*minio.Client, error) {
	return minio.New(g.port.Address, &minio.Options{Creds: credentials.NewStaticV4(g.options.AccessKey, g.options.SecretKey, ""), Region: "us-east-1"})
}

// newGateway is one that does not run yet.
func newGateway(program, dir string) (*Gateway, error) {
	port, err := tooltest.KeepPort()
	if err != nil {
		return nil, err
	}
	g := &Gateway{program: program, dir: dir, port: port, options: s3.Options{AccessKey: rand.Text(), SecretKey: rand.Text()}}
	for _, sub := range []string{"files", "versions"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(dir, sub), 0o700))
	}
	return g, err
}

// start starts the gateway below a shell that ends it when the pipe from this process
// closes, however this process ends.
func (g *Gateway) start(first string) (err error) {
	script := first + `
"$1" --port "$3" posix --versioning-dir "$2/versions" "$2/files" >"$2/log" 2>&1 &
pid=$!
read -r _ || true
kill $pid; wait $pid || true`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", g.program, g.dir, g.port.Address)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.options.AccessKey, "ROOT_SECRET_KEY="+g.options.SecretKey)
	if g.life, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	g.ended = ended
	return g.wait(filepath.Join(g.dir, "log"))
}

func (g *Gateway) wait(log string) error {
	client, err := g.client()
	if err != nil {
		return err
	}
	for until := time.Now().Add(5 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		_, err := client.ListBuckets(ctx)
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(until) {
			said, _ := os.ReadFile(log)
			return fmt.Errorf("versitygw does not answer: %v\n%s", err, said)
		}
	}
}
