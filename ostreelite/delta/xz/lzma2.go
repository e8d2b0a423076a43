package xz

// The control bytes of LZMA2 chunks (The .xz File Format, 5.3.1; xz-embedded's
// linux/lib/xz/xz_dec_lzma2.c describes them).
const (
	chunkEnd        = 0
	chunkPlainReset = 1 // not compressed, the dictionary begins anew
	chunkPlain      = 2 // not compressed
	chunkLZMA       = 0x80

	// What an LZMA chunk resets: each includes those before it.
	resetState      = 1
	resetProperties = 2
	resetDictionary = 3
)

// block unpacks the LZMA2 data of one block.
func (d *Decoder) block() error {
	needDictionary, needProperties := true, true
	for {
		control, err := d.in.byte()
		if err != nil {
			return err
		}
		reset := control >> 5 & 3
		if control == chunkPlainReset || control >= chunkLZMA && reset == resetDictionary {
			d.window.start = d.window.pos
			needDictionary, needProperties = false, true
		}
		switch {
		case control == chunkEnd:
			return d.window.flush(true)
		case needDictionary || control > chunkPlain && control < chunkLZMA:
			return ErrCorrupt
		case control < chunkLZMA:
			err = d.plainChunk()
		case needProperties && reset < resetProperties:
			return ErrCorrupt
		default:
			needProperties = false
			err = d.lzmaChunk(control, reset)
		}
		if err != nil {
			return err
		}
	}
}

func (d *Decoder) plainChunk() error {
	size, err := d.in.uint16()
	if err != nil {
		return err
	}
	if err := d.window.allow(size + 1); err != nil {
		return err
	}
	data := d.lzma.rc.buf[:size+1]
	if err := d.in.full(data); err != nil {
		return err
	}
	return d.window.write(data)
}

func (d *Decoder) lzmaChunk(control, reset byte) error {
	low, err := d.in.uint16()
	if err != nil {
		return err
	}
	packed, err := d.in.uint16()
	if err != nil {
		return err
	}
	if reset >= resetProperties {
		b, err := d.in.byte()
		if err != nil {
			return err
		}
		if !d.lzma.setProperties(b) {
			return ErrCorrupt
		}
	}
	if reset >= resetState {
		d.lzma.resetState()
	}
	unpacked := int(control&0x1f)<<16 + low + 1
	if err := d.window.allow(unpacked); err != nil {
		return err
	}
	if err := d.in.full(d.lzma.rc.buf[:packed+1]); err != nil {
		return err
	}
	if !d.lzma.rc.begin(packed + 1) {
		return ErrCorrupt
	}
	return d.lzma.chunk(&d.window, unpacked)
}
