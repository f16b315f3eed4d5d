package accel

import (
	"slices"
	"strings"
)

// labCodes are the signers of accel/p384, the fastest first.
var labCodes = []code{
	{kind: Lab, name: "lab-ifma8", text: "lab-ifma8: AVX-512 IFMA, eight signatures at once",
		needs: []string{"avx512_vbmi2", "avx512dq", "avx512f", "avx512ifma"}, xsys: true},
	{kind: Lab, name: "lab-adx", text: "lab-adx: MULX, ADCX, ADOX, one signature at a time",
		needs: []string{"adx", "bmi2"}, xsys: true},
	{kind: Lab, name: "lab-arm64", text: "lab-arm64: MUL and UMULH, one signature at a time"},
	{kind: Lab, name: "lab-portable", text: "lab-portable: field arithmetic in Go, one signature at a time"},
}

const insteadOf = " takes its place"

// labPath is the path of the signer that the server's setting accel asks for, if there is one that runs.
func (c chooser) labPath() (Path, bool) {
	w, ok := c.labTaken()
	if !ok {
		return Path{}, false
	}
	return Path{
		Primitive: SignP384,
		Expected:  Lab,
		Code:      w.text,
		Why:       "the server's accel is " + c.build.Accel,
		Uses:      c.labUses(w),
		Refused:   c.labRefused(),
	}, true
}

func (c chooser) labTaken() (code, bool) {
	i := slices.IndexFunc(labCodes, func(w code) bool { return c.labRefusal(w) == "" })
	if i < 0 {
		return code{}, false
	}
	return labCodes[i], true
}

func (c chooser) labAsked() bool { return c.build.Accel != "" && c.build.Accel != "std" }

// labUses are the features that a signer uses, with those that it can do without: eight lanes leave single signatures
// to the code of lab-adx, and single signatures read their table with AVX2.
func (c chooser) labUses(w code) []string {
	uses := slices.Clone(w.needs)
	for _, more := range [][]string{{"adx", "bmi2"}, {"avx2"}} {
		if !c.build.purego() && c.xsys.lacks(more) == "" {
			uses = append(uses, more...)
		}
	}
	slices.Sort(uses)
	return slices.Compact(uses)
}

func (c chooser) labRefusedFor(p Primitive) []Refusal {
	if p != SignP384 {
		return nil
	}
	return c.labRefused()
}

// labRefused lists the signers of the lab that are not taken: those before the one that is or, if they were not asked
// for, the fastest that this CPU has the features for.
func (c chooser) labRefused() []Refusal {
	var refused []Refusal
	for _, w := range labCodes {
		because := c.labRefusal(w)
		named := c.build.Accel == w.name
		switch {
		case because == "":
			return refused
		case named || c.labAsked() && c.labNative(w) && !strings.HasSuffix(because, insteadOf):
			refused = append(refused, Refusal{w.name, because})
		case !c.labAsked() && c.labNative(w) && !strings.HasPrefix(because, lacksFeature):
			return []Refusal{{w.name, because}}
		}
	}
	return refused
}

// labRefusal is why a signer is not taken, or "".
func (c chooser) labRefusal(w code) string {
	if missing := c.labMissing(w); missing != "" {
		return missing
	}
	switch {
	case c.build.FIPS:
		return "FIPS 140-3 mode refuses it"
	case c.build.boring():
		return "backend boringcrypto refuses it"
	case !c.labAsked():
		return "the server's accel is std"
	case c.build.Accel != "auto" && c.build.Accel != w.name:
		return "the server's accel is " + c.build.Accel
	}
	return ""
}

// labMissing is what a signer lacks on this machine or in this build, or "". One machine has one code for single
// signatures.
func (c chooser) labMissing(w code) string {
	if !c.labNative(w) {
		return "it is not for " + c.build.goarch()
	}
	if missing := c.xsys.lacks(w.needs); strings.HasPrefix(missing, lacksFeature) {
		return missing
	}
	if w.name != "lab-portable" && c.build.purego() {
		return "build tag purego"
	}
	if w.name == "lab-portable" {
		for _, better := range labCodes[1:3] {
			if c.labMissing(better) == "" {
				return better.name + insteadOf
			}
		}
	}
	return c.xsys.lacks(w.needs)
}

// labNative says whether a signer is for the build's architecture.
func (c chooser) labNative(w code) bool {
	switch w.name {
	case "lab-ifma8", "lab-adx":
		return c.build.goarch() == "amd64"
	case "lab-arm64":
		return c.build.goarch() == "arm64"
	}
	return true
}
