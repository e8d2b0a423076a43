package object

import (
	"math"
	"time"

	"github.com/sotabox/sotabox/ostreelite/object/gvariant"
)

// Commit is a commit object.
type Commit struct {
	Metadata  []byte   // serialised "a{sv}", see CommitMetadata
	Parent    Checksum // zero for the first commit
	Related   []FileEntry
	Subject   string
	Body      string
	Timestamp time.Time // whole seconds
	Tree      Checksum  // dirtree of the root directory
	Meta      Checksum  // dirmeta of the root directory
}

var (
	commitType   = gvariant.MustType("(a{sv}aya(say)sstayay)")
	metadataType = commitType.Elem(0)
	relatedType  = commitType.Elem(2)
)

// ParseCommit reads a commit object. Metadata refers to data.
// The error is an ErrMalformed.
func ParseCommit(data []byte) (*Commit, error) {
	v, err := parse(commitType, data, MaxMetadataSize)
	if err != nil {
		return nil, err
	}
	c := &Commit{
		Metadata: v.At(0).Bytes(),
		Subject:  v.At(3).Str(),
		Body:     v.At(4).Str(),
	}
	for i := range v.At(0).Len() {
		if v.At(0).At(i).At(0).Str() == "" {
			return nil, malformed("empty key in the commit's metadata")
		}
	}
	if parent := v.At(1).Bytes(); len(parent) > 0 {
		if c.Parent, err = checksumFrom(parent); err != nil {
			return nil, err
		}
	}
	for i := range v.At(2).Len() {
		e := v.At(2).At(i)
		sum, err := checksumFrom(e.At(1).Bytes())
		if err != nil {
			return nil, err
		}
		c.Related = append(c.Related, FileEntry{e.At(0).Str(), sum})
	}
	seconds := v.At(5).BE64()
	if seconds > math.MaxInt64 {
		return nil, malformed("timestamp %d", seconds)
	}
	c.Timestamp = time.Unix(int64(seconds), 0).UTC()
	if c.Tree, err = checksumFrom(v.At(6).Bytes()); err != nil {
		return nil, err
	}
	c.Meta, err = checksumFrom(v.At(7).Bytes())
	return c, err
}

// Marshal serialises the object; its checksum is the Sum of that.
func (c *Commit) Marshal() []byte {
	var parent []byte
	if !c.Parent.IsZero() {
		parent = c.Parent[:]
	}
	related := make([][]byte, len(c.Related))
	for i, r := range c.Related {
		related[i] = gvariant.Tuple(relatedType.Elem(0), gvariant.String(r.Name), r.Checksum[:])
	}
	return gvariant.Tuple(commitType, c.Metadata, parent, gvariant.Array(relatedType, related...),
		gvariant.String(c.Subject), gvariant.String(c.Body), be64(uint64(c.Timestamp.Unix())),
		c.Tree[:], c.Meta[:])
}

// Lookup finds a key in the commit's metadata, such as "version" (a string).
func (c *Commit) Lookup(key string) (gvariant.Value, bool) {
	v, err := gvariant.Parse(metadataType, c.Metadata)
	if err != nil {
		return gvariant.Value{}, false
	}
	return v.Lookup(key)
}
