package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
)

// databaseAt passes connections on to a PostgreSQL service, and gives the address
// where it takes them. What is asked is told as the statement, shortened, with the
// kind of file among its parameters, and COMMIT with what is committed.
//
// On the wire (PostgreSQL 15, chapter 55, "Frontend/Backend Protocol") a message is a
// byte that names it, a length of four bytes that counts itself, and its content; the
// first of a connection has no name. A question ends with Query or Sync, its answer
// with ReadyForQuery.
func (w *wire) databaseAt(host string) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			server, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { w.carry(server, host) })
		}
	})
	w.t.Cleanup(func() { l.Close(); all.Wait() })
	return l.Addr().String()
}

// carry carries one connection until one of its ends is closed.
func (w *wire) carry(server net.Conn, host string) {
	defer server.Close()
	service, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer service.Close()
	dying := make(chan bool, 1) // a question after whose answer the server dies
	var both sync.WaitGroup
	both.Go(func() {
		defer service.Close()
		w.questions(server, service, dying)
	})
	both.Go(func() {
		defer server.Close()
		w.answers(service, server, dying)
	})
	both.Wait()
}

// message is one of either side; its name is 0 for the first of a connection.
type message struct {
	name    byte
	content []byte
}

func readMessage(r io.Reader, named bool) (m message, err error) {
	head := make([]byte, 4, 5)
	if named {
		head = head[:5]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return m, err
	}
	if named {
		m.name, head = head[0], head[1:]
	}
	m.content = make([]byte, binary.BigEndian.Uint32(head)-4)
	_, err = io.ReadFull(r, m.content)
	return m, err
}

func (m message) write(to io.Writer) error {
	var b []byte
	if m.name != 0 {
		b = append(b, m.name)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.content)+4))
	_, err := to.Write(append(b, m.content...))
	return err
}

// questions passes on what the server asks.
func (w *wire) questions(server io.Reader, service io.Writer, dying chan<- bool) {
	from := bufio.NewReader(server)
	statements := map[string]string{} // prepared, by name
	var transaction []string          // what was asked since BEGIN
	var when moment
	for named := false; ; named = true {
		m, err := readMessage(from, named)
		if err != nil {
			return
		}
		asked := ""
		switch m.name {
		case 'P': // Parse: a name, a statement
			name, rest, _ := bytes.Cut(m.content, []byte{0})
			text, _, _ := bytes.Cut(rest, []byte{0})
			statements[string(name)] = string(text)
		case 'B': // Bind: a portal, the name of a statement, its parameters
			_, rest, _ := bytes.Cut(m.content, []byte{0})
			name, parameters, _ := bytes.Cut(rest, []byte{0})
			asked = shorten(statements[string(name)]) + kindIn(string(parameters))
			transaction = append(transaction, asked)
		case 'Q': // Query: a statement
			asked = strings.ToUpper(strings.TrimRight(string(m.content), "\x00;"))
			switch asked {
			case "BEGIN":
				transaction = nil
			case "COMMIT":
				asked += " of " + strings.Join(transaction, ", ")
			}
		}
		if asked != "" {
			when = w.note(asked)
		}
		if when == before {
			w.kill()
			return
		}
		if ends := m.name == 'Q' || m.name == 'S'; when == after && ends {
			dying <- true
			when = ""
		}
		if m.write(service) != nil {
			return
		}
	}
}

// answers passes on what the service answers.
func (w *wire) answers(service io.Reader, server io.Writer, dying <-chan bool) {
	from := bufio.NewReader(service)
	for {
		m, err := readMessage(from, true)
		if err != nil {
			return
		}
		if m.name == 'Z' { // ReadyForQuery
			select {
			case <-dying:
				w.kill()
				return
			default:
			}
		}
		if m.write(server) != nil {
			return
		}
	}
}

var (
	verb  = regexp.MustCompile(`(?s)^\s*(INSERT INTO|UPDATE|DELETE FROM|SELECT)\b(?:.*?\bFROM)?\s*(\w*)`)
	state = regexp.MustCompile(`SET state = '(\w+)'`)
)

// shorten makes "UPDATE object SET stored" of a statement.
func shorten(statement string) string {
	m := verb.FindStringSubmatch(statement)
	if m == nil {
		return statement
	}
	short := strings.TrimSpace(m[1] + " " + m[2])
	if s := state.FindStringSubmatch(statement); s != nil {
		short += " SET " + s[1]
	}
	return short
}
