package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// TimeFormat is the only form of a time in the factory dialect; it is always UTC.
const TimeFormat = "2006-01-02T15:04:05Z"

// The parse functions below read single JSON values. They exist because decoding into a struct matches member names
// regardless of case, and takes null and absence for zero: a document must not mean one thing here and another thing to
// its signer.

func parseObject(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(orNull(raw), &members); err != nil || members == nil {
		return nil, errors.New("not an object")
	}
	return members, nil
}

func parseString(raw json.RawMessage) (string, error) {
	var s *string
	if err := json.Unmarshal(orNull(raw), &s); err != nil || s == nil {
		return "", errors.New("not a string")
	}
	return *s, nil
}

func parseStrings(raw json.RawMessage) ([]string, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(orNull(raw), &list); err != nil || list == nil {
		return nil, errors.New("not an array of strings")
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		s, err := parseString(item)
		if err != nil {
			return nil, errors.New("not an array of strings")
		}
		out = append(out, s)
	}
	return out, nil
}

// parseInt accepts integers without fraction and exponent, which are not negative.
func parseInt(raw json.RawMessage) (int64, error) {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
	if err != nil || n < 0 {
		return 0, errors.New("not an integer from 0 to 2^63-1")
	}
	return n, nil
}

func parseVersion(raw json.RawMessage) (int64, error) {
	n, err := parseInt(raw)
	if err != nil || n == 0 {
		return 0, errors.New("not a positive integer")
	}
	return n, nil
}

// parseTime accepts TimeFormat to the letter; time.Parse alone would let a fraction of a second pass.
func parseTime(raw json.RawMessage) (time.Time, error) {
	s, err := parseString(raw)
	if err == nil && len(s) == len(TimeFormat) {
		if t, err := time.Parse(TimeFormat, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("not a time of the form YYYY-MM-DDTHH:MM:SSZ")
}

// orNull makes an absent member decode like null.
func orNull(raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return []byte("null")
	}
	return raw
}
