#!/bin/sh
# Every ping is answered, by the client itself.
ip address add 10.99.0.20/32 dev lo
