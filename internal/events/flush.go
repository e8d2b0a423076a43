package events

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/sotabox/sotabox/internal/atomicfile"
	"github.com/sotabox/sotabox/internal/gateway"
)

const (
	// maxBody keeps a request under the 100 KB that gateways take (spec/cli.md),
	// whether they count in 1000 or 1024.
	maxBody = 96_000
	// maxBatch bounds how much is sent again after a cut between the gateway's
	// answer and the removal.
	maxBatch = 100
)

// Poster posts a JSON body; *gateway.Gateway is one.
type Poster interface {
	PostJSON(ctx context.Context, url string, v any, header http.Header) error
}

// Flush posts the queued events to url, <tls.server>/events, in order and in as
// many requests as it takes, and removes what was taken. A gateway that answers
// 404 takes no events: all are dropped and that is no error. On any other error
// the rest stays queued. An event may be posted twice, with the same id, if the
// device dies at the wrong moment; none is posted out of order.
func (q *Queue) Flush(ctx context.Context, p Poster, url string) error {
	q.flushing.Lock()
	defer q.flushing.Unlock()
	for {
		body, numbers, err := q.batch()
		if err != nil {
			return fmt.Errorf("send events: %w", err)
		}
		if len(numbers) == 0 {
			return nil
		}
		if len(body) > 0 {
			err = p.PostJSON(ctx, url, body, nil)
		}
		if se, ok := errors.AsType[*gateway.StatusError](err); ok && se.Code == http.StatusNotFound {
			return q.dropAll()
		}
		if err != nil {
			return fmt.Errorf("send events: %w", err)
		}
		q.mu.Lock()
		err = q.remove(numbers)
		q.mu.Unlock()
		if err != nil {
			return fmt.Errorf("send events: %w", err)
		}
	}
}

// batch makes the next request body, and tells which events are done with once it
// is delivered: those in it and those found unusable. An empty body needs no
// request.
func (q *Queue) batch() (body []byte, numbers []uint64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, err := q.list()
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	for _, n := range all[:min(len(all), maxBatch)] {
		data, err := atomicfile.Read(q.dir, fileName(n), maxEvent)
		unusable := errors.Is(err, atomicfile.ErrTooLarge) || errors.Is(err, atomicfile.ErrNotRegular)
		if err != nil && !unusable {
			return nil, nil, err
		}
		if unusable || !json.Valid(data) {
			q.log.Error("dropping an event that is damaged", "file", fileName(n), "dir", q.dir.Name())
			numbers = append(numbers, n)
			continue
		}
		if b.Len()+len(data)+len("[,]") > maxBody {
			break
		}
		if b.Len() == 0 {
			b.WriteByte('[')
		} else {
			b.WriteByte(',')
		}
		b.Write(data)
		numbers = append(numbers, n)
	}
	if b.Len() > 0 {
		b.WriteByte(']')
	}
	return b.Bytes(), numbers, nil
}

func (q *Queue) dropAll() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	all, err := q.list()
	if err == nil {
		err = q.remove(all)
	}
	if err != nil {
		return fmt.Errorf("drop events: %w", err)
	}
	q.log.Debug("the server takes no events, dropped them", "dropped", len(all))
	return nil
}
