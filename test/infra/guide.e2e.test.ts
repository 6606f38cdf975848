import { execFile } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOf, type Walk, walkIn } from '../support/guide-blocks.ts'
import { environmentIn, installPacked } from '../support/packed-package.ts'
import { temporaryFolder } from '../support/test-system.ts'

const GUIDE = new URL('../../docs/guide.md', import.meta.url)
const SETTINGS = {
  COLLOQUY_NATS_PORT: '0',
  COLLOQUY_CLICKHOUSE_PORT: '0',
  COLLOQUY_HTTP_PORT: '0',
  COLLOQUY_STORAGE_BYTES_MAX: String(1024 ** 3),
}

let project: string
let walk: Walk

beforeAll(async () => {
  project = await temporaryFolder()
  await installPacked(project)
  await writeFile(join(project, 'package.json'), '{ "type": "module" }')
  walk = walkIn(project, SETTINGS)
})
afterAll(async () => {
  await walk.stop()
  await rm(project, { recursive: true, force: true })
})

const run = (command: string, ...args: string[]) => promisify(execFile)(command, args, { cwd: project, env: environmentIn(project) })

describe('Colloquy as a package', () => {
  test('is what npx finds, compiled, with its version', async () => {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
    expect((await run('npx', 'colloquy', '--version')).stdout.trim()).toBe(version)
  })

  test('brings the built-in kinds, with what they know, to a config of a project', async () => {
    const config = [
      "import { createInterest, createReminder, createSupport, loadArticles, loadCatalogue } from 'colloquy/kinds'",
      'export default [createReminder(), createInterest(loadCatalogue()), createSupport({ articles: loadArticles() })]',
    ]
    await writeFile(join(project, 'built-in.config.ts'), config.join('\n'))
    const { stdout } = await run('npx', 'colloquy', 'asyncapi', '--config', 'built-in.config.ts')
    for (const kind of ['support', 'reminder', 'interest']) expect(stdout).toContain(`.${kind}.`)
    await rm(join(project, 'built-in.config.ts'))
  })
})

test('every command of the guide works, and prints what the guide says', { timeout: 300_000 }, async () => {
  const blocks = blocksOf(await readFile(GUIDE, 'utf8'))
  expect(blocks.length).toBeGreaterThan(20)
  for (const block of blocks) await walk.follow(block)
})

test('tsc refuses an event, a field of emitted data and a task that the kind does not have', async () => {
  const source = await readFile(join(project, 'refund.ts'), 'utf8')
  const mistakes = [
    ["'refund.asked': [", "'refund.askd': ["],
    ['{ order: context.order, receipt }', '{ order: context.order, receit: receipt }'],
    ["src: 'pay'", "src: 'pays'"],
  ] as const
  for (const [right, wrong] of mistakes) {
    expect(source).toContain(right)
    await writeFile(join(project, 'refund.ts'), source.replace(right, wrong))
    await expect(run('tsc'), wrong).rejects.toMatchObject({ stdout: expect.stringContaining('refund.ts(') as string })
  }
})
