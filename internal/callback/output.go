package callback

import (
	"bytes"
	"fmt"
	"strings"
)

// output keeps the first limit bytes written to it and says when it dropped some.
// exec.Cmd writes to it from one goroutine, and is done when Run returns.
type output struct {
	buf     bytes.Buffer
	limit   int
	dropped int
}

func (o *output) Write(p []byte) (int, error) {
	keep := min(len(p), o.limit-o.buf.Len())
	o.buf.Write(p[:keep])
	o.dropped += len(p) - keep
	return len(p), nil
}

func (o *output) String() string {
	text := strings.TrimRight(o.buf.String(), "\n")
	if o.dropped > 0 {
		text += fmt.Sprintf(" [and %d bytes more]", o.dropped)
	}
	return text
}
