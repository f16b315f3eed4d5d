//go:build purego || (!amd64 && !arm64)

package single

func kernel() string { return "portable" }

func (z *element) mul(x, y *element) { z.mulPortable(x, y) }

func (z *element) sqr(x *element) { z.mulPortable(x, x) }

func (p *accumulator) addMixed() { p.addMixedPortable() }

func (p *accumulator) double() { p.doublePortable() }

func (z *affine) choose(window *[32]affine, index uint64) { z.choosePortable(window, index) }
