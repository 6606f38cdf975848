import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Kinds } from '../../../actors/definition/define-kind.ts'
import { describe as describeKind } from '../../../actors/definition/describe-machine.ts'
import { mermaid } from '../../../actors/definition/mermaid.ts'
import { sourceKind } from '../../../actors/kinds/source/kind.ts'
import { loadKinds } from '../../../infra/app/load-kinds.ts'
import { loadSettings } from '../../../infra/settings.ts'
import { codeOf, messageOf } from '../../../schemas/errors.ts'
import { parallelKind } from '../../support/parallel-kind.ts'
import { settingsFor, temporaryFolder } from '../../support/test-system.ts'

let folder: string
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => rm(folder, { recursive: true }))

const own = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../..', path)).href)
const imports = `import { defineKind } from ${own('actors/definition/define-kind.ts')}
import { createMachine } from ${own('node_modules/xstate/dist/xstate.esm.js')}
import { z } from ${own('node_modules/zod/index.js')}
const kind = (machine) =>
  defineKind({ name: 'one', version: 1, context: z.object({}), events: {}, emits: {}, tasks: {} }).with(createMachine(machine))
`

test.each([
  [
    'throws',
    'export const a = 1\n\nthrow new Error("out of luck")',
    'bad_config',
    /throws\.ts cannot be loaded, at .*throws\.ts:3:7: out of luck/,
  ],
  ['is-no-code', 'export default [', 'bad_config', /is-no-code\.ts cannot be loaded/],
  [
    'exports-nothing',
    'export const kinds = []',
    'bad_config',
    /exports-nothing\.ts does not export kinds \(default: .*write "export default \[kind, …\]"/,
  ],
  ['exports-no-kinds', 'export default [{}]', 'bad_config', /default\.0: must be a kind: the result of defineKind/],
  [
    'has-two-of-one-name',
    `${imports}export default [kind({}), kind({})]`,
    'bad_kind',
    /has-two-of-one-name\.ts cannot be loaded: two kinds have the name "one"/,
  ],
  [
    'lacks-the-kind-of-a-child',
    `${imports}const one = kind({})
const two = defineKind({ name: 'two', version: 1, context: z.object({}), events: {}, emits: {}, tasks: {}, children: { one } })
export default [two.with(createMachine({}))]`,
    'bad_kind',
    /kind "two" has the child "one" of one@1, which is not there; export the same kind beside it/,
  ],
  [
    'has-a-bad-kind',
    `${imports}export default [kind({ invoke: { id: 'x', src: 'y' } })]`,
    'unknown_source',
    new RegExp(
      'has-a-bad-kind\\.ts cannot be loaded, at .*has-a-bad-kind\\.ts:\\d+:\\d+: kind "one" has an invalid machine'
        + '[^]*no_on_error: \\(root\\), invoke "x"',
    ),
  ],
])('a config that %s gets an error with its file and line', async (name, text, code, says) => {
  const file = join(folder, `${name}.ts`)
  await writeFile(file, text)
  const { settings } = loadSettings({}, settingsFor(folder, { CONFIG: file }))
  const error: unknown = await loadKinds(settings).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect([codeOf(error), messageOf(error)]).toEqual([code, expect.stringMatching(says)])
})

test('a config whose import never ends gets an error that names it', async () => {
  const file = join(folder, 'hangs.ts')
  await writeFile(file, 'await new Promise(() => undefined)\nexport default []')
  const { settings } = loadSettings({}, settingsFor(folder, { CONFIG: file }))
  await expect(loadKinds(settings, 200)).rejects.toMatchObject({
    code: 'config_hangs',
    message: expect.stringMatching(/^importing .*hangs\.ts took longer than 0\.2 s/) as string,
  })
})

test('the kinds of what tenants set and teach are added to any config that has none of that name', async () => {
  const named = async (file: string, name: string): Promise<Kinds> => {
    await writeFile(join(folder, file), `${imports.replace("'one'", `'${name}'`)}export default [kind({})]`)
    return loadKinds(loadSettings({}, settingsFor(folder, { CONFIG: join(folder, file) })).settings)
  }
  const always = ['source', 'tenant', 'intents', 'intent', 'prompt', 'hook', 'schedule', 'canary']
  expect([...(await named('plain.ts', 'one')).keys()]).toEqual(['one', ...always])
  const own = await named('own.ts', 'source')
  expect([...own.keys()]).toEqual(always)
  expect(own.get('source')).not.toBe(sourceKind)
})

test('a diagram has every state once, every transition, and escapes any name', () => {
  const diagram = mermaid('rig', describeKind(parallelKind).machine)
  expect(diagram.match(/^ *state "/gm)).toHaveLength(24)
  expect(diagram).toContain('state "whollyAgain (H*)" as')
  expect(diagram.match(/^ +--$/gm)).toHaveLength(2)
  expect(diagram).toMatch(/s\d+ --> s\d+ : after 10000 \/ assign, emit \(again\)/)
  const escaped = mermaid('a"b: {', { id: 'x', type: 'atomic', on: { 'e;\n-->': [{ target: ['x'], guard: '<script>' }] } })
  expect(escaped).toBe(`stateDiagram-v2
  [*] --> s0
  state "a#34;b#58; #123;" as s0
  s0 --> s0 : e#59;#10;--#62; [#60;script#62;]
`)
})
