package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

// size is a number of bytes as people write it: 500GB, 1.5 TiB, 1000000, or none, which
// is no limit and 0.
type size int64

var units = map[string]float64{
	"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "PB": 1e15,
	"KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40, "PIB": 1 << 50,
}

func parseSize(text string) (size, error) {
	text = strings.ToUpper(strings.TrimSpace(text))
	if text == "NONE" {
		return 0, nil
	}
	digits := strings.TrimRight(text, "BIKMGTP ")
	unit, known := units[strings.TrimSpace(text[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || strings.Trim(digits, "0123456789.") != "" || n*unit >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is not a size such as 500GB or 1.5TiB, or none", text)
	}
	return size(n * unit), nil
}

// Decode implements kong.MapperValue; a settings file may hold a plain number.
func (s *size) Decode(c *kong.DecodeContext) (err error) {
	given, err := c.Scan.PopValue("size")
	if err == nil {
		*s, err = parseSize(fmt.Sprint(given.Value))
	}
	return err
}
