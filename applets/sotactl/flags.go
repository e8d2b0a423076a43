package sotactl

import (
	"fmt"
	"strings"

	"github.com/sotabox/sotabox/client"
)

type options struct {
	command string
	want    client.Want
	srcDir  string
	help    bool
}

// takes says what each command accepts.
var takes = map[string]struct{ target, srcDir bool }{
	"check": {srcDir: true}, "pull": {true, true}, "install": {true, true}, "run": {}, "daemon": {srcDir: true},
}

func parse(args []string) (options, error) {
	o := options{command: "daemon"}
	var words []string
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		var into *string
		switch name {
		case "-h", "--help":
			o.help = true
			continue
		case "-t", "--target":
			into = &o.want.Name
		case "-s", "--src-dir":
			into = &o.srcDir
		default:
			if strings.HasPrefix(name, "-") {
				return o, fmt.Errorf("unknown option %q; see sotactl --help", name)
			}
			words = append(words, args[i])
			continue
		}
		if !hasValue {
			if i++; i == len(args) {
				return o, fmt.Errorf("%s needs a value; see sotactl --help", name)
			}
			value = args[i]
		}
		*into = value
	}
	if len(words) > 0 {
		o.command, words = words[0], words[1:]
	}
	may, known := takes[o.command]
	if !known {
		return o, fmt.Errorf("unknown command %q; see sotactl --help", o.command)
	}
	if len(words) > 0 && o.want.Name == "" {
		o.want.Name, words = words[0], words[1:]
	}
	switch {
	case len(words) > 0:
		return o, fmt.Errorf("unexpected argument %q; see sotactl --help", words[0])
	case o.want.Name != "" && !may.target:
		return o, fmt.Errorf("%s takes no target; see sotactl --help", o.command)
	case o.srcDir != "" && !may.srcDir:
		return o, fmt.Errorf("%s takes no --src-dir; see sotactl --help", o.command)
	}
	return o, nil
}
