package pull

import (
	"fmt"

	"github.com/sotabox/sotabox/ostreelite/repo"
)

// maxRemoteConfig caps the size of a remote's config file, in bytes.
const maxRemoteConfig = 1 << 18

// checkRemoteConfig refuses a remote that is not an archive repository: only that
// mode has all of an object in one file.
func checkRemoteConfig(config []byte) error {
	k, err := repo.ParseKeyfile(config)
	if err != nil {
		return fmt.Errorf("config is not that of an ostree repository: %w", err)
	}
	text, ok := k.Get("core", "mode")
	if !ok {
		return fmt.Errorf("config is not that of an ostree repository: no core.mode")
	}
	if mode, err := repo.ParseMode(text); err != nil || mode != repo.Archive {
		return fmt.Errorf("repository mode is %.20q, only archive can be pulled over http", text)
	}
	return nil
}
