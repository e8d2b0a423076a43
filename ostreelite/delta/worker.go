package delta

import (
	"context"
	"fmt"
	"io"

	"github.com/sotabox/sotabox/ostreelite/delta/xz"
)

// worker applies one part after the other.
type worker struct {
	*applier
	s       *superblock
	file    *spool
	sources sources
	decoder *xz.Decoder
}

func (a *applier) worker(s *superblock) (*worker, error) {
	file, err := a.spool()
	if err != nil {
		return nil, err
	}
	return &worker{applier: a, s: s, file: file, sources: sources{repo: a.repo, temp: a.txn.Temp}}, nil
}

func (w *worker) close() {
	w.sources.close()
	w.file.Close()
}

// apply brings what one part has.
func (w *worker) apply(ctx context.Context, p part) error {
	err := w.applyPart(ctx, p)
	if err != nil {
		err = fmt.Errorf("static delta %s: part %d: %w", Name(w.s.from, w.s.to), p.number, err)
	}
	return err
}

func (w *worker) applyPart(ctx context.Context, p part) error {
	v, err := w.fetch(ctx, p)
	if err != nil {
		return err
	}
	content, err := parsePayload(v)
	if err != nil {
		return err
	}
	return newProgram(ctx, w.txn, &w.sources, content, p.objects, w.wrote).run()
}

// fetch puts the verified content of a part into the worker's file.
func (w *worker) fetch(ctx context.Context, p part) (v view, err error) {
	if p.inline.file != nil {
		return w.unpack(p, withContext{ctx, p.inline.reader()})
	}
	err = w.source.Fetch(ctx, PartPath(w.s.from, w.s.to, p.number), func(r io.Reader) (err error) {
		v, err = w.unpack(p, r)
		return err
	})
	return v, err
}

// The compressions of parts: the first byte of one.
const (
	packedNot = 0
	packedXz  = 'x'
)

func (w *worker) unpack(p part, r io.Reader) (view, error) {
	in := newFetched(r, int64(p.packed))
	var packing [1]byte
	if _, err := io.ReadFull(in, packing[:]); err != nil {
		if err == io.EOF {
			err = malformed("empty")
		}
		return view{}, err
	}
	decoder := plain
	switch packing[0] {
	case packedNot:
	case packedXz:
		if w.decoder == nil {
			w.decoder = xz.NewDecoder()
		}
		decoder = w.decoder.Decode
	default:
		return view{}, malformed("packed in an unknown way")
	}
	v, err := w.file.fill(in, limit(p), decoder)
	if err != nil {
		return view{}, err
	}
	sum, err := in.sum()
	if err == nil && sum != p.checksum {
		err = malformed("checksum is wrong")
	}
	return v, err
}

// limit is how large the content of a part can be at most, in bytes. All data is
// in it, once. Beside that come, for each object, at most a link target or the
// checksum of a source, a few operands and the header; patches take 24 bytes for
// every piece that differs, and pieces have more than 8 bytes.
func limit(p part) int64 {
	const perObject, tables = 8 << 10, 1 << 20
	return 4*int64(p.unpacked) + p.objects.size/int64(entrySize)*perObject + tables
}
