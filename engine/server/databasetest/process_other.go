//go:build !unix

package databasetest

import (
	"errors"
	"syscall"
)

func unprivileged(string) (*syscall.SysProcAttr, error) {
	return nil, errors.New("these tests know where PostgreSQL lies on Debian only")
}
