#!/usr/bin/env node
// A package has the compiled sources in dist/, a checkout runs them as they are.
import { existsSync } from 'node:fs'

const compiled = new URL('../../dist/infra/cli/main.js', import.meta.url)
await import(existsSync(compiled) ? compiled.href : './main.ts')
