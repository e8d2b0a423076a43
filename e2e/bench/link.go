//go:build factory

package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// link is a slow line in front of a server: every byte arrives, in either
// direction, half a round trip after it was sent, however many are on their way.
// Like a real line it delays a connection's first bytes by the handshake too,
// and does not wait for one byte to arrive before it takes the next.
type link struct {
	listener net.Listener
	server   string
	oneWay   time.Duration
	running  sync.WaitGroup
}

// inFlight bounds what a direction of a connection holds, in pieces of at most
// pieceSize bytes: 16 MiB, more than TCP would have in flight.
const (
	inFlight  = 1024
	pieceSize = 16 << 10
)

func newLink(server string, roundTrip time.Duration) (*link, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	k := &link{listener: l, server: server, oneWay: roundTrip / 2}
	k.running.Go(k.accept)
	return k, nil
}

// addr is where the far end of the line seems to be.
func (k *link) addr() string { return k.listener.Addr().String() }

func (k *link) close() {
	k.listener.Close()
	k.running.Wait()
}

func (k *link) accept() {
	for {
		near, err := k.listener.Accept()
		if err != nil {
			return
		}
		k.running.Go(func() { k.carry(near.(*net.TCPConn), time.Now()) })
	}
}

// carry joins one connection with one to the server. opened is when the client
// began its handshake, which it believes to be over.
func (k *link) carry(near *net.TCPConn, opened time.Time) {
	defer near.Close()
	conn, err := net.Dial("tcp", k.server)
	if err != nil {
		return
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	var both sync.WaitGroup
	both.Go(func() { k.delay(far, near, opened.Add(2*k.oneWay)) })
	both.Go(func() { k.delay(near, far, opened) })
	both.Wait()
}

type piece struct {
	due  time.Time
	data []byte
}

// delay carries one direction. Nothing sent before ready is taken to be sent
// before it.
func (k *link) delay(to, from *net.TCPConn, ready time.Time) {
	line := make(chan piece, inFlight)
	var sender sync.WaitGroup
	sender.Go(func() {
		for p := range line {
			time.Sleep(time.Until(p.due))
			if _, err := to.Write(p.data); err != nil {
				// Unblock the reader; what is on the line is lost.
				from.CloseRead()
				for range line {
				}
				return
			}
		}
		to.CloseWrite()
	})
	for {
		buf := make([]byte, pieceSize)
		n, err := from.Read(buf)
		if n > 0 {
			sent := time.Now()
			if sent.Before(ready) {
				sent = ready
			}
			line <- piece{sent.Add(k.oneWay), buf[:n]}
		}
		if err != nil {
			if err != io.EOF {
				to.CloseRead()
			}
			break
		}
	}
	close(line)
	sender.Wait()
}
