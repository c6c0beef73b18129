package blob

import (
	"path"
	"slices"

	"github.com/mewshq/mews/internal/vfs"
)

// maxIdle is how many pack files stay open without a reader. What a search looks
// at next lies mostly in the packs it just read.
const maxIdle = 64

// sole tells whether a blob is known to be in a pack and nowhere else.
func (p *packs) sole(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.places[keyOf(id)].sole
}

// settle notes that a packed blob was seen to have no file of its own, unless it
// may have got one since.
func (p *packs) settle(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(id)
	if at, ok := p.places[key]; ok && !p.healed[key] {
		at.sole = true
		p.places[key] = at
	}
}

// heal is called before a blob gets a file of its own.
func (p *packs) heal(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(id)
	if at, ok := p.places[key]; ok {
		at.sole = false
		p.places[key], p.healed[key] = at, true
	}
}

// open opens the container of a packed blob; a missing one is ErrNotFound.
func (p *packs) open(id string) (*packedFile, error) {
	p.mu.Lock()
	at, ok := p.places[keyOf(id)]
	if !ok {
		p.mu.Unlock()
		return nil, ErrNotFound
	}
	file := p.files[at.pack]
	file.readers++
	if i := slices.Index(p.idle, file); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
	}
	f := file.file
	p.mu.Unlock()
	if f == nil {
		var err error
		if f, err = p.openPack(file); err != nil {
			p.leave(file)
			return nil, err
		}
	}
	return &packedFile{File: f, packs: p, pack: file, place: at}, nil
}

// openPack opens the file of a pack for all who use it. Disks may be slow, so
// others are not kept waiting; of two who open it at once, one does so in vain.
func (p *packs) openPack(file *pack) (vfs.File, error) {
	f, err := p.fs.Open(path.Join(packDir, file.name))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	if file.file == nil {
		file.file = f
	}
	shared := file.file
	p.mu.Unlock()
	if shared != f {
		f.Close()
	}
	return shared, nil
}

// leave ends a use of a pack. The last reader gives the bytes of what was
// deleted meanwhile back to the disk.
func (p *packs) leave(file *pack) {
	p.mu.Lock()
	for file.readers == 1 && file.file != nil && len(file.dead) > 0 {
		dead := file.dead
		file.dead = nil
		p.mu.Unlock()
		for _, d := range dead {
			_ = file.file.Discard(int64(d.at), int64(d.length)) // costs room only
		}
		p.mu.Lock()
	}
	file.readers--
	unused := p.retire(file)
	p.mu.Unlock()
	if unused != nil {
		unused.Close()
	}
}

// retire keeps a pack without readers open, and gives the file that is to be
// closed for it: the pack's own when nothing is left in it, as it is removed then.
func (p *packs) retire(file *pack) (unused vfs.File) {
	if file.readers > 0 || file.file == nil {
		return nil
	}
	if file.live > 0 {
		p.idle = append(p.idle, file)
		if len(p.idle) <= maxIdle {
			return nil
		}
		file = p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	unused, file.file = file.file, nil
	return unused
}
