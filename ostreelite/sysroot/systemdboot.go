package sysroot

import (
	"context"
	"fmt"
)

// systemdBoot is for systemd-boot, which reads the entries themselves and
// loader.conf beside them.
type systemdBoot struct{}

func (systemdBoot) stage(_ context.Context, s *Sysroot, l *stagedLoader) error {
	const name = "loader.conf"
	conf, err := s.readBootFile("loader/" + name)
	if missing(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read boot/loader/%s: %w", name, err)
	}
	if err := replaceFile(l.dir, name, conf, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
