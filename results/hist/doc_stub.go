package hist

type Histogram struct{}
