package history

import (
	"math"
	"testing"
)

// Critical values of Student's t for 5 % and 0.1 %, two-sided, as printed in textbooks.
func TestStudent(t *testing.T) {
	for _, c := range []struct {
		t    float64
		df   int
		want float64
	}{
		{12.706, 1, 0.05}, {4.303, 2, 0.05}, {3.182, 3, 0.05}, {2.571, 5, 0.05}, {2.228, 10, 0.05}, {2.042, 30, 0.05}, {1.984, 100, 0.05},
		{636.619, 1, 0.001}, {31.599, 2, 0.001}, {6.869, 5, 0.001}, {4.587, 10, 0.001}, {3.646, 30, 0.001},
		{-2.228, 10, 0.05}, {0, 7, 1},
	} {
		if got := student(c.t, c.df); math.Abs(got-c.want) > 0.001*c.want {
			t.Errorf("t %v of %d: got %v, want %v", c.t, c.df, got, c.want)
		}
	}
}

func TestWelch(t *testing.T) {
	for _, c := range []struct {
		name     string
		x, y     []float64
		from, to float64
	}{
		// variances 2/3 and 8/3, so t = 9/sqrt(5/6) = 9.859, and 4.4 degrees of freedom: 4
		{"by hand", []float64{1, 2, 2, 3}, []float64{9, 11, 11, 13}, 0.00058, 0.0006},
		{"equal constants", []float64{2, 2, 2}, []float64{2, 2}, 1, 1},
		{"other constants", []float64{2, 2, 2}, []float64{3, 3}, 0, 0},
		{"a spike", []float64{1, 1, 1, 1, 5}, []float64{1, 1.01, 1, 1, 1.01, 1}, 0.3, 0.5},
	} {
		if got := welch(c.x, c.y); got < c.from || got > c.to {
			t.Errorf("%s: got %v, want %v to %v", c.name, got, c.from, c.to)
		}
		if got, back := welch(c.x, c.y), welch(c.y, c.x); got != back {
			t.Errorf("%s: got %v, the other way round %v", c.name, got, back)
		}
	}
}
