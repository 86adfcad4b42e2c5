package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/quern-data/quern/stages/disk"
)

// Names in an output folder.
const (
	currentName   = "current"
	snapshotsName = "snapshots"
	privateName   = ".quern"

	lockName    = "lock"
	holderName  = "holder.json"
	formatName  = "format"
	stagingName = "staging"
	stateName   = "state"
	indexName   = "index"
	tmpPrefix   = "tmp-"

	formatText = "quern output 1\n"
)

// Holder says which process works, or worked, on an output.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"`
}

func (h *Holder) String() string {
	return fmt.Sprintf("process %d on %s, started %s", h.PID, h.Host, h.Started.Format(time.RFC3339))
}

// LockedError says that another process works on the output.
type LockedError struct {
	Dir    string
	Holder *Holder // nil if it did not say
}

func (e *LockedError) Error() string {
	who := "another process"
	if e.Holder != nil {
		who = e.Holder.String()
	}
	return fmt.Sprintf("%s is in use by %s: wait for it with --wait, or end it", e.Dir, who)
}

// Output is an output folder that this process alone works on. It is not safe
// for concurrent use, but for Stage and what Stage returns.
type Output struct {
	Dir string
	// Interrupted is the process that worked on the output before and did not come
	// to its end, nil if it did.
	Interrupted *Holder
	// Foreign are names in the folder that are not Quern's. They are left alone.
	Foreign []string

	disk *disk.Disk
	lock *flock.Flock
}

// Open makes the folder if there is none, locks it, and removes what a run that
// was killed left half done. If another process holds the lock, it waits for as
// long as wait says, and then fails with a LockedError.
//
// The lock is the operating system's, and ends with the process that holds it,
// however that ends. holder is written beside it for people to read.
//
// A folder that holds something and is no output is refused.
func Open(ctx context.Context, dir string, d *disk.Disk, holder Holder, wait time.Duration) (*Output, error) {
	o := &Output{Dir: dir, disk: d}
	if err := o.claim(); err != nil {
		return nil, err
	}
	if err := o.acquire(ctx, wait); err != nil {
		return nil, err
	}
	if err := o.begin(holder); err != nil {
		return nil, errors.Join(err, o.lock.Close())
	}
	return o, nil
}

// View is the output in dir, for looking at it alone: its methods that write are
// not to be called. There need be no such folder.
func View(dir string) *Output { return &Output{Dir: dir} }

func (o *Output) private(names ...string) string {
	return filepath.Join(append([]string{o.Dir, privateName}, names...)...)
}

// claim makes the folder an output, unless it is one.
func (o *Output) claim() error {
	entries, err := os.ReadDir(o.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, lerr := os.Lstat(o.Dir); err != nil && lerr == nil {
		return fmt.Errorf("%s is a link that leads nowhere: make the folder it leads to, or choose another output folder", o.Dir)
	}
	format, err := os.ReadFile(o.private(formatName))
	switch {
	case err == nil && string(format) == formatText:
		for _, e := range entries {
			if !slices.Contains([]string{currentName, snapshotsName, privateName}, e.Name()) {
				o.Foreign = append(o.Foreign, e.Name())
			}
		}
		return nil
	case err == nil:
		return fmt.Errorf("%s is an output of another version of Quern (%q): choose another folder", o.Dir, strings.TrimSpace(string(format)))
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	// A run that was killed before it could say more leaves .quern.
	for _, e := range entries {
		if e.Name() != privateName {
			return fmt.Errorf("%s holds files that Quern did not write, such as %s: choose another output folder, or empty this one", o.Dir, e.Name())
		}
	}
	return o.disk.MkdirAll(o.private())
}

// lockRetry is how often a lock is tried while waiting.
const lockRetry = 200 * time.Millisecond

func (o *Output) acquire(ctx context.Context, wait time.Duration) error {
	o.lock = flock.New(o.private(lockName))
	ok, err := o.lock.TryLock()
	if err == nil && !ok && wait > 0 {
		waiting, cancel := context.WithTimeout(ctx, wait)
		ok, err = o.lock.TryLockContext(waiting, lockRetry)
		cancel()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s cannot be locked: %w", o.Dir, err)
	}
	if !ok {
		holder, _ := o.holder()
		return &LockedError{o.Dir, holder}
	}
	return nil
}

func (o *Output) holder() (*Holder, error) {
	text, err := os.ReadFile(o.private(holderName))
	if err != nil {
		return nil, err
	}
	h := new(Holder)
	return h, json.Unmarshal(text, h)
}

// begin says who holds the lock, and cleans up.
func (o *Output) begin(holder Holder) error {
	if h, err := o.holder(); err == nil {
		o.Interrupted = h
	}
	entries, err := os.ReadDir(o.private())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tmpPrefix) {
			if err := o.disk.RemoveAll(o.private(e.Name())); err != nil {
				return err
			}
		}
	}
	if _, err := os.Stat(o.private(formatName)); err != nil {
		if err := o.replace(o.private(formatName), []byte(formatText)); err != nil {
			return err
		}
	}
	text, err := json.Marshal(holder)
	if err != nil {
		return err
	}
	// This is for people: where it cannot be written, what can must go on, such as
	// making room.
	if err := o.disk.RemoveAll(o.private(holderName)); err == nil {
		_ = o.disk.WriteFile(o.private(holderName), append(text, '\n'), 0o644)
	}
	return nil
}

// replace writes a file in place of another, in one step.
func (o *Output) replace(path string, content []byte) error {
	return o.replaceBy(path, func(to io.Writer) error {
		_, err := to.Write(content)
		return err
	})
}

// replaceBy is replace with what write writes.
func (o *Output) replaceBy(path string, write func(io.Writer) error) error {
	tmp, err := o.tmp()
	if err != nil {
		return err
	}
	from := filepath.Join(tmp, filepath.Base(path))
	err = create(o.disk, from, 0o644, write)
	if err == nil {
		err = o.disk.Rename(from, path)
	}
	if err == nil {
		err = o.disk.SyncDir(filepath.Dir(path))
	}
	return errors.Join(err, o.disk.RemoveAll(tmp))
}

// create makes a file of what write writes.
func create(d *disk.Disk, path string, perm fs.FileMode, write func(io.Writer) error) error {
	f, err := d.Create(path, perm)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Close())
	}
	return f.Finish()
}

// tmp makes a folder that the next run removes if this one does not.
func (o *Output) tmp() (string, error) { return o.disk.MkdirTemp(o.private(), tmpPrefix) }

// Close gives the output up. It removes the traces of a run that came to its end,
// well or not.
func (o *Output) Close() error {
	err := o.disk.RemoveAll(o.private(holderName))
	return errors.Join(err, o.lock.Close())
}

// CurrentID is the name of the current snapshot of the output in dir, "" if there
// is none.
func CurrentID(dir string) (string, error) {
	path := filepath.Join(dir, currentName)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var target string
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if target, err = os.Readlink(path); err != nil {
			return "", err
		}
	case info.Mode().IsRegular() && info.Size() < maxLine:
		text, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		target = string(bytes.TrimSuffix(text, []byte("\n")))
	}
	parent, id := filepath.Split(filepath.FromSlash(target))
	if filepath.Clean(parent) != snapshotsName || number(id) == 0 {
		return "", fmt.Errorf("%s is not the link that Quern made: remove it, and say with quern rollback which snapshot is current", path)
	}
	return id, nil
}

// IDs are the names of the complete snapshots of the output in dir, oldest first.
func IDs(dir string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(dir, snapshotsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if number(e.Name()) > 0 && Complete(Dir(dir, e.Name())) {
			ids = append(ids, e.Name())
		}
	}
	slices.SortFunc(ids, func(a, b string) int { return number(a) - number(b) })
	return ids, nil
}

// Dir is the folder of a snapshot of the output in dir.
func Dir(dir, id string) string { return filepath.Join(dir, snapshotsName, id) }

// Resolve is the folder of a snapshot: dir itself if it is one or leads to one,
// or the current one of the output in dir. The path it returns leads to the same
// snapshot for as long as that exists, whatever becomes current.
func Resolve(dir string) (string, error) {
	if real, err := filepath.EvalSymlinks(dir); err == nil && Complete(real) {
		return real, nil
	}
	id, err := CurrentID(dir)
	switch {
	case err != nil:
		return "", err
	case id == "":
		return "", fmt.Errorf("%s is no output of quern run, and no snapshot of one", dir)
	case !Complete(Dir(dir, id)):
		return "", fmt.Errorf("%s: the current snapshot, %s, is gone or not complete: quern snapshots lists the others, and quern rollback goes back to one", dir, id)
	}
	return filepath.EvalSymlinks(Dir(dir, id))
}

// Owned is the file or folder of Quern's that path is, or lies in: a snapshot,
// wherever it is, or what an output consists of. It is "" if there is none. path has
// no links.
func Owned(path string) string {
	for {
		if _, err := os.Lstat(filepath.Join(path, ManifestName)); err == nil {
			return path
		}
		parent, name := filepath.Dir(path), filepath.Base(path)
		if parent == path {
			return ""
		}
		if name == currentName || name == snapshotsName || name == privateName {
			if _, err := os.Lstat(filepath.Join(parent, privateName, formatName)); err == nil {
				return path
			}
		}
		path = parent
	}
}

// number is the number in the name of a snapshot, 0 if it is none.
func number(id string) int {
	digits, hash, found := strings.Cut(id, "-")
	if !found || len(digits) < numberDigits || len(digits) > maxDigits || len(hash) != hashDigits || strings.Trim(hash, "0123456789abcdef") != "" {
		return 0
	}
	n := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

const (
	numberDigits = 6 // at least
	maxDigits    = 9
	maxNumber    = 999_999_999
	hashDigits   = 12
)

func nameOf(number int, hash string) string {
	return fmt.Sprintf("%0*d-%s", numberDigits, number, hash[:hashDigits])
}
