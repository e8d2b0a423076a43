package sysroot

import (
	"context"
	"fmt"
	"strings"
)

// deploymentRef is the ref that keeps the commit of the deployment at index
// from being pruned by programs that do not know about deployments.
func deploymentRef(version, sub, index int) string {
	return fmt.Sprintf("ostree/%d/%d/%d", version, sub, index)
}

// writeRefs gives every deployment its ref and removes those of other boot
// versions (ostree-sysroot-cleanup.c, generate_deployment_refs).
func (s *Sysroot) writeRefs(context.Context) error {
	refs, err := s.repo.Refs()
	if err != nil {
		return err
	}
	wanted := make(map[string]bool)
	for i, d := range s.deployments {
		ref := deploymentRef(s.bootVersion, s.subBootVersion, i)
		wanted[ref] = true
		if refs[ref] == d.Commit {
			continue
		}
		if err := s.repo.SetRef(ref, d.Commit); err != nil {
			return err
		}
	}
	for ref := range refs {
		if isDeploymentRef(ref) && !wanted[ref] {
			if err := s.repo.DeleteRef(ref); err != nil {
				return err
			}
		}
	}
	return nil
}

// isDeploymentRef reports whether a ref is below one of the boot versions.
func isDeploymentRef(ref string) bool {
	for _, prefix := range [...]string{"ostree/0/0/", "ostree/0/1/", "ostree/1/0/", "ostree/1/1/"} {
		if strings.HasPrefix(ref, prefix) {
			return true
		}
	}
	return false
}
