// This file is empty. It lets the compiler accept a function without a body,
// see renderer.go.
