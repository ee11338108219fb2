package main

import (
	"crypto/tls"
	"fmt"
	"net/url"
	"os"

	"github.com/vmware/govmomi/simulator"
)

func main() {
	m := simulator.VPX()
	m.Host = 1
	m.ClusterHost = 2
	m.Machine = 2
	m.Datastore = 2
	if err := m.Create(); err != nil {
		panic(err)
	}
	m.Service.Listen = &url.URL{Host: os.Args[1], User: url.UserPassword("inspect", "pa55-word")}
	m.Service.TLS = new(tls.Config)
	s := m.Service.NewServer()
	fmt.Println(s.URL.Host)
	os.Stdin.Read(make([]byte, 1))
	s.Close()
}
