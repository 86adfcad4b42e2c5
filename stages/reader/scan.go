package reader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/quern-data/quern/config"
	"github.com/quern-data/quern/schema"
)

// Scan walks the folder of a corpus and plans how to read it. The plan depends
// on names, sizes and links alone, not on the order in which the file system
// lists them. No file is opened.
//
// A file is a document if it fits a glob of include and no rule leaves it out.
// The rules that leave whole folders out still have their files counted. A file
// that raw names as the twin of a document is neither document nor ignored, no
// matter which rule would apply.
//
// Links are followed if the corpus says so. Each file is one document however
// many links lead to it: under its own path if that is a document's, or else
// under the first path by bytes; the other paths count as
// RuleSymlinkDuplicate.
//
// An error means that there is no plan: ctx is done, the root is missing or
// unreadable or no folder, or the configuration is not valid. A folder below
// the root that cannot be read, or lies deeper than limits.path_depth, becomes
// an entry of the plan, unless a rule leaves out all that it might hold.
func Scan(ctx context.Context, corpus config.Corpus, limits config.Limits) (*Plan, error) {
	p, err := scan(ctx, corpus, limits, list)
	if err != nil {
		return nil, fmt.Errorf("corpus %s: %w", corpus.Name, err)
	}
	return p, nil
}

// scanner is the state of one walk.
type scanner struct {
	ctx     context.Context
	corpus  *config.Corpus
	root    string      // absolute, its links resolved
	info    fs.FileInfo // of root
	depth   int         // of folders below the root, at most
	readDir lister

	candidates []candidate
	others     []other // only where twins may be among them
	ignored    map[ignoreKey]*Ignored
	notices    []notice
	followed   bool
}

// lister lists a folder below the root, in any order.
type lister func(ctx context.Context, root, dir string) ([]os.DirEntry, error)

// candidate is a file that fits include.
type candidate struct {
	path string
	real string // path with links resolved, relative to the root
	state
}

// other is a regular file that is no candidate.
type other struct {
	path  string
	why   ignoreKey
	entry os.DirEntry
}

type ignoreKey struct {
	rule Rule
	glob string
}

func scan(ctx context.Context, corpus config.Corpus, limits config.Limits, readDir lister) (*Plan, error) {
	if limits.DocumentBytes <= 0 {
		return nil, fmt.Errorf("limits.document_bytes is %d: it must be positive", limits.DocumentBytes)
	}
	if limits.PathDepth <= 0 {
		return nil, fmt.Errorf("limits.path_depth is %d: it must be positive", limits.PathDepth)
	}
	for _, glob := range slices.Concat(corpus.Include, corpus.Exclude) {
		if !doublestar.ValidatePattern(glob) {
			return nil, fmt.Errorf("glob %q: %w", glob, doublestar.ErrBadPattern)
		}
	}
	attributes, err := newCapturer(&corpus)
	if err != nil {
		return nil, err
	}
	s := &scanner{ctx: ctx, corpus: &corpus, depth: limits.PathDepth, readDir: readDir, ignored: make(map[ignoreKey]*Ignored)}
	if err := s.findRoot(); err != nil {
		return nil, err
	}
	if err := s.folder("", "", ignoreKey{}, nil); err != nil {
		return nil, err
	}
	if s.followed {
		s.dropDuplicates()
	}
	p := &Plan{
		corpus: corpus.Name, root: s.root, folder: s.info, follow: corpus.FollowSymlinks, limit: limits.DocumentBytes,
		capture: attributes, notices: s.notices,
	}
	if err := s.settle(p); err != nil {
		return nil, err
	}
	p.finish()
	return p, nil
}

func (s *scanner) findRoot() error {
	if s.corpus.Root == "" {
		return errors.New("root is empty")
	}
	root, err := filepath.Abs(s.corpus.Root)
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if s.root, err = filepath.EvalSymlinks(root); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if s.info, err = os.Stat(s.root); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	if !s.info.IsDir() {
		return fmt.Errorf("root %s is not a folder", root)
	}
	return nil
}

// checkEvery is after how many entries a loop looks whether it was interrupted.
const checkEvery = 1000

// interrupted is the error of a context that is done, looked for at each
// checkEvery-th step.
func (s *scanner) interrupted(step int) error {
	if step%checkEvery != 0 {
		return nil
	}
	return s.ctx.Err()
}

// list lists a folder as it comes. A folder may hold millions of files, which
// take seconds.
func list(ctx context.Context, root, dir string) ([]os.DirEntry, error) {
	f, err := open(root, cmp.Or(dir, "."))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []os.DirEntry
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		more, err := f.ReadDir(checkEvery)
		entries = append(entries, more...)
		if errors.Is(err, io.EOF) {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// folder walks one folder. real is its path with links resolved, why the rule
// that leaves all of it out, and via the real paths of the folders whose links
// led here.
func (s *scanner) folder(dir, real string, why ignoreKey, via []string) error {
	if dir != "" && strings.Count(dir, "/") >= s.depth {
		s.missing(dir, why, schema.DirectoryTooDeep,
			fmt.Sprintf("the folder lies more than %d folders below the root, and was not read: raise limits.path_depth, or leave it out with exclude", s.depth))
		return nil
	}
	entries, err := s.readDir(s.ctx, s.root, real)
	if done := s.ctx.Err(); done != nil {
		return done
	}
	if err != nil {
		if dir == "" {
			return fmt.Errorf("root: %w", err)
		}
		s.missing(dir, why, schema.DirectoryUnreadable, "the folder cannot be listed: "+reason(err))
		return nil
	}
	for i, e := range entries {
		if err := s.interrupted(i + 1); err != nil {
			return err
		}
		name := e.Name()
		path := join(dir, name)
		realPath := path
		if real != dir {
			realPath = join(real, name)
		}
		switch {
		case e.IsDir():
			if err := s.folder(path, realPath, s.folderRule(name, why), via); err != nil {
				return err
			}
		case e.Type()&fs.ModeSymlink != 0:
			if err := s.link(path, name, s.nameRule(path, name, why), append(via[:len(via):len(via)], real)); err != nil {
				return err
			}
		default:
			s.file(path, realPath, e, s.nameRule(path, name, why))
		}
	}
	return nil
}

// missing notes that nobody knows what a folder holds, unless a rule leaves it
// out.
func (s *scanner) missing(dir string, why ignoreKey, code schema.Code, message string) {
	if why.rule == "" && !s.excludesAll(dir) {
		s.notices = append(s.notices, notice{dir, message, code})
	}
}

func (s *scanner) folderRule(name string, above ignoreKey) ignoreKey {
	switch {
	case above.rule != "":
		return above
	case name == "__MACOSX":
		return ignoreKey{rule: RuleMacOSX}
	case name[0] == '.' && !s.corpus.Hidden:
		return ignoreKey{rule: RuleHidden}
	}
	return ignoreKey{}
}

// nameRule is the rule that leaves a file out by its path alone.
func (s *scanner) nameRule(path, name string, above ignoreKey) ignoreKey {
	switch {
	case above.rule != "":
		return above
	case name == ".DS_Store":
		return ignoreKey{rule: RuleDSStore}
	case strings.HasPrefix(name, "._"):
		return ignoreKey{rule: RuleAppleDouble}
	case name[0] == '.' && !s.corpus.Hidden:
		return ignoreKey{rule: RuleHidden}
	}
	if glob, ok := fits(s.corpus.Exclude, path); ok {
		return ignoreKey{RuleExcluded, glob}
	}
	return ignoreKey{}
}

func fits(globs []string, path string) (string, bool) {
	for _, glob := range globs {
		if doublestar.MatchUnvalidated(glob, path) {
			return glob, true
		}
	}
	return "", false
}

// excludesAll reports whether a glob of exclude leaves out whatever lies below
// the folder.
func (s *scanner) excludesAll(dir string) bool {
	for _, glob := range s.corpus.Exclude {
		glob = strings.TrimSuffix(glob, "/*")
		if (glob == "**" || strings.HasSuffix(glob, "/**")) && doublestar.MatchUnvalidated(glob, dir) {
			return true
		}
	}
	return false
}

func (s *scanner) file(path, real string, e os.DirEntry, why ignoreKey) {
	if why.rule == "" {
		if !e.Type().IsRegular() {
			why.rule = RuleNotRegular
		} else if _, ok := fits(s.corpus.Include, path); !ok {
			why.rule = RuleNotIncluded
		}
	}
	switch {
	case why.rule == "":
		s.candidates = append(s.candidates, candidate{path, real, stateOf(e.Info())})
	case s.corpus.Raw != "" && e.Type().IsRegular():
		s.others = append(s.others, other{path, why, e})
	default:
		s.ignore(path, why)
	}
}

// link deals with a symbolic link. via are the real paths of the folders that
// led to it, its own last.
func (s *scanner) link(path, name string, why ignoreKey, via []string) error {
	if why.rule != "" || !s.corpus.FollowSymlinks {
		s.ignore(path, ignoreKey{cmp.Or(why.rule, RuleSymlink), why.glob})
		return nil
	}
	info, target, err := resolve(s.root, path)
	switch {
	case err == nil && !info.IsDir():
		s.followed = true
		s.file(path, target, fs.FileInfoToDirEntry(info), why)
		return nil
	case err == nil && slices.ContainsFunc(via, func(dir string) bool { return contains(target, dir) }):
		err = syscall.ELOOP
	case err == nil && s.excludesAll(path):
		// The files below are left out, and other links may lead to them.
		s.ignore(path, ignoreKey{rule: RuleSymlink})
		return nil
	case err == nil:
		s.followed = true
		return s.folder(path, target, why, via)
	}
	s.ignore(path, ignoreKey{rule: RuleSymlink})
	n := notice{path, "the link leads nowhere: " + reason(err), schema.SymlinkBroken}
	switch {
	case errors.Is(err, syscall.ELOOP):
		n.code, n.message = schema.SymlinkLoop, "the link leads back to a folder or link that leads here"
	case errors.Is(err, errOutside):
		n.code, n.message = schema.SymlinkOutside, "the link leads out of the corpus"
	}
	s.notices = append(s.notices, n)
	return nil
}

var errOutside = errors.New("outside the root")

// resolve follows the links in a path below root, which has none itself. target
// is relative to root.
func resolve(root, path string) (info fs.FileInfo, target string, err error) {
	full := filepath.Join(root, path)
	if info, err = os.Stat(full); err != nil {
		return nil, "", err
	}
	if target, err = filepath.EvalSymlinks(full); err != nil {
		return nil, "", err
	}
	if target, err = filepath.Rel(root, target); err != nil || !filepath.IsLocal(target) {
		return nil, "", errOutside
	}
	if target == "." {
		target = ""
	}
	return info, filepath.ToSlash(target), nil
}

func (s *scanner) ignore(path string, why ignoreKey) {
	g := s.ignored[why]
	if g == nil {
		g = &Ignored{Rule: why.rule, Glob: why.glob, Example: path}
		s.ignored[why] = g
	}
	g.Files++
	g.Example = min(g.Example, path)
}

// dropDuplicates keeps one candidate for each file.
func (s *scanner) dropDuplicates() {
	own := func(c candidate) int { // before those that links lead to
		if c.path == c.real {
			return 0
		}
		return 1
	}
	slices.SortFunc(s.candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.real, b.real), cmp.Compare(own(a), own(b)), cmp.Compare(a.path, b.path))
	})
	kept := s.candidates[:0]
	for _, c := range s.candidates {
		if n := len(kept); n > 0 && kept[n-1].real == c.real {
			s.ignore(c.path, ignoreKey{rule: RuleSymlinkDuplicate})
			continue
		}
		kept = append(kept, c)
	}
	s.candidates = kept
}

// settle tells documents, twins and ignored files apart, and fills the plan's
// records and counts with them.
func (s *scanner) settle(p *Plan) error {
	slices.SortFunc(s.candidates, func(a, b candidate) int { return cmp.Compare(a.path, b.path) })
	records := make([]record, len(s.candidates))
	raws := make([]string, len(s.candidates))
	var captured capture
	for i, c := range s.candidates {
		if err := s.interrupted(i + 1); err != nil {
			return err
		}
		p.capture.capture(c.path, &captured)
		records[i] = record{id: p.corpus + "/" + p.capture.documentID(c.path, &captured), path: c.path, state: c.state}
		if raw, ok := p.capture.rawPath(c.path, &captured); ok {
			raws[i] = raw
		}
	}
	if p.capture.hasRaw {
		var err error
		if records, err = s.settleTwins(p, records, raws); err != nil {
			return err
		}
	}
	p.records = slices.Clip(records)
	for _, o := range s.others {
		s.ignore(o.path, o.why)
	}
	for _, g := range s.ignored {
		g.Example = schema.DisplayPath(g.Example)
		p.counts.Ignored = append(p.counts.Ignored, *g)
	}
	slices.SortFunc(p.counts.Ignored, func(a, b Ignored) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Glob, b.Glob))
	})
	return nil
}

// settleTwins takes the twins out of records and of others. A candidate is a
// twin if a document claims it, which a twin cannot do. Where candidates claim
// each other in a circle, the first by path is a document.
func (s *scanner) settleTwins(p *Plan, records []record, raws []string) ([]record, error) {
	places := make(map[string]int, len(records)+len(s.others)) // others as complements
	for i := range records {
		places[records[i].path] = i
	}
	for i := range s.others {
		places[s.others[i].path] = ^i
	}
	claimed := make([]bool, len(records))
	for i, raw := range raws {
		if at, ok := places[raw]; ok && at >= 0 && at != i {
			claimed[at] = true
		}
	}
	document, twin := make([]bool, len(records)), make([]bool, len(records))
	otherTwin := make([]bool, len(s.others))
	accept := func(i int) {
		document[i] = true
		at, ok := places[raws[i]]
		if !ok || at == i {
			return
		}
		var found state
		if at >= 0 {
			twin[at] = !document[at]
			found = s.candidates[at].state
		} else {
			otherTwin[^at] = true
			found = stateOf(s.others[^at].entry.Info())
		}
		records[i].twin, records[i].twinSize = found.stamp, found.size
		records[i].changed = max(records[i].changed, found.changed)
	}
	for i := range records {
		if err := s.interrupted(i + 1); err != nil {
			return nil, err
		}
		if !claimed[i] {
			accept(i)
		}
	}
	for i := range records {
		if !document[i] && !twin[i] {
			accept(i)
		}
	}
	documents := make([]record, 0, len(records))
	for i := range records {
		if document[i] {
			documents = append(documents, records[i])
		} else {
			p.counts.Twins++
		}
	}
	ignored := s.others[:0]
	for i, o := range s.others {
		if otherTwin[i] {
			p.counts.Twins++
		} else {
			ignored = append(ignored, o)
		}
	}
	s.others = ignored
	return documents, nil
}
