//go:build unix

package source

import (
	"errors"

	"golang.org/x/sys/unix"
)

func oneOf(err error, numbers ...error) bool {
	for _, n := range numbers {
		if errors.Is(err, n) {
			return true
		}
	}
	return false
}

func isVanished(err error) bool {
	return oneOf(err, unix.ENOENT, unix.ESTALE, unix.ELOOP, unix.ENOTDIR)
}

func isLocked(err error) bool { return oneOf(err, unix.EAGAIN, unix.ETXTBSY, unix.EBUSY, unix.EDEADLK) }

func isAbsent(err error) bool {
	return oneOf(err, unix.ENODEV, unix.ENXIO, unix.ENOTCONN, unix.EHOSTDOWN, unix.EHOSTUNREACH,
		unix.ENETDOWN, unix.ENETUNREACH, unix.ETIMEDOUT, unix.ECONNREFUSED, unix.ECONNRESET, unix.ESHUTDOWN)
}

func isTooMany(err error) bool { return oneOf(err, unix.EMFILE, unix.ENFILE, unix.ENOMEM) }

func isSpecial(err error) bool { return oneOf(err, unix.EISDIR, unix.EINVAL, unix.ENOTSUP) }

func isDamaged(err error) bool { return oneOf(err, unix.EIO, unix.EBADMSG, errListing) }
