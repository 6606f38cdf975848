import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { unresolvedImports } from '../../../infra/deploy/unresolved-imports.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const compilerOptions = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2024, rewriteRelativeImportExtensions: true }
const compile = (code: string, fileName: string) => ts.transpileModule(code, { compilerOptions, fileName }).outputText

describe('imports of the package', () => {
  test('a source that is still named is found, and a comment is not', () => {
    expect(unresolvedImports('const a = await import(\'../dev/a.ts\'), b = import("./b.ts")')).toEqual(['../dev/a.ts', './b.ts'])
    expect(unresolvedImports("/** @param {import('./c.ts').C} c */\n * import('./d.ts')\nimport './e.js'")).toEqual([])
  })

  test('no command imports a source once it is compiled', () => {
    const sources = globSync('infra/cli/**/*.ts', { cwd: root }).map((file) => [file, readFileSync(join(root, file), 'utf8')] as const)
    const loading = sources.filter(([, code]) => code.includes('import('))
    expect(loading.map(([file]) => file)).toContain(join('infra/cli', 'dev-command.ts'))
    const left = loading.map(([file, code]) => [file, unresolvedImports(compile(code, file))] as const)
    expect(left.filter(([, imports]) => imports.length > 0)).toEqual([])
  })
})
