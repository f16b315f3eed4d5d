package reload

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
)

var (
	dashes     = []byte("-----")
	blockBegin = []byte("-----BEGIN ")
)

// dashesOfBlock is how often they are in a whole block, two times around BEGIN and two around END.
const dashesOfBlock = 4

// strict reads PEM as encoding/pem does, and refuses what that passes over: half a block, or anything behind the
// last one. Lines before a block are comments. So a file that was cut off anywhere but between two blocks is refused.
func strict(text []byte) (all []*pem.Block, err error) {
	for bytes.Contains(text, blockBegin) {
		block, rest := pem.Decode(text)
		if block == nil || bytes.Count(text[:len(text)-len(rest)], dashes) != dashesOfBlock {
			return nil, refused("a PEM block is not whole", nil)
		}
		all, text = append(all, block), rest
	}
	if len(bytes.TrimSpace(text)) != 0 {
		return nil, refused("there is text behind the last PEM block", nil)
	}
	return all, nil
}

// certificates are those of a PEM text, and every one of them parses.
func certificates(text []byte) (all []*x509.Certificate, err error) {
	blocks, err := strict(text)
	if err != nil {
		return nil, err
	}
	for _, block := range blocks {
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refused("a certificate does not parse", err)
		}
		all = append(all, certificate)
	}
	if len(all) == 0 {
		return nil, refused("there is no certificate", nil)
	}
	return all, nil
}
