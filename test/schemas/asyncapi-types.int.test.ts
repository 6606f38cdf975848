import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { loadKinds } from '../../infra/app/load-kinds.ts'
import { loadSettings } from '../../infra/settings.ts'
import { asyncApiDocument } from '../../schemas/asyncapi.ts'
import { cachedFolder, hasCommand, run } from '../support/installed-tool.ts'

/** Not in package.json: only this test needs it, and it brings 300 packages. */
const MODELINA = '@asyncapi/modelina@5.10.1'

interface Model {
  readonly modelName: string
  readonly result: string
}
interface Generator {
  generate(document: unknown): Promise<Model[]>
  generateCompleteModels(document: unknown, options: object): Promise<Model[]>
}
type Modelina = Readonly<Record<'TypeScriptGenerator' | 'PythonGenerator' | 'GoGenerator' | 'JavaGenerator', new () => Generator>>

let modelina: Modelina | undefined
let document: unknown
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colloquy-types-'))
  const installed = await cachedFolder('modelina-5.10.1', 'node_modules/@asyncapi/modelina/package.json', (to) => [
    'npm',
    ...['install', '--prefix', to, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', MODELINA],
  ])
  if (installed !== undefined) modelina = createRequire(join(installed, 'package.json'))('@asyncapi/modelina') as Modelina
  const kinds = await loadKinds(loadSettings({}, { CONFIG: join(folder, 'none.ts') }).settings)
  const events = {
    'a.b': z.object({}),
    ab: z.object({ class: z.string(), type: z.enum(['in', 'out']) }),
    // The names of fields are Latin here: Modelina drops all other letters of theirs.
    订单: z.object({ lines: z.array(z.object({ pieces: z.int() })) }),
  }
  document = asyncApiDocument([...kinds.values(), { name: 'shop-1', version: 1, events, emits: events }], '3.0.0')
}, 240_000)
afterAll(() => rm(folder, { recursive: true }))

/** Writes one file per type, and returns the folder and the names. */
async function write(models: readonly Model[], language: string, head = ''): Promise<{ out: string; names: string[] }> {
  const out = join(folder, language)
  await mkdir(out, { recursive: true })
  const names = models.map(({ modelName }) => modelName).filter((name) => name !== '')
  for (const { modelName, result } of models)
    if (modelName !== '') await writeFile(join(out, `${modelName}.${language}`), `${head}${result}`)
  expect(names).toEqual(expect.arrayContaining(['SupportMessageReceivedInput', 'SupportMessageSentEvent', 'Shop1AbInput', 'Shop1AbInput2']))
  expect(names.filter((name) => /anonymous/i.test(name))).toEqual([])
  return { out, names }
}

describe('types that Modelina generates have names and compile', { timeout: 120_000 }, () => {
  test('in TypeScript', async (context) => {
    if (modelina === undefined) return context.skip('Modelina cannot be installed here')
    const { out } = await write(await new modelina.TypeScriptGenerator().generateCompleteModels(document, { exportType: 'named' }), 'ts')
    const options = {
      noEmit: true,
      strict: true,
      skipLibCheck: true,
      types: [],
      target: 'es2022',
      module: 'esnext',
      moduleResolution: 'bundler',
    }
    await writeFile(join(out, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }))
    const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
    await run(process.execPath, [tsc, '-p', out]).catch((error: unknown) => {
      throw new Error(String(error instanceof Error && 'stdout' in error ? error.stdout : error), { cause: error })
    })
  })

  test('in Python', async (context) => {
    if (modelina === undefined) return context.skip('Modelina cannot be installed here')
    if (!(await hasCommand('python3', '--version'))) return context.skip('there is no python3 here')
    const { out } = await write(await new modelina.PythonGenerator().generate(document), 'py', 'from __future__ import annotations\n')
    await run('python3', ['-m', 'compileall', '-q', out])
  })

  test('in Go', async (context) => {
    if (modelina === undefined) return context.skip('Modelina cannot be installed here')
    if (!(await hasCommand('go', 'version'))) return context.skip('there is no go here')
    const { out } = await write(await new modelina.GoGenerator().generateCompleteModels(document, { packageName: 'colloquy' }), 'go')
    await writeFile(join(out, 'go.mod'), 'module colloquy\n\ngo 1.20\n')
    await run('go', ['vet', './...'], { cwd: out, env: { ...process.env, GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' } })
  })

  test('in Java', async (context) => {
    if (modelina === undefined) return context.skip('Modelina cannot be installed here')
    if (!(await hasCommand('javac', '-version'))) return context.skip('there is no javac here')
    const { out } = await write(await new modelina.JavaGenerator().generateCompleteModels(document, { packageName: 'colloquy' }), 'java')
    const files = (await readdir(out)).filter((file) => file.endsWith('.java')).map((file) => join(out, file))
    await run('javac', ['-d', join(out, 'classes'), ...files])
  })
})
