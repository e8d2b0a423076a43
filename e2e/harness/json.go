//go:build factory

package harness

import (
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// jsonCommand looks into the JSON of the last stdout: PATH is members and
// elements joined by dots, an element being an index or member=value of the
// element to find; "length" counts members or elements. VALUE is as JSON writes it, strings without
// quotes; "absent" for what is not there.
//
//	json length                       2
//	json version=2.selected           true
//	json applied_target.name          demo-board-lmp-1
func jsonCommand(ts *testscript.TestScript, args []string) {
	output := ts.ReadFile("stdout")
	document, err := parseJSON(output)
	if err != nil {
		ts.Fatalf("stdout is not JSON: %v\n%s", err, output)
	}
	if got := lookInto(document, strings.Split(args[0], ".")); got != args[1] {
		ts.Fatalf("%s is %s, want %s, in\n%s", args[0], got, args[1], output)
	}
}

// parseJSON reads exactly one value; numbers stay as they are written.
func parseJSON(text string) (document any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err = decoder.Decode(&document); err != nil {
		return nil, err
	}
	if _, err = decoder.Token(); err != io.EOF {
		return nil, errors.New("something follows the value")
	}
	return document, nil
}

// lookInto follows a path and renders what is there.
func lookInto(v any, path []string) string {
	for _, step := range path {
		var ok bool
		if v, ok = follow(v, step); !ok {
			return "absent"
		}
	}
	if text, ok := v.(string); ok {
		return text
	}
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func follow(v any, step string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if step == "length" {
			return len(v), true
		}
		member, ok := v[step]
		return member, ok
	case []any:
		return element(v, step)
	}
	return nil, false
}

func element(list []any, step string) (any, bool) {
	if step == "length" {
		return len(list), true
	}
	if i, err := strconv.Atoi(step); err == nil {
		if i < 0 || i >= len(list) {
			return nil, false
		}
		return list[i], true
	}
	name, value, _ := strings.Cut(step, "=")
	for _, e := range list {
		if lookInto(e, []string{name}) == value {
			return e, true
		}
	}
	return nil, false
}
