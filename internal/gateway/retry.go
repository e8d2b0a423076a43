package gateway

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	tries         = 3 // spec/tuf.md, Requests
	firstWait     = time.Second
	maxRetryAfter = 30 * time.Second
)

// StatusError is an answer that is not 2xx.
type StatusError struct {
	Code int
	// RetryAfter is what the server asks to wait, 0 if it does not say.
	RetryAfter time.Duration
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("server answered %d %s", e.Code, http.StatusText(e.Code))
}

// retry decides whether another try can help after try number n failed with err,
// and how long to wait before it: trouble on the way and trouble that the server
// calls its own (5xx) or passing (429) may go away; another 4xx, an answer that
// is too large, a certificate that does not verify or a redirect will not.
func retry(err error, n int) (wait time.Duration, again bool) {
	if n >= tries {
		return 0, false
	}
	wait = firstWait << (n - 1)
	if se, ok := errors.AsType[*StatusError](err); ok {
		return min(max(wait, se.RetryAfter), maxRetryAfter), se.Code >= 500 || se.Code == http.StatusTooManyRequests
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return 0, false
	}
	for _, final := range []error{ErrTooLarge, ErrIdentity, ErrRedirect} {
		if errors.Is(err, final) {
			return 0, false
		}
	}
	return wait, true
}

// retryAfter reads the header's number of seconds; its form as a date would need
// a clock that agrees with the server's and is not worth it.
func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(n), maxRetryAfter/time.Second) * time.Second
}
