package object

import "github.com/sotabox/sotabox/ostreelite/object/gvariant"

// Summary is what a repository's summary file says about its refs (libostree
// ostree-repo-private.h, OSTREE_SUMMARY_GVARIANT_FORMAT). It is no object: what
// vouches for it is a signature, or the connection it came over.
type Summary struct {
	Refs     []SummaryRef
	Metadata []byte // serialised "a{sv}", see Commit.Lookup
}

// SummaryRef is a ref in a summary.
type SummaryRef struct {
	Name     string
	Commit   Checksum
	Size     uint64 // of the commit object, in bytes (little endian, unlike the rest)
	Metadata []byte // serialised "a{sv}", such as ostree.commit.timestamp
}

var summaryType = gvariant.MustType("(a(s(taya{sv}))a{sv})")

// ParseSummary reads a summary file. Metadata refers to data. Refs out of order,
// or there twice, are refused. The error is an ErrMalformed.
func ParseSummary(data []byte) (*Summary, error) {
	v, err := parse(summaryType, data, MaxMetadataSize)
	if err != nil {
		return nil, err
	}
	refs := v.At(0)
	s := &Summary{Refs: make([]SummaryRef, 0, refs.Len()), Metadata: v.At(1).Bytes()}
	for i := range refs.Len() {
		name, about := refs.At(i).At(0).Str(), refs.At(i).At(1)
		if name == "" || i > 0 && s.Refs[i-1].Name >= name {
			return nil, malformed("ref %.300q is out of order", name)
		}
		c, err := checksumFrom(about.At(1).Bytes())
		if err != nil {
			return nil, err
		}
		s.Refs = append(s.Refs, SummaryRef{Name: name, Commit: c,
			Size: about.At(0).LE64(), Metadata: about.At(2).Bytes()})
	}
	return s, nil
}
