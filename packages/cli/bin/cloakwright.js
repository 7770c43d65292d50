#!/usr/bin/env node
// npm links a command at install time, and only if its file is there: the built one is not, in a fresh checkout.
import { existsSync } from 'node:fs'
import { exit } from 'node:process'

const main = new URL('../dist/main.js', import.meta.url)
if (!existsSync(main)) {
  console.error('error: cloakwright is not built yet\n  Build it first: npm run build')
  exit(1)
}
await import(main.href)
