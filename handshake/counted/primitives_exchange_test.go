package counted

import (
	"crypto/ecdh"
	"crypto/mlkem"
	"crypto/rand"
)

func agree(curve ecdh.Curve) preparation {
	return func(keys) (operation, error) {
		mine, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		its, err := curve.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		return func() error { _, err := mine.ECDH(its.PublicKey()); return err }, nil
	}
}

// generate makes keys, which FIPS 140-3 mode tests one by one.
func generate(curve ecdh.Curve) preparation {
	return func(keys) (operation, error) {
		return func() error { _, err := curve.GenerateKey(rand.Reader); return err }, nil
	}
}

func generateMLKEM(keys) (operation, error) {
	return func() error { _, err := mlkem.GenerateKey768(); return err }, nil
}

func encapsulate(keys) (operation, error) {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, err
	}
	public := key.EncapsulationKey()
	return func() error { public.Encapsulate(); return nil }, nil
}

func decapsulate(keys) (operation, error) {
	key, err := mlkem.GenerateKey768()
	if err != nil {
		return nil, err
	}
	_, sealed := key.EncapsulationKey().Encapsulate()
	return func() error { _, err := key.Decapsulate(sealed); return err }, nil
}
