package callback

import "strings"

const (
	// maxValue bounds a variable, in bytes, far below what the kernel takes
	// (128 KiB): a long reason must not keep the program from running.
	maxValue = 16 << 10
	// defaultPath is for programs that run where nobody set one, as in early boot.
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// environ adds the variables to base. A variable of base by one of their names
// does not shine through where the message has none.
func environ(base []string, currentTarget string, m Message) []string {
	vars := []struct{ name, value string }{
		{"MESSAGE", m.Message},
		{"CURRENT_TARGET", currentTarget},
		{"CURRENT_TARGET_NAME", m.CurrentTargetName},
		{"INSTALL_TARGET_NAME", m.InstallTargetName},
		{"RESULT", m.Result},
	}
	env := []string{"PATH=" + defaultPath} // the later one wins
	for _, kv := range base {
		name, _, _ := strings.Cut(kv, "=")
		ours := false
		for _, v := range vars {
			ours = ours || v.name == name
		}
		if !ours {
			env = append(env, kv)
		}
	}
	for _, v := range vars {
		// A zero byte cannot stand in an environment; the kernel would cut there.
		value := strings.ReplaceAll(v.value, "\x00", "")
		if value != "" {
			env = append(env, v.name+"="+value[:min(len(value), maxValue)])
		}
	}
	return env
}
