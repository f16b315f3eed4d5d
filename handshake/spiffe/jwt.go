package spiffe

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes of the tokens' signatures
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// JWT is a token of a workload for an audience, in UTF-8 (JWT-SVID): a JWS in compact form, with the claims sub, aud,
// exp and iat. Its times are cut to whole seconds.
func (d *Domain) JWT(path string, audience []string, expires time.Time) (string, error) {
	id, err := d.ID(path)
	if err != nil {
		return "", err
	}
	if len(audience) == 0 {
		return "", errors.New("a token needs an audience") // JWT-SVID, section 3.2
	}
	by := d.signer()
	algorithm, hash := tokenAlgorithm(by.tokenKey)
	input := segment(map[string]any{"alg": algorithm, "kid": by.tokenKeyID, "typ": "JWT"}) + "." +
		segment(map[string]any{"sub": id.String(), "aud": audience, "exp": expires.Unix(), "iat": time.Now().Unix()})
	signature, err := signToken(by.tokenKey, hash, input)
	if err != nil {
		return "", fmt.Errorf("sign a token for %s: %w", id, err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

func segment(claims map[string]any) string {
	text, _ := json.Marshal(claims) // strings and numbers only
	return base64.RawURLEncoding.EncodeToString(text)
}

// tokenAlgorithm is the JWS algorithm for a key (RFC 7518, section 3.1).
func tokenAlgorithm(key crypto.Signer) (string, crypto.Hash) {
	if k, ok := key.(*ecdsa.PrivateKey); ok {
		if k.Curve.Params().BitSize == 384 {
			return "ES384", crypto.SHA384
		}
		return "ES256", crypto.SHA256
	}
	return "PS256", crypto.SHA256
}

func signToken(key crypto.Signer, hash crypto.Hash, input string) ([]byte, error) {
	h := hash.New()
	h.Write([]byte(input))
	digest := h.Sum(nil)
	k, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return key.Sign(rand.Reader, digest, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: hash})
	}
	r, s, err := ecdsa.Sign(rand.Reader, k, digest)
	if err != nil {
		return nil, err
	}
	size := (k.Curve.Params().BitSize + 7) / 8
	signature := make([]byte, 2*size) // r and s side by side: RFC 7518, section 3.4
	r.FillBytes(signature[:size])
	s.FillBytes(signature[size:])
	return signature, nil
}
