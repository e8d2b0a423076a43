package tuf

import (
	"bytes"
	"encoding/json"
	"errors"
)

// The functions of this file take JSON apart without copying it. They are meant for texts that are known to be valid,
// which encoding/json would validate again at each level; of others they make an error or anything, but no panic.

var errJSON = errors.New("not valid JSON")

// scanObject calls member for each member of an object, in order. The name is a literal, in quotes.
func scanObject(raw []byte, member func(name, value []byte) error) error {
	return scanList(raw, '{', '}', func(rest []byte) ([]byte, error) {
		name, err := scanValue(rest)
		if err != nil || name[0] != '"' {
			return nil, errJSON
		}
		rest = skipSpace(rest[len(name):])
		if len(rest) == 0 || rest[0] != ':' {
			return nil, errJSON
		}
		rest = skipSpace(rest[1:])
		value, err := scanValue(rest)
		if err != nil {
			return nil, err
		}
		return rest[len(value):], member(name, value)
	})
}

// scanArray calls item for each item of an array, in order.
func scanArray(raw []byte, item func(value []byte) error) error {
	return scanList(raw, '[', ']', func(rest []byte) ([]byte, error) {
		value, err := scanValue(rest)
		if err != nil {
			return nil, err
		}
		return rest[len(value):], item(value)
	})
}

// scanList calls element where each element begins; it returns what comes after the element.
func scanList(raw []byte, open, end byte, element func(rest []byte) ([]byte, error)) error {
	rest := skipSpace(raw)
	if len(rest) == 0 || rest[0] != open {
		return errJSON
	}
	rest = skipSpace(rest[1:])
	for first := true; ; first = false {
		if len(rest) == 0 {
			return errJSON
		}
		if rest[0] == end {
			if len(skipSpace(rest[1:])) != 0 {
				return errJSON
			}
			return nil
		}
		if !first {
			if rest[0] != ',' {
				return errJSON
			}
			rest = skipSpace(rest[1:])
		}
		var err error
		if rest, err = element(rest); err != nil {
			return err
		}
		rest = skipSpace(rest)
	}
}

// scanValue returns the value that raw begins with; it is not empty.
func scanValue(raw []byte) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, errJSON
	}
	switch raw[0] {
	case '"':
		if n := stringEnd(raw, 0); n > 0 {
			return raw[:n], nil
		}
	case '{', '[':
		depth := 0
		for i := 0; i < len(raw); i++ {
			switch raw[i] {
			case '"':
				n := stringEnd(raw, i)
				if n == 0 {
					return nil, errJSON
				}
				i = n - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return raw[:i+1], nil
				}
			}
		}
	default:
		if token := scalarToken(raw); len(token) > 0 {
			return token, nil
		}
	}
	return nil, errJSON
}

// stringEnd returns where the string literal at from ends; 0 if it does not.
func stringEnd(raw []byte, from int) int {
	for i := from + 1; i < len(raw); {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return 0
		}
		i += n + 1
		escapes := 0
		for raw[i-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
	return 0
}

// scalarToken returns the number or the word that raw begins with.
func scalarToken(raw []byte) []byte {
	for i, b := range raw {
		switch b {
		case ' ', '\t', '\n', '\r', ',', ']', '}', ':':
			return raw[:i]
		}
	}
	return raw
}

func skipSpace(raw []byte) []byte {
	for i, b := range raw {
		if b != ' ' && b != '\t' && b != '\n' && b != '\r' {
			return raw[i:]
		}
	}
	return nil
}
