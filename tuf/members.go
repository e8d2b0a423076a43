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

// parseObject returns the members of an object, which share its memory. Of two members of one name the last is returned.
// Documents in which that happens are refused before: see Canonical.
func parseObject(raw json.RawMessage) (map[string]json.RawMessage, error) {
	members := make(map[string]json.RawMessage, 8)
	err := scanObject(raw, func(literal, value []byte) error {
		name, err := parseString(literal)
		members[name] = value
		return err
	})
	if err != nil {
		return nil, errors.New("not an object")
	}
	return members, nil
}

func parseString(raw json.RawMessage) (string, error) {
	if n := len(raw); n >= 2 && raw[0] == '"' && raw[n-1] == '"' && isPlain(raw[1:n-1]) {
		return string(raw[1 : n-1]), nil
	}
	var s *string
	if err := json.Unmarshal(orNull(raw), &s); err != nil || s == nil {
		return "", errors.New("not a string")
	}
	return *s, nil
}

func isPlain(text []byte) bool {
	for _, b := range text {
		if !plain(b) {
			return false
		}
	}
	return true
}

func parseStrings(raw json.RawMessage) ([]string, error) {
	out := []string{}
	err := scanArray(raw, func(item []byte) error {
		s, err := parseString(item)
		out = append(out, s)
		return err
	})
	if err != nil {
		return nil, errors.New("not an array of strings")
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
