package columnar

import "cmp"

// dictionary numbers the values of a column chunk.
type dictionary[T cmp.Ordered] struct {
	places map[T]uint32
	values []T
	seen   []uint32 // by place: the last page that has it, counted from 1
	pages  uint32

	// recent is what was looked up lately, by a hash: labels, layers and positions
	// come again and again. A look-up in it takes a quarter of one in places.
	recent [64]struct {
		value T
		at    uint32
		used  bool
	}

	page runs // places of the values of the page in the making
}

func newDictionary[T cmp.Ordered]() *dictionary[T] {
	return &dictionary[T]{places: map[T]uint32{}}
}

// find is the number of a value that has one.
func (d *dictionary[T]) find(v T, hash uint) (at uint32, ok bool) {
	r := &d.recent[hash%uint(len(d.recent))]
	if r.used && r.value == v {
		return r.at, true
	}
	if at, ok = d.places[v]; ok {
		r.value, r.at, r.used = d.values[at], at, true // the value that is kept
	}
	return at, ok
}

// add numbers a value that has no number yet, and keeps it.
func (d *dictionary[T]) add(v T) uint32 {
	at := uint32(len(d.values))
	d.places[v] = at
	d.values, d.seen = append(d.values, v), append(d.seen, 0)
	return at
}

// encode appends the page.
func (d *dictionary[T]) encode(dst []byte) []byte {
	most := uint32(0)
	for _, r := range d.page {
		most = max(most, r.value)
	}
	w := max(1, width(int(most))) // some readers do not take a width of 0
	return d.page.encode(append(dst, byte(w)), w)
}

// bounds are the least and the greatest of the values of the page.
func (d *dictionary[T]) bounds() (least, greatest T, some bool) {
	d.pages++
	for _, r := range d.page {
		if d.seen[r.value] == d.pages {
			continue
		}
		d.seen[r.value] = d.pages
		v := d.values[r.value]
		if !some {
			least, greatest, some = v, v, true
		}
		least, greatest = min(least, v), max(greatest, v)
	}
	return least, greatest, some
}

func (d *dictionary[T]) reset() {
	clear(d.places)
	clear(d.values)
	clear(d.recent[:])
	d.values, d.seen, d.page, d.pages = d.values[:0], d.seen[:0], d.page[:0], 0
}
