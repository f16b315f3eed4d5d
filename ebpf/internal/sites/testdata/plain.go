// Program plain has no TLS in it.
package main

func main() { println("no TLS") }
