//go:build factory

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/sotabox/sotabox/factory"
)

// Exit codes that the demo announces; docs name them all.
const (
	done           = 0
	nothingToDo    = 3 // of list, which asks no gateway
	newVersion     = 16
	rebootRequired = 100
	rolledBack     = 110
)

func openFactory(s *stage) error {
	s.say("A factory: signing keys, certificates, and two versions of a root file system.")
	if err := s.factory("new", s.path("factory"), "--files", strconv.Itoa(s.files)); err != nil {
		return err
	}
	for _, version := range []string{"1", "2"} {
		if err := s.factory("publish", s.path("factory"), "--version", version); err != nil {
			return err
		}
	}
	return s.serve()
}

func makeDevice(s *stage) (err error) {
	s.say("A device that runs version 1, and whose owner changed its /etc.")
	if err = s.factory("device", s.path("factory"), s.path("device")); err != nil {
		return err
	}
	if s.device, err = factory.OpenDevice(s.path("device")); err != nil {
		return err
	}
	deployment, err := s.device.Deployment()
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\n$ CONFIG=%s/sota/sota.toml\n", s.path("device"))
	return s.expect("changed etc/hostname, added etc/site.conf, removed etc/ntp.conf", changeEtc(filepath.Join(deployment, "etc")))
}

func update(s *stage) error {
	s.say("The device learns of version 2, takes it, and confirms it after the reboot.")
	for _, step := range []func() error{
		func() error { return s.lite(done, "status") },
		func() error { return s.liteWith(newVersion, []string{"demo-board-lmp-2"}, "check") },
		func() error { return s.lite(done, "pull") },
		func() error { return s.lite(rebootRequired, "install") },
		func() error { return s.factory("reboot", s.path("device")) },
		func() error { return s.lite(done, "run") },
		func() error { return s.lite(done, "check") },
		func() error {
			return s.liteWith(nothingToDo, []string{`"current": true`, `"version": 2`}, "list", "--json", "1")
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return s.inspect(2)
}

// inspect compares the running deployment with what was published.
func (s *stage) inspect(version int) error {
	deployment, err := s.device.Deployment()
	if err != nil {
		return err
	}
	if err := s.expect(fmt.Sprintf("every file of version %d is there, with its mode, links and attributes", version),
		s.compareWithPublished(deployment, version)); err != nil {
		return err
	}
	return s.expect("/etc has the owner's changes and the new version's", checkEtc(filepath.Join(deployment, "etc"), version))
}

func rollBack(s *stage) error {
	s.say("The operator does not like version 2 and goes back.")
	for _, step := range []func() error{
		func() error { return s.lite(rebootRequired, "rollback") },
		func() error { return s.factory("reboot", s.path("device")) },
		func() error { return s.lite(done, "run") },
		func() error { return s.runs(1) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func breakAtInstall(s *stage) error {
	s.say("Version 3 has no kernel: it cannot be installed, and the device stays as it is.")
	for _, step := range []func() error{
		func() error { return s.factory("publish", s.path("factory"), "--version", "3", "--no-kernel") },
		func() error { return s.lite(rolledBack, "update") },
		func() error { return s.runs(1) },
		func() error { return s.lite(done, "check") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func breakAtBoot(s *stage) error {
	s.say("Version 4 does not come up: the boot loader boots the old deployment again.")
	for _, step := range []func() error{
		func() error { return s.factory("publish", s.path("factory"), "--version", "4") },
		func() error { return s.lite(rebootRequired, "update") },
		func() error { return s.factory("fall-back", s.path("device")) },
		func() error { return s.lite(rolledBack, "run") },
		func() error { return s.runs(1) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// runs demands that the device runs a version, by its own account and by what
// is deployed.
func (s *stage) runs(version int) error {
	if err := s.liteWith(done, []string{fmt.Sprintf(`"name": "demo-board-lmp-%d"`, version)}, "status", "--json", "1"); err != nil {
		return err
	}
	deployment, err := s.device.Deployment()
	if err != nil {
		return err
	}
	release, err := os.ReadFile(filepath.Join(deployment, "usr/lib/os-release"))
	if err != nil {
		return err
	}
	return s.expect(fmt.Sprintf("version %d is what boots", version), contains(release, fmt.Sprintf("VERSION_ID=%d\n", version)))
}
