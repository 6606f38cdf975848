#!/usr/bin/env node
// A package has the compiled sources in dist/, a checkout runs them as they are.
import { existsSync } from 'node:fs'
import module from 'node:module'

const compiled = new URL('../../dist/infra/cli/command-line.js', import.meta.url)
// Half of the processor time of a short command goes into reading sources; Node 20 has no cache for that.
module.enableCompileCache?.()
await import(existsSync(compiled) ? compiled.href : './command-line.ts')
