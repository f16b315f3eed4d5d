package single

import (
	"runtime"

	"github.com/tlslab/tlslab/accel/p384/internal/inverse"
)

var group = inverse.New(order)

// signing is what a signature leaves behind and must not.
type signing struct {
	k, d, e, r, s scalar
	half, inv, t  scalar
	point         accumulator
	x             element
}

// sign returns 1 where the signature in w passed its check. The check counts the other way round, r*d + e = k*s, with
// other factors brought to Montgomery's form.
func (w *signing) sign() uint64 {
	w.e.reduce((*[6]uint64)(&w.e), 0)
	ok := w.k.inRange() & w.d.inRange()
	w.point.baseMult(&w.k, &w.half)
	ok &= w.point.onCurve()
	w.abscissa()

	group.Inverse((*[6]uint64)(&w.inv), (*[6]uint64)(&w.k))
	w.t.mul(&w.r, &w.d)
	w.t.add(&w.t, &w.e)
	w.s.mul(&w.inv, &w.t)

	w.t.mul(&w.d, &w.r)
	w.t.add(&w.e, &w.t)
	w.half.mul(&w.k, &w.s)
	ok &= w.half.same(&w.t)
	return ok & w.r.inRange() & w.s.inRange()
}

// abscissa sets r to the point's x mod n.
func (w *signing) abscissa() {
	w.x.invert(&w.point.z)
	w.x.sqr(&w.x)
	w.x.mul(&w.x, &w.point.x)
	w.x.fromField(&w.x)
	w.r.reduce((*[6]uint64)(&w.x), 0)
}

// forget clears w, and the part of the stack where functions that have returned left their numbers. The compiler must
// not see that nobody reads them again.
//
//go:noinline
func (w *signing) forget() {
	*w = signing{}
	var below [2048]byte
	runtime.KeepAlive(&below)
}
