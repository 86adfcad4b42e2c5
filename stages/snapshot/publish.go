package snapshot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/quern-data/quern/stages/sink"
)

// Draft is a snapshot that is not published.
type Draft struct {
	Manifest *Manifest
	Hash     string // SHA-256 of the manifest up to its inputs, in hexadecimal
	// Dir is where it stands, from when it is written until it is published.
	Dir string

	output      *Output
	from        []string // the files that become the parts of the manifest, in their order
	made        []*Made
	attachments []Attachment
}

// Attachment is the content of a File.
type Attachment struct {
	Name    string
	Content []byte
}

// Draft prepares a snapshot of the given shards, which become its parts in their
// order, and of the table taxonomy, whose files stand in a folder as m describes them.
// It completes m, which says how tables are partitioned and in which format they
// are, and writes nothing.
func (o *Output) Draft(m *Manifest, made []*Made, taxonomy string) (*Draft, error) {
	m.Shards = make([]Shard, len(made))
	for i := range made {
		m.Shards[i] = made[i].Shard
		if !made[i].fits(m) {
			return nil, fmt.Errorf("shard %d has no parts of the format %q", i, m.Format)
		}
	}
	if err := errors.Join(m.checkFormat(), m.checkPartitions()); err != nil {
		return nil, err
	}
	d := &Draft{Manifest: m, output: o, made: made}
	d.find(taxonomy)
	for i := range m.Shards {
		s := &m.Shards[i]
		s.Parts, s.Arrow = slices.Clone(s.Parts), slices.Clone(s.Arrow)
		for j := range s.Parts {
			s.Parts[j].Path = m.PartPath(s.Parts[j].Table, i)
		}
		for j := range s.Arrow {
			s.Arrow[j].Path = m.ArrowPath(s.Arrow[j].Table, i)
		}
	}
	if m.HasParquet() {
		m.Taxonomy.Path = TaxonomyPath
	}
	if m.HasArrow() {
		m.ArrowTaxonomy.Path = ArrowTaxonomyPath
	}
	m.count()
	var err error
	d.Hash, err = m.hash()
	return d, err
}

// find notes where the files are that become those of the manifest, as long as it
// has their paths where they were made.
func (d *Draft) find(taxonomy string) {
	add := func(dir string, parts ...sink.Part) {
		for _, p := range parts {
			d.from = append(d.from, filepath.Join(dir, filepath.FromSlash(p.Path)))
		}
	}
	m := d.Manifest
	if m.HasParquet() {
		for _, made := range d.made {
			add(made.dir, made.Shard.Parts...)
		}
		add(taxonomy, m.Taxonomy)
	}
	if m.HasArrow() {
		for _, made := range d.made {
			add(made.dir, made.Shard.Arrow...)
		}
		add(taxonomy, m.ArrowTaxonomy)
	}
}

// Attach gives the snapshot files besides its parts, in place of those that it had.
func (d *Draft) Attach(files ...Attachment) (err error) {
	d.attachments = files
	d.Manifest.Files = make([]File, len(files))
	for i, f := range files {
		sum := sha256.Sum256(f.Content)
		d.Manifest.Files[i] = File{f.Name, int64(len(f.Content)), hex.EncodeToString(sum[:])}
	}
	d.Hash, err = d.Manifest.hash()
	return err
}

func (d *Draft) inputs(shard int) ([]byte, error) { return d.made[shard].InputLines() }

// Is reports whether the draft says the same as the snapshot with the given id.
func (d *Draft) Is(id string) bool {
	_, hash, found := strings.Cut(id, "-")
	return found && strings.HasPrefix(d.Hash, hash)
}

// Write makes the files of the snapshot, where no reader looks.
func (d *Draft) Write() (err error) {
	disk := d.output.disk
	if d.Dir, err = d.output.tmp(); err != nil {
		return err
	}
	folders := d.Manifest.Folders()
	for _, folder := range folders {
		if err := disk.Mkdir(d.path(folder)); err != nil {
			return err
		}
	}
	for i, p := range d.Manifest.AllParts() {
		if err := disk.LinkOrCopy(d.from[i], d.path(p.Path)); err != nil {
			return err
		}
	}
	for _, a := range d.attachments {
		if err := disk.WriteFile(filepath.Join(d.Dir, a.Name), a.Content, 0o444); err != nil {
			return err
		}
	}
	err = create(disk, filepath.Join(d.Dir, ManifestName), 0o444, func(to io.Writer) error {
		return d.Manifest.encode(to, d.inputs)
	})
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if err := disk.SyncDir(d.path(folder)); err != nil {
			return err
		}
	}
	if err := disk.SyncDir(d.Dir); err != nil {
		return err
	}
	if err := disk.WriteFile(filepath.Join(d.Dir, SuccessName), nil, 0o444); err != nil {
		return err
	}
	return disk.SyncDir(d.Dir)
}

func (d *Draft) path(name string) string { return filepath.Join(d.Dir, filepath.FromSlash(name)) }

// Publish makes the written snapshot the current one, and returns its id. verified
// and stamps are for the next run, see SaveState. If it fails, what was current
// still is, but for one case, which the error tells: the switch was made, and
// could not be made to last.
func (d *Draft) Publish(verified string, stamps [][]uint64) (id string, err error) {
	o := d.output
	next, err := nextNumber(o.Dir)
	if err != nil {
		return "", err
	}
	id = nameOf(next, d.Hash)
	if err := o.SaveState(id, verified, stamps); err != nil {
		return "", err
	}
	parent := filepath.Join(o.Dir, snapshotsName)
	if err := o.disk.MkdirAll(parent); err != nil {
		return "", err
	}
	if err := o.disk.Rename(d.Dir, Dir(o.Dir, id)); err != nil {
		return "", errors.Join(err, o.disk.RemoveAll(o.statePath(id)))
	}
	d.Dir = ""
	err = o.disk.SyncDir(parent)
	if err == nil {
		err = o.point(id)
	}
	if err == nil {
		return id, nil
	}
	if current, cerr := CurrentID(o.Dir); cerr == nil && current == id {
		return "", fmt.Errorf("snapshot %s is published, but may not outlast a power cut: %w", id, err)
	}
	return "", errors.Join(err, o.remove(id))
}

// Load reads back what Write wrote.
func (d *Draft) Load() (*Snapshot, error) { return load(d.Dir, d.Hash) }

// Discard removes what was written and is not published.
func (d *Draft) Discard() error {
	if d.Dir == "" {
		return nil
	}
	return d.output.disk.RemoveAll(d.Dir)
}

// nextNumber is one more than the highest number of any snapshot, complete or
// not, or gone and still current. Clocks jump; numbers do not.
func nextNumber(dir string) (int, error) {
	entries, err := os.ReadDir(filepath.Join(dir, snapshotsName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, err
	}
	current, err := CurrentID(dir)
	if err != nil {
		return 0, err
	}
	last := number(current)
	for _, e := range entries {
		last = max(last, number(e.Name()))
	}
	if last == maxNumber {
		return 0, fmt.Errorf("%s has a snapshot numbered %d, and no number is left: choose another output folder", dir, last)
	}
	return last + 1, nil
}

// point makes a snapshot the current one, in one step.
func (o *Output) point(id string) error {
	tmp, err := o.tmp()
	if err != nil {
		return err
	}
	target := snapshotsName + "/" + id
	link := filepath.Join(tmp, currentName)
	err = o.disk.Symlink(target, link)
	if err != nil && !errors.Is(err, syscall.ENOSPC) && !errors.Is(err, syscall.EDQUOT) {
		// No links here, or no right to make them: a file has to do.
		if ferr := o.disk.WriteFile(link, []byte(target+"\n"), 0o644); ferr != nil {
			err = errors.Join(err, ferr)
		} else {
			err = nil
		}
	}
	if err == nil {
		err = o.disk.Rename(link, filepath.Join(o.Dir, currentName))
	}
	if err == nil {
		err = o.disk.SyncDir(o.Dir)
	}
	return errors.Join(err, o.disk.RemoveAll(tmp))
}

// Rollback makes another snapshot the current one: the one with the given id, or
// for "" the newest before the current one that can be read. It returns its id.
func (o *Output) Rollback(id string) (string, error) {
	current, err := CurrentID(o.Dir)
	if err != nil {
		return "", err
	}
	ids, err := IDs(o.Dir)
	if err != nil {
		return "", err
	}
	if id == "" {
		before := slices.DeleteFunc(slices.Clone(ids), func(other string) bool { return number(other) >= number(current) })
		s := o.newest(before)
		if s == nil {
			return "", fmt.Errorf("%s has no snapshot before the current one that can be read", o.Dir)
		}
		id = s.ID
	}
	if !slices.Contains(ids, id) {
		return "", fmt.Errorf("%s has no complete snapshot %s: quern snapshots lists them", o.Dir, id)
	}
	if _, err := Load(Dir(o.Dir, id)); err != nil {
		return "", err
	}
	return id, o.point(id)
}

// Collect removes all snapshots but the keep newest ones that can be read and the
// current one, and what is kept about those that are gone. It returns what it
// removed. Parts that a remaining snapshot shares stay on the disk. It needs no
// room there.
func (o *Output) Collect(keep int) ([]string, error) {
	current, err := CurrentID(o.Dir)
	if err != nil {
		return nil, err
	}
	if current == "" {
		return nil, fmt.Errorf("%s has no current snapshot: quern rollback says which it is to be", o.Dir)
	}
	ids, err := IDs(o.Dir)
	if err != nil {
		return nil, err
	}
	var removed []string
	for _, id := range slices.Backward(ids) {
		if _, err := Load(Dir(o.Dir, id)); err == nil && keep > 0 {
			keep--
			continue
		}
		if id == current || keep > 0 {
			continue // what cannot be read may be looked into
		}
		if err := o.remove(id); err != nil {
			return removed, err
		}
		removed = append(removed, id)
	}
	slices.Reverse(removed)
	return removed, o.forget()
}

// forget removes what is kept about snapshots that are gone.
func (o *Output) forget() error {
	states, err := os.ReadDir(o.private(stateName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, e := range states {
		if id := strings.TrimSuffix(e.Name(), ".json"); !Complete(Dir(o.Dir, id)) {
			if err := o.disk.RemoveAll(o.statePath(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove takes a snapshot out of sight in one step before it goes file by file.
func (o *Output) remove(id string) error {
	hidden := o.private(tmpPrefix + id)
	if err := o.disk.Rename(Dir(o.Dir, id), hidden); err != nil {
		return err
	}
	return errors.Join(o.disk.RemoveAll(hidden), o.disk.RemoveAll(o.statePath(id)))
}

// Intact returns an error if a file of the snapshot that is no part is missing or
// has another size than when it was made. Of the parts, see Made.Intact.
func (s *Snapshot) Intact() error {
	for _, f := range s.Files {
		if err := intact(s.Dir, f.Path, f.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// Foreign lists what stands in a snapshot beside what its manifest names, as
// paths below its folder.
func (s *Snapshot) Foreign() ([]string, error) {
	ours := map[string]bool{ManifestName: true, SuccessName: true}
	for _, f := range s.Files {
		ours[f.Path] = true
	}
	for _, p := range s.AllParts() {
		ours[p.Path] = true
	}
	folders := map[string]bool{}
	for _, folder := range s.Folders() {
		folders[folder] = true
	}
	var foreign []string
	var list func(folder string) error
	list = func(folder string) error {
		entries, err := os.ReadDir(filepath.Join(s.Dir, filepath.FromSlash(folder)))
		if err != nil {
			return err
		}
		for _, e := range entries {
			name := path.Join(folder, e.Name())
			if e.IsDir() && folders[name] {
				if err := list(name); err != nil {
					return err
				}
			} else if !ours[name] {
				foreign = append(foreign, name)
			}
		}
		return nil
	}
	return foreign, list("")
}
