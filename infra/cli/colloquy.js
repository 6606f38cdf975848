#!/usr/bin/env node
// A package has the compiled sources in dist/. A checkout has none there, so Node runs the TypeScript sources.
import { existsSync } from 'node:fs'
import module from 'node:module'

const compiled = new URL('../../dist/infra/cli/command-line.js', import.meta.url)
// Compiling the sources takes half of the processor time of a short command; the cache saves it. Node 20 has no such cache.
module.enableCompileCache?.()
await import(existsSync(compiled) ? compiled.href : './command-line.ts')
