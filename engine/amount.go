package engine

// Amount is a count of files and their bytes.
type Amount struct {
	Files int64
	Bytes int64
}
