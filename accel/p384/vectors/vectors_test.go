package vectors

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"

	"github.com/tlslab/tlslab/accel/p384"
)

// file is what we read of a file of vectors.
type file struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKey struct{ Uncompressed string }
		Tests     []struct {
			TcID             int
			Comment          string
			Msg, Sig, Result string
		}
	}
}

// vector is a signature, and whether it is valid.
type vector struct {
	id      int
	comment string
	p384.Signature
	valid bool
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func read(t *testing.T, name string) (all []vector) {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, name)
	if err != nil {
		t.Fatal(err)
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	for _, group := range f.TestGroups {
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), unhex(t, group.PublicKey.Uncompressed))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range group.Tests {
			digest := sha512.Sum384(unhex(t, c.Msg))
			if c.Result != "valid" && c.Result != "invalid" {
				t.Errorf("%d: the result is %q, want valid or invalid", c.TcID, c.Result)
			}
			all = append(all, vector{c.TcID, c.Comment, p384.Signature{Key: key, Digest: digest[:], ASN1: unhex(t, c.Sig)}, c.Result == "valid"})
		}
	}
	if len(all) != f.NumberOfTests {
		t.Errorf("%s has %d vectors, and says %d", name, len(all), f.NumberOfTests)
	}
	return all
}

// Every path gives every verdict of Wycheproof, and so does crypto/ecdsa: in one batch, and in batches of one and three
// of the same vector.
func TestWycheproof(t *testing.T) {
	all := read(t, "ecdsa_secp384r1_sha384_test.json")
	if len(all) != 504 {
		t.Errorf("%d vectors, want 504", len(all))
	}
	var batch []p384.Signature
	for _, v := range all {
		batch = append(batch, v.Signature)
		if got := ecdsa.VerifyASN1(v.Key, v.Digest, v.ASN1); got != v.valid {
			t.Errorf("crypto/ecdsa: %d, %s: got %v, want %v", v.id, v.comment, got, v.valid)
		}
	}
	for _, status := range p384.Paths() {
		if strings.HasPrefix(status.Refused, "self-test") {
			t.Errorf("%s: %s", status.Path, status.Refused)
		}
		if status.Refused != "" {
			t.Logf("%s: not judged: %s", status.Path, status.Refused)
			continue
		}
		verdicts := judge(t, status.Path, batch)
		for i, v := range all {
			got := append(judge(t, status.Path, batch[i:i+1]), judge(t, status.Path, slices.Repeat(batch[i:i+1], 3))...)
			if got = append(got, verdicts[i]); slices.Contains(got, !v.valid) {
				t.Errorf("%s: %d, %s: got %v, want %v", status.Path, v.id, v.comment, got, v.valid)
			}
		}
		t.Logf("%s: %d vectors", status.Path, len(all))
	}
}

func judge(t *testing.T, path p384.Path, batch []p384.Signature) []bool {
	t.Helper()
	verdicts, err := path.Verify(batch)
	if err != nil {
		t.Fatal(err)
	}
	return verdicts
}
