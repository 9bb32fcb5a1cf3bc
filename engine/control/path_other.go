//go:build !linux

package control

import (
	"errors"
	"fmt"
)

// longest is the longest address of a socket, less the zero at its end.
const longest = 103

var errNoFolder = errors.New("the folder of the socket is not there")

// shorten: there is no way around the kernel's limit here.
func shorten(path string) (address string, release func(), err error) {
	if len(path) > longest {
		return "", nil, fmt.Errorf("the path of the socket, %s, is longer than %d bytes; choose a state folder with a shorter path", path, longest)
	}
	return path, func() {}, nil
}
