package storetest

import (
	"context"
	"crypto/rand"
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

// gateway is a running versitygw.
type gateway struct {
	port    *tooltest.Port // kept for as long as this process lives
	host    string
	options s3.Options
	life    io.Closer // the end of a pipe; when this process lets go of it the gateway ends
}

var running struct {
	once sync.Once
	gateway
	err error
}

// S3 is the address of a new, empty bucket of a real S3 service, versitygw, which
// lives as long as the test program.
func S3(t testing.TB) (address string, o s3.Options) {
	t.Helper()
	running.once.Do(func() { running.gateway, running.err = start(tooltest.Path(t, tooltest.Versitygw)) })
	if running.err != nil {
		t.Fatal(running.err)
	}
	g := running.gateway
	client, err := g.client()
	if err != nil {
		t.Fatal(err)
	}
	bucket := "test-" + strings.ToLower(rand.Text()[:16])
	if err := client.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("s3://%s/%s?insecure=1", g.host, bucket), g.options
}

func (g gateway) client() (*minio.Client, error) {
	return minio.New(g.host, &minio.Options{Creds: credentials.NewStaticV4(g.options.AccessKey, g.options.SecretKey, ""), Region: "us-east-1"})
}

// start starts the gateway below a shell that ends it and removes its files when the
// pipe from this process closes, however this process ends.
func start(program string) (gateway, error) {
	port, err := tooltest.KeepPort()
	if err != nil {
		return gateway{}, err
	}
	g := gateway{port: port, host: port.Address, options: s3.Options{AccessKey: rand.Text(), SecretKey: rand.Text()}}
	dir, err := os.MkdirTemp("", "holdfast-s3-")
	if err != nil {
		return gateway{}, err
	}
	for _, sub := range []string{"files", "versions"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return gateway{}, err
		}
	}
	const script = `trap 'rm -rf "$2"' EXIT
"$1" --port "$3" posix --versioning-dir "$2/versions" "$2/files" >"$2/log" 2>&1 &
pid=$!
read -r _ || true
kill $pid; wait $pid || true`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", program, dir, g.host)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+g.options.AccessKey, "ROOT_SECRET_KEY="+g.options.SecretKey)
	if g.life, err = cmd.StdinPipe(); err != nil {
		return gateway{}, err
	}
	if err := cmd.Start(); err != nil {
		return gateway{}, err
	}
	return g, g.wait(filepath.Join(dir, "log"))
}

func (g gateway) wait(log string) error {
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
