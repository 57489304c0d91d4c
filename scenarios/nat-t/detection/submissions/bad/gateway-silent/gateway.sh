#!/bin/sh
# A rule that nothing leaves port 4500: 17 is UDP.
ip rule add pref 10 ipproto 17 sport 4500 prohibit
