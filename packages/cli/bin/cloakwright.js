#!/usr/bin/env node
// npm links a command at install time, and only if its file is there: the built one is not, in a fresh checkout.
import '../dist/main.js'
