//go:build factory

package main

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// echo gives back what it reads, and closes when it has read all.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, k *link) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", k.addr())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}

func TestLinkDelaysEveryByteOnce(t *testing.T) {
	const trip = 60 * time.Millisecond
	k, err := newLink(echo(t), trip)
	require.NoError(t, err)
	start := time.Now()
	c := dial(t, k)
	var b [1]byte
	ask := func() time.Duration {
		begin := time.Now()
		_, err := c.Write([]byte{'x'})
		require.NoError(t, err)
		_, err = io.ReadFull(c, b[:])
		require.NoError(t, err)
		return time.Since(begin)
	}
	ask()
	require.GreaterOrEqual(t, time.Since(start), 2*trip, "the handshake takes a trip too")
	took := ask()
	require.GreaterOrEqual(t, took, trip)

	// Twenty that do not wait for each other take one trip, not twenty.
	begin := time.Now()
	for range 20 {
		_, err := c.Write([]byte{'y'})
		require.NoError(t, err)
		time.Sleep(time.Millisecond)
	}
	_, err = io.ReadFull(c, make([]byte, 20))
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 10*trip)
	require.NoError(t, c.CloseWrite())
	_, err = c.Read(b[:])
	require.ErrorIs(t, err, io.EOF)
	c.Close()
	k.close()
}

func TestLinkLosesNothing(t *testing.T) {
	k, err := newLink(echo(t), 10*time.Millisecond)
	require.NoError(t, err)
	c := dial(t, k)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	go func() {
		c.Write(data)
		c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	c.Close()
	k.close()
}
