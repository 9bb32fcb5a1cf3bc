// Package s3 keeps the bytes of stored files in a bucket of an S3 service.
//
// Its promise to write nothing over anything rests on conditional writes (Amazon S3
// User Guide, "Conditional requests": PUT with If-None-Match: *), which not every
// service that calls itself S3 honours. So Open tries it out, and refuses a service
// that overwrites; where no space is left to try it, the first Create that finds some
// does. A file is sent in one PUT of a known length, whose last bytes are
// held back until its content proved right; a PUT that is cut short stores nothing.
//
// Whether the bucket keeps versions, locks them or copies them elsewhere is the
// institution's to choose and changes nothing here.
package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"holdfast/engine/server/store"
)

// Options are what an address does not hold.
type Options struct {
	AccessKey string
	SecretKey string
	Region    string            // "" for us-east-1
	Transport http.RoundTripper // nil for the usual one
}

// Store is a bucket, or what lies below a prefix of it.
type Store struct {
	core   minio.Core
	bucket string
	prefix string // "" or ends at a slash
	proven atomic.Bool
}

var _ store.Bytes = (*Store)(nil)

// Open opens s3://host[:port]/bucket[/prefix], over TLS unless the address ends in
// "?insecure=1". It writes a file to prove that conditional writes hold.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	s, err := parse(address, o)
	if err != nil {
		return nil, err
	}
	if err := s.prove(ctx); err != nil && !errors.Is(err, store.ErrFull) { // what is stored can be read all the same
		return nil, err
	}
	return s, nil
}

// errAddress leaves the address out: one with a mistake in it may hold a password.
var errAddress = errors.New("the address of an S3 store is s3://host[:port]/bucket[/prefix], with ?insecure=1 at its end for one without TLS; keys are set apart")

func parse(address string, o Options) (*Store, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "s3" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errAddress
	}
	insecure := false
	for key, values := range u.Query() {
		if key != "insecure" || len(values) != 1 || values[0] != "1" {
			return nil, errAddress
		}
		insecure = true
	}
	bucket, prefix, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
	if bucket == "" {
		return nil, errAddress
	}
	if prefix != "" {
		prefix += "/"
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	core, err := minio.NewCore(u.Host, &minio.Options{
		Creds:     credentials.NewStaticV4(o.AccessKey, o.SecretKey, ""),
		Secure:    !insecure,
		Region:    o.Region,
		Transport: o.Transport,
	})
	if err != nil {
		return nil, errAddress
	}
	return &Store{core: *core, bucket: bucket, prefix: prefix}, nil
}

// prove writes one key twice. The second must be refused.
func (s *Store) prove(ctx context.Context) error {
	key := ".holdfast-trial-" + rand.Text()
	write := func() error {
		return s.create(ctx, key, strings.NewReader("trial"), 5)
	}
	if err := write(); err != nil {
		return fmt.Errorf("the S3 store %s/%s cannot be written to: %w", s.core.EndpointURL().Host, s.bucket, err)
	}
	second := write()
	if err := s.Remove(ctx, key); err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the S3 store %s/%s does not let files be removed: %w", s.core.EndpointURL().Host, s.bucket, err)
	}
	if second == nil {
		return fmt.Errorf("%w: %s ignores If-None-Match, so a stored file could be overwritten; use a service with conditional writes", ErrOverwrites, s.core.EndpointURL().Host)
	}
	if !errors.Is(second, store.ErrExists) {
		return fmt.Errorf("the S3 store %s does not answer a conditional write as it should: %w", s.core.EndpointURL().Host, second)
	}
	s.proven.Store(true)
	return nil
}

// ErrOverwrites is a service that writes over what is stored.
var ErrOverwrites = errors.New("this S3 service cannot be used")

// Create writes a file under a key that is not taken.
func (s *Store) Create(ctx context.Context, key string, r io.Reader, size int64) error {
	if !s.proven.Load() {
		if err := s.prove(ctx); err != nil {
			return err
		}
	}
	return s.create(ctx, key, r, size)
}

func (s *Store) create(ctx context.Context, key string, r io.Reader, size int64) error {
	options := minio.PutObjectOptions{
		ContentType:      "application/octet-stream",
		DisableMultipart: true, // one PUT is there whole or not at all
	}
	options.SetMatchETagExcept("*")
	// Nothing but a reader, so that the client neither seeks nor sends it twice.
	from := &remembering{from: io.LimitReader(r, size)}
	_, err := s.core.Client.PutObject(ctx, s.bucket, s.prefix+key, from, size, options)
	if from.err != nil && err != nil {
		return from.err
	}
	return explain(err)
}

// remembering keeps the error of a reader, which HTTP clients bury in their own.
type remembering struct {
	from io.Reader
	err  error
}

func (r *remembering) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}

// Open reads a part of a file.
func (s *Store) Open(ctx context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	if length == 0 {
		_, err := s.Stat(ctx, key)
		return io.NopCloser(strings.NewReader("")), err
	}
	var options minio.GetObjectOptions
	if offset != 0 || length > 0 {
		value := fmt.Sprintf("bytes=%d-", offset)
		if length > 0 {
			value += fmt.Sprint(offset + length - 1)
		}
		options.Set("Range", value)
	}
	body, _, _, err := s.core.GetObject(ctx, s.bucket, s.prefix+key, options)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable && length < 0 {
		info, err := s.Stat(ctx, key)
		if err == nil && info.Size < offset {
			err = io.ErrUnexpectedEOF
		}
		return io.NopCloser(strings.NewReader("")), err
	}
	if err != nil {
		return nil, explain(err)
	}
	return body, nil
}

// Stat tells about one file.
func (s *Store) Stat(ctx context.Context, key string) (store.Info, error) {
	info, err := s.core.StatObject(ctx, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err != nil {
		return store.Info{}, explain(err)
	}
	return store.Info{Key: key, Size: info.Size, ModTime: info.LastModified}, nil
}

// Remove takes a file away. S3 says nothing when there was none, so it is asked first.
func (s *Store) Remove(ctx context.Context, key string) error {
	if _, err := s.Stat(ctx, key); err != nil {
		return err
	}
	return explain(s.core.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}))
}

// List goes through the keys below a prefix.
func (s *Store) List(ctx context.Context, prefix string, fn func(store.Info) error) error {
	options := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}
	for o := range s.core.ListObjectsIter(ctx, s.bucket, options) {
		if o.Err != nil {
			return explain(o.Err)
		}
		if err := fn(store.Info{Key: strings.TrimPrefix(o.Key, s.prefix), Size: o.Size, ModTime: o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Ready writes a few bytes, always under the same key.
func (s *Store) Ready(ctx context.Context) error {
	text := "ready"
	_, err := s.core.Client.PutObject(ctx, s.bucket, s.prefix+".holdfast-ready", strings.NewReader(text), int64(len(text)),
		minio.PutObjectOptions{DisableMultipart: true})
	return explain(err)
}

// explain gives an answer of the service its meaning.
func explain(err error) error {
	answer := minio.ToErrorResponse(err)
	switch {
	case err == nil:
		return nil
	case answer.StatusCode == http.StatusPreconditionFailed, answer.Code == "PreconditionFailed":
		return fmt.Errorf("%w (%w)", store.ErrExists, err)
	case answer.Code == "NoSuchKey":
		return fmt.Errorf("%w (%w)", store.ErrNotFound, err)
	case answer.StatusCode == http.StatusInsufficientStorage, answer.Code == "XMinioStorageFull", answer.Code == "QuotaExceeded":
		return fmt.Errorf("%w (%w)", store.ErrFull, err)
	case answer.StatusCode >= http.StatusInternalServerError, isOnTheWay(err):
		return fmt.Errorf("%w (%w)", store.ErrAway, err)
	}
	return err
}

// isOnTheWay says that no answer came, and not because nobody waited for it.
func isOnTheWay(err error) bool {
	_, ok := errors.AsType[*url.Error](err)
	return ok && !errors.Is(err, context.Canceled)
}
