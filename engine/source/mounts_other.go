//go:build !linux && !darwin && !windows

package source

func mounts() ([]Mount, error) { return []Mount{{Path: "/"}}, nil }
